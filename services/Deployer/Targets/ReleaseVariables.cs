using System.Globalization;
using Paas.Contracts;

namespace Paas.Deployer.Targets;

/// <summary>The variables every process of a release gets, on every target.</summary>
internal static class ReleaseVariables
{
    /// <summary>What the manifest says, then the config vars, and last what only the platform can know.</summary>
    public static Dictionary<string, string> Of(
        string app, int release, string? commit, RunPlan run, IReadOnlyDictionary<string, string> configVars, int? port)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in run.Env.Concat(configVars))
            variables[name] = value;
        variables["PAAS_APP"] = app;
        variables["PAAS_RELEASE"] = "v" + release.ToString(CultureInfo.InvariantCulture);
        variables["PAAS_COMMIT_SHA"] = commit ?? "";
        if (port is { } number)
            variables["PORT"] = number.ToString(CultureInfo.InvariantCulture);
        return variables;
    }
}
