using Paas.ConfigurationValidator.Manifests;
using Paas.ConfigurationValidator.Runtimes;
using Paas.ConfigurationValidator.Source;
using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.ConfigurationValidator;

/// <summary>What the targets can't do. Only <c>local</c>, which has no containers, is short of anything.</summary>
internal static class TargetRules
{
    public static void CheckServices(Manifest manifest, ValidateConfiguration command, SourceErrors errors)
    {
        if (command.Target != Target.Local)
            return;
        foreach (var (service, at) in manifest.AddOns.Where(addOn => ConfiguredBy(addOn.Value, manifest, command) is null))
        {
            errors.Add(
                at,
                ConfigurationValidatorTexts.ServiceNotOnTarget(service.Name, command.Target, ServiceSection.VariablesOf(service.Name)),
                FailureReason.NotSupportedByTarget);
        }
    }

    public static void CheckVolumes(Manifest manifest, string target, SourceErrors errors)
    {
        if (target == Target.Local && manifest.Volumes.Count > 0)
            errors.Add(manifest.Volumes[0].At, ConfigurationValidatorTexts.VolumesNotOnTarget(target), FailureReason.NotSupportedByTarget);
    }

    public static void CheckRuntime(Placed<string> runtime, string target, bool hasCommand, SourceErrors errors)
    {
        if (target != Target.Local)
            return;
        if (runtime.Value == RuntimeName.Docker)
            errors.Add(runtime.At, ConfigurationValidatorTexts.DockerNotOnTarget(target), FailureReason.NotSupportedByTarget);
        else if (!hasCommand && runtime.Value is RuntimeName.Go or RuntimeName.Php)
            errors.Add(runtime.At, ConfigurationValidatorTexts.RuntimeNotOnTarget(runtime.Value, target), FailureReason.NotSupportedByTarget);
    }

    /// <summary>The runtime to build with: one the target can't build is left alone if it is said what to start.</summary>
    public static string Replace(string runtime, string target, bool hasCommand, DetectedRuntime? detected, IStepLog log)
    {
        if (target != Target.Local || runtime is not (RuntimeName.Go or RuntimeName.Php))
            return runtime;
        if (!hasCommand)
        {
            throw new StepFailedException(
                FailureReason.NotSupportedByTarget, ConfigurationValidatorTexts.DetectedNotOnTarget(runtime, detected!.Because, target));
        }

        log.Warning(ConfigurationValidatorTexts.RuntimeLeftAlone(runtime, target));
        return RuntimeName.Process;
    }

    /// <summary>The services the target has to provide; on <c>local</c> all are provided by hand.</summary>
    public static IReadOnlyList<AddOn> AddOnsToProvide(Manifest manifest, ValidateConfiguration command, IStepLog log)
    {
        if (command.Target != Target.Local)
            return [.. manifest.AddOns.Select(addOn => addOn.Value)];
        foreach (var addOn in manifest.AddOns)
            log.Detail(ConfigurationValidatorTexts.ServiceByHand(addOn.Value.Name, ConfiguredBy(addOn.Value, manifest, command)!));
        return [];
    }

    private static string? ConfiguredBy(AddOn addOn, Manifest manifest, ValidateConfiguration command) =>
        ServiceSection.VariablesOf(addOn.Name)
            .FirstOrDefault(name => command.ConfigVarNames.Contains(name) || manifest.Env.ContainsKey(name));
}
