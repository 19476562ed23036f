using Paas.ConfigurationValidator.Manifests;
using Paas.ConfigurationValidator.Runtimes;
using Paas.ConfigurationValidator.Source;
using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.ConfigurationValidator;

/// <summary>Tells the developer what was found, and what of it counts.</summary>
internal static class PlanLog
{
    public static void Write(
        IStepLog log, Manifest manifest, Procfile procfile, DetectedRuntime? detected, BuildPlan build, RunPlan run, string target, SourceFiles source)
    {
        log.Heading(detected is { Because.Length: > 0 }
            ? ConfigurationValidatorTexts.RuntimeDetected(run.Runtime, run.RuntimeVersion, detected.Because)
            : ConfigurationValidatorTexts.RuntimeStated(run.Runtime, run.RuntimeVersion));
        if (build.Context is not null)
            log.Detail(ConfigurationValidatorTexts.Context(build.Context));
        if (target == Target.Local && source.HasFile(RuntimeDetector.Dockerfile))
            log.Detail(ConfigurationValidatorTexts.DockerfileUnused(target));

        if (PythonApp.HasOnlyPipfile(source) && run.Runtime == RuntimeName.Python)
            log.Warning(ConfigurationValidatorTexts.PipfileUnused);

        log.Heading(ConfigurationValidatorTexts.ProcessTypes(manifest.Processes.Count > 0 ? manifest.File! : procfile.Processes.Count > 0 ? Procfile.Name : null));
        foreach (var process in run.Processes)
            log.Detail(ConfigurationValidatorTexts.Process(process, run.StaticRoot));
        if (run.Release is not null)
            log.Detail(ConfigurationValidatorTexts.Release(run.Release));
        if (manifest.Processes.Count > 0 && procfile.Processes.Any(process => run.Processes.All(other => other.Name != process.Name)))
            log.Warning(ConfigurationValidatorTexts.ProcfileOverruled(manifest.File!));
        if (run.Runtime == RuntimeName.Static && source.HasFile(Procfile.Name))
            log.Warning(ConfigurationValidatorTexts.ProcfileUnused);
        if (run.Processes.All(process => process.Name != ProcessType.Web))
            log.Detail(ConfigurationValidatorTexts.NoWeb);
        foreach (var addOn in run.AddOns)
            log.Detail(ConfigurationValidatorTexts.Service(addOn));
        foreach (var volume in run.Volumes ?? [])
            log.Detail(ConfigurationValidatorTexts.Volume(volume));
    }
}
