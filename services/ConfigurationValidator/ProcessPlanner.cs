using Paas.ConfigurationValidator.Manifests;
using Paas.ConfigurationValidator.Runtimes;
using Paas.ConfigurationValidator.Source;
using Paas.Contracts;

namespace Paas.ConfigurationValidator;

/// <summary>The process types: the manifest's, else the Procfile's, else the one the runtime starts by itself.</summary>
internal sealed class ProcessPlanner(
    Manifest manifest, Procfile procfile, BuildPlan build, SourceFiles source, Position runtimeAt, SourceErrors errors)
{
    public IReadOnlyList<ProcessType> Plan()
    {
        if (manifest.Processes.Count > 0)
            return [.. manifest.Processes.Select(FromManifest)];
        if (procfile.Processes.Count > 0)
            return [.. procfile.Processes.Select(process => new ProcessType { Name = process.Name, WrittenAs = WrittenAs(process), Command = process.Command })];
        return [new() { Name = ProcessType.Web, Command = DefaultCommand(runtimeAt) }];
    }

    private ProcessType FromManifest(ManifestProcess process)
    {
        var command = process.Command ?? procfile.Processes.FirstOrDefault(other => other.Name == process.Name)?.Command;
        if (command is null && process.Name == ProcessType.Web)
            command = DefaultCommand(process.At);
        else if (command is null)
            errors.Add(process.At, ConfigurationValidatorTexts.ProcessHasNoCommand(process.Name));
        return new() { Name = process.Name, WrittenAs = WrittenAs(process), Command = command, Scale = process.Scale };
    }

    private static string? WrittenAs(ManifestProcess process) => process.Written == process.Name ? null : process.Written;

    /// <summary>Null where the image knows what to start.</summary>
    private CommandLine? DefaultCommand(Position at)
    {
        switch (build.Runtime)
        {
            case RuntimeName.Python:
                return PythonApp.WebCommand(source);
            case RuntimeName.Node:
                return NodeApp.WebCommand(source);
            case RuntimeName.DotNet:
                return DotNetApp.WebCommand(source, build.Context ?? "");
            case RuntimeName.Process:
                errors.Add(at, ConfigurationValidatorTexts.RuntimeNeedsCommand);
                return null;
            default:
                return null;
        }
    }
}
