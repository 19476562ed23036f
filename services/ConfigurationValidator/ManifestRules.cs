using Paas.ConfigurationValidator.Manifests;
using Paas.ConfigurationValidator.Source;
using Paas.Contracts;

namespace Paas.ConfigurationValidator;

/// <summary>What a manifest must not say, given the repository and the runtime.</summary>
internal static class ManifestRules
{
    /// <summary>The paths that are named have to be there.</summary>
    public static void CheckPaths(Manifest manifest, SourceFiles source, SourceErrors errors)
    {
        // What the build command makes isn't there yet.
        if (manifest.StaticRoot is { } root && manifest.BuildCommand is null && !source.HasFolder(root.Value))
            errors.Add(root.At, ConfigurationValidatorTexts.FolderMissing("static.root", root.Value));
        if (manifest.Context is { } context && !source.HasFolder(context.Value))
            errors.Add(context.At, ConfigurationValidatorTexts.FolderMissing("build.context", context.Value));
        if (manifest.Dockerfile is { } dockerfile && !source.HasFile(dockerfile.Value))
            errors.Add(dockerfile.At, ConfigurationValidatorTexts.FileMissing("build.dockerfile", dockerfile.Value));
    }

    /// <summary>Keys that mean nothing to the runtime are mistakes, not to be passed over.</summary>
    public static void CheckRuntime(Manifest manifest, string runtime, SourceErrors errors)
    {
        if (runtime != RuntimeName.Static && manifest.StaticRoot is { } root)
            errors.Add(root.At, ConfigurationValidatorTexts.KeyNotForRuntime("static.root", runtime, RuntimeName.Static));
        if (runtime == RuntimeName.Static)
            CheckStatic(manifest, errors);
        if (runtime == RuntimeName.Docker)
        {
            if (manifest.BuildCommand is not null)
                errors.Add(manifest.Runtime?.At ?? Position.Start, ConfigurationValidatorTexts.BuildCommandWithDocker);
            return;
        }

        if (manifest.Dockerfile is { } dockerfile)
            errors.Add(dockerfile.At, ConfigurationValidatorTexts.KeyNotForRuntime("build.dockerfile", runtime, RuntimeName.Docker));
        if (manifest.BuildArgs is { } args)
            errors.Add(args.At, ConfigurationValidatorTexts.KeyNotForRuntime("build.args", runtime, RuntimeName.Docker));
        if (manifest.DockerTarget is { } target)
            errors.Add(target.At, ConfigurationValidatorTexts.KeyNotForRuntime("build.target", runtime, RuntimeName.Docker));
    }

    private static void CheckStatic(Manifest manifest, SourceErrors errors)
    {
        foreach (var process in manifest.Processes.Where(process => process.Command is not null || process.Name != ProcessType.Web))
            errors.Add(process.At, ConfigurationValidatorTexts.StaticStartsNothing);
        if (manifest.Release is not null)
            errors.Add(manifest.Runtime?.At ?? Position.Start, ConfigurationValidatorTexts.StaticStartsNothing);
    }
}
