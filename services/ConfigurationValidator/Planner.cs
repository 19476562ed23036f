using Paas.ConfigurationValidator.Manifests;
using Paas.ConfigurationValidator.Runtimes;
using Paas.ConfigurationValidator.Source;
using Paas.Contracts;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Steps;

namespace Paas.ConfigurationValidator;

/// <summary>How to build an app and how to run it.</summary>
internal sealed record Plan(BuildPlan Build, RunPlan Run);

/// <summary>
/// Reads the manifest and the Procfile, looks at the files for what they leave open, and makes the plan. Nothing of
/// the repository is run or unpacked.
/// </summary>
internal sealed class Planner(IArtifactStore artifacts)
{
    public async Task<Plan> PlanAsync(ValidateConfiguration command, IStepLog log, CancellationToken cancellation)
    {
        SourceFiles source;
        await using (var archive = await artifacts.OpenAsync(command.SourceDigest, cancellation))
            source = await SourceFiles.ReadAsync(archive, cancellation);
        cancellation.ThrowIfCancellationRequested();
        return MakePlan(source, command, log);
    }

    private static Plan MakePlan(SourceFiles source, ValidateConfiguration command, IStepLog log)
    {
        var (manifest, errors) = ManifestFile.Read(source, log);
        if (manifest.File is not null)
            log.Heading(ConfigurationValidatorTexts.ReadingManifest(manifest.File));
        var stated = StatedRuntime(manifest);
        var procfile = stated?.Value == RuntimeName.Static ? Procfile.Empty : Procfile.Read(source);
        var hasCommand = manifest.Processes.Any(process => process.Command is not null) || procfile.Processes.Count > 0;

        ManifestRules.CheckPaths(manifest, source, errors);
        TargetRules.CheckServices(manifest, command, errors);
        TargetRules.CheckVolumes(manifest, command.Target, errors);
        if (stated is not null)
        {
            ManifestRules.CheckRuntime(manifest, stated.Value, errors);
            TargetRules.CheckRuntime(stated, command.Target, hasCommand, errors);
        }

        errors.ThrowIfAny();
        var detected = stated is null ? RuntimeDetector.Detect(source, command.Target, hasCommand) : null;
        var found = stated?.Value ?? detected!.Runtime;
        var runtime = TargetRules.Replace(found, command.Target, hasCommand, detected, log);
        if (stated is null)
        {
            ManifestRules.CheckRuntime(manifest, runtime, errors);
            errors.ThrowIfAny();
        }

        var build = PlanBuild(manifest, runtime, source, hasCommand, stated?.At, errors);
        errors.ThrowIfAny();
        var processes = new ProcessPlanner(manifest, procfile, build, source, stated?.At ?? Position.Start, errors).Plan();
        errors.ThrowIfAny();
        var run = new RunPlan
        {
            Runtime = runtime,
            RuntimeVersion = build.RuntimeVersion,
            StaticRoot = build.StaticRoot,
            Processes = processes,
            Release = manifest.Release ?? procfile.Release,
            Health = manifest.Health,
            Port = manifest.Port,
            Env = manifest.Env,
            AddOns = TargetRules.AddOnsToProvide(manifest, command, log),
            Volumes = manifest.Volumes.Count > 0 ? [.. manifest.Volumes.Select(volume => volume.Value)] : null,
        };
        PlanLog.Write(log, manifest, procfile, detected, build, run, command.Target, source);
        return new(build, run);
    }

    /// <summary>The runtime the manifest names, or means by a key that only one runtime has.</summary>
    private static Placed<string>? StatedRuntime(Manifest manifest)
    {
        if (manifest.Runtime is not null)
            return manifest.Runtime;
        if ((manifest.Dockerfile?.At ?? manifest.BuildArgs?.At ?? manifest.DockerTarget?.At) is { } docker)
            return new(RuntimeName.Docker, docker);
        return manifest.StaticRoot is { } root && manifest.Processes.All(process => process.Command is null)
            ? new(RuntimeName.Static, root.At)
            : null;
    }

    private static BuildPlan PlanBuild(
        Manifest manifest, string runtime, SourceFiles source, bool hasCommand, Position? at, SourceErrors errors)
    {
        var context = manifest.Context?.Value is { Length: > 0 } folder ? folder : null;
        var plan = new BuildPlan { Runtime = runtime, RuntimeVersion = manifest.RuntimeVersion, Context = context, Command = manifest.BuildCommand };
        switch (runtime)
        {
            case RuntimeName.Docker:
                var besideContext = context is null ? null : $"{context}/{RuntimeDetector.Dockerfile}";
                var dockerfile = manifest.Dockerfile?.Value
                    ?? (besideContext is not null && source.HasFile(besideContext) ? besideContext : RuntimeDetector.Dockerfile);
                if (manifest.Dockerfile is null && !source.HasFile(dockerfile))
                    errors.Add(at ?? Position.Start, ConfigurationValidatorTexts.DockerfileMissing);
                return plan with
                {
                    Dockerfile = dockerfile,
                    Args = manifest.BuildArgs?.Value ?? plan.Args,
                    DockerTarget = manifest.DockerTarget?.Value,
                };
            case RuntimeName.Static:
                var root = manifest.StaticRoot?.Value ?? RuntimeDetector.StaticFolder(source);
                if (root is null && manifest.BuildCommand is null)
                    errors.Add(at ?? Position.Start, ConfigurationValidatorTexts.StaticSiteMissing);
                return plan with { StaticRoot = root is { Length: > 0 } ? root : null };
            case RuntimeName.DotNet:
                var (project, candidates) = DotNetApp.Choose(source, context ?? "");
                // Which project to publish has to be known even where the manifest says what to start.
                if (project is null && (candidates.Count > 0 || !hasCommand))
                    throw new StepFailedException(FailureReason.RuntimeNotDetected, ConfigurationValidatorTexts.DotNetProjectUnclear(candidates));
                return plan with { RuntimeVersion = plan.RuntimeVersion ?? DotNetApp.Version(source, project, context ?? "") };
            case RuntimeName.Python:
                return plan with { RuntimeVersion = plan.RuntimeVersion ?? PythonApp.Version(source) };
            case RuntimeName.Node:
                return plan with { RuntimeVersion = plan.RuntimeVersion ?? NodeApp.Version(source) };
            case RuntimeName.Go:
                return plan with { RuntimeVersion = plan.RuntimeVersion ?? VersionFiles.FromGoModule(source) };
            case RuntimeName.Process:
                return plan with { RuntimeVersion = null };
            default:
                return plan;
        }
    }
}
