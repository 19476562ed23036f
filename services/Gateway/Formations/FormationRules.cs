using Paas.Contracts;
using Paas.Gateway.Http;

namespace Paas.Gateway.Formations;

internal static class FormationRules
{
    /// <summary>As many process types as a manifest may name.</summary>
    public const int MaxProcessTypes = 20;

    /// <summary>For an app that was never deployed: which process types it will have is not known yet, only what they may be called.</summary>
    public static void CheckName(string process)
    {
        if (process == "release" || ProcessName.Of(process) != process)
            throw ProblemException.Invalid(GatewayTexts.Shorten(process), GatewayTexts.ProcessTypeMalformed(process));
    }

    public static void CheckInstances(string process, int instances, int max)
    {
        if (instances < 0 || instances > max)
            throw ProblemException.Invalid(GatewayTexts.Shorten(process), GatewayTexts.ScaleOutOfRange(process, instances, max));
    }
}
