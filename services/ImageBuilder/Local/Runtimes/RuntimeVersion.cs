using Paas.Contracts;
using Paas.Hosting.Versions;

namespace Paas.ImageBuilder.Local.Runtimes;

internal static class RuntimeVersion
{
    /// <summary>Whether a version is what the plan asks for, or within its range.</summary>
    public static bool Matches(string version, BuildPlan plan) =>
        VersionRange.IsAllowed(plan.Runtime, plan.RuntimeRange, version) ?? Matches(version, plan.RuntimeVersion);

    /// <summary>Whether <c>3.12.4</c> is the <c>3.12</c> that was asked for; nothing asked for is met by all.</summary>
    public static bool Matches(string version, string? asked) =>
        string.IsNullOrEmpty(asked)
        || version == asked
        || version.StartsWith(asked.TrimEnd('x', '*', '.') + ".", StringComparison.Ordinal);
}
