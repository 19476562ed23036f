using Paas.Contracts;

namespace Paas.Persistence;

/// <summary>How an app's formation and what its manifest asks for come together.</summary>
public static class Formation
{
    /// <summary>
    /// The plan with the instances that were set for the app, and the manifest's of all other process types. Process
    /// types that are set and not in the plan are passed over: the next manifest may name them again.
    /// </summary>
    /// <param name="plan">A plan with any formation, or none.</param>
    /// <param name="formation">Instances by process type; null for none set.</param>
    public static RunPlan With(this RunPlan plan, IReadOnlyDictionary<string, int>? formation) =>
        plan with { Processes = [.. plan.Processes.Select(type => With(type, formation))] };

    private static ProcessType With(ProcessType type, IReadOnlyDictionary<string, int>? formation)
    {
        var ofManifest = type.ManifestScale ?? type.Scale;
        return formation?.TryGetValue(type.Name, out var set) == true && set != ofManifest
            ? type with { Scale = set, ManifestScale = ofManifest }
            : type with { Scale = ofManifest, ManifestScale = null };
    }
}
