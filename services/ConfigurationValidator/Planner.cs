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
        var repository = await ReadAsync("");
        var folder = RepositoryPath.Clean(command.Root ?? "");
        if (folder is null || !repository.HasFolder(folder))
            throw new StepFailedException(FailureReason.ManifestInvalid, ConfigurationValidatorTexts.RootMissing(command.Root!));
        var source = folder.Length == 0 ? repository : await ReadAsync(folder);
        // Where the app's folder has no manifest of its own, the repository's is for all its apps.
        var (manifest, errors) = ManifestFile.Read(ManifestFile.IsIn(source) ? source : repository, log);
        if (manifest.File is not null)
            log.Heading(ConfigurationValidatorTexts.ReadingManifest(manifest.File));
        if (manifest.Root is { Value.Length: > 0 } root)
        {
            if (folder.Length > 0)
                log.Detail(ConfigurationValidatorTexts.RootOverruled(manifest.File!, folder));
            else if (repository.HasFolder(root.Value))
                source = await ReadAsync(folder = root.Value);
            else
                errors.Add(root.At, ConfigurationValidatorTexts.FolderMissing("root", root.Value));
        }

        var procfile = source;
        // Only a Dockerfile can be outside of what is built.
        if (manifest.Context is { Value.Length: > 0 } context && source.HasFolder(context.Value) && !IsDocker(manifest, source, command.Target))
        {
            folder = Join(folder, context.Value);
            source = await ReadAsync(folder);
            procfile = source.HasFile(Procfile.Name) ? source : procfile;
            manifest = manifest with { Context = null };
        }

        return MakePlan(source, manifest, errors, procfile, folder, command, log);

        async Task<SourceFiles> ReadAsync(string of)
        {
            await using var archive = await artifacts.OpenAsync(command.SourceDigest, cancellation);
            return await SourceFiles.ReadAsync(archive, of, cancellation);
        }
    }

    private static bool IsDocker(Manifest manifest, SourceFiles source, string target) =>
        StatedRuntime(manifest) is { } stated
            ? stated.Value == RuntimeName.Docker
            : target != Target.Local && (source.HasFile(RuntimeDetector.Dockerfile) || source.HasFile($"{manifest.Context!.Value}/{RuntimeDetector.Dockerfile}"));

    private static string Join(string folder, string path) => folder.Length == 0 ? path : path.Length == 0 ? folder : $"{folder}/{path}";

    private static Plan MakePlan(
        SourceFiles source, Manifest manifest, SourceErrors errors, SourceFiles procfileSource, string folder, ValidateConfiguration command, IStepLog log)
    {
        var stated = StatedRuntime(manifest);
        var procfile = stated?.Value == RuntimeName.Static ? Procfile.Empty : Procfile.Read(procfileSource);
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
        var detected = stated is not null ? null
            : manifest.Context is { Value.Length: > 0 } && IsDocker(manifest, source, command.Target) ? new DetectedRuntime(RuntimeName.Docker, RuntimeDetector.Dockerfile)
            : RuntimeDetector.Detect(source, command.Target, hasCommand);
        var found = stated?.Value ?? detected!.Runtime;
        var runtime = TargetRules.Replace(found, command.Target, hasCommand, detected, log);
        if (stated is null)
        {
            ManifestRules.CheckRuntime(manifest, runtime, errors);
            errors.ThrowIfAny();
        }

        LockFiles.Check(source, runtime, command.Target, log);
        var build = PlanBuild(manifest, runtime, source, hasCommand, stated?.At, errors, log);
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
        build = build with
        {
            Context = Join(folder, build.Context ?? "") is { Length: > 0 } whole ? whole : null,
            Dockerfile = build.Dockerfile is { } dockerfile ? Join(folder, dockerfile) : null,
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
        Manifest manifest, string runtime, SourceFiles source, bool hasCommand, Position? at, SourceErrors errors, IStepLog log)
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
                return Choose(PythonApp.Version(source));
            case RuntimeName.Node:
                return Choose(NodeApp.Version(source));
            case RuntimeName.Php:
                return Choose(PhpApp.Version(source));
            case RuntimeName.Go:
                return plan with { RuntimeVersion = plan.RuntimeVersion ?? VersionFiles.FromGoModule(source) };
            case RuntimeName.Process:
                return plan with { RuntimeVersion = null };
            default:
                return plan;
        }

        BuildPlan Choose(AskedVersion? asked)
        {
            if (plan.RuntimeVersion is not null)
                return plan;
            var chosen = RuntimeVersions.Choose(runtime, asked, log);
            return plan with { RuntimeVersion = chosen.Version, RuntimeRange = chosen.Range };
        }
    }
}
