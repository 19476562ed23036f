using System.Text.RegularExpressions;
using Paas.Contracts.Api;
using Paas.Gateway.Http;
using Paas.Hosting.Source;
using Paas.Persistence.Entities;

namespace Paas.Gateway.Webhooks;

/// <summary>What is clear about a verified delivery at first sight. Whether a branch is deployed is decided later.</summary>
internal static partial class PushRules
{
    private const string Branches = "refs/heads/";

    /// <exception cref="ProblemException">It says it is a push, and is none.</exception>
    public static (string Decision, string Reason) Decide(string @event, PushPayload payload)
    {
        if (@event == "ping")
            return (DeliveryDecisions.Ignored, GatewayTexts.Ping(payload.Zen));
        if (@event != "push")
            return (DeliveryDecisions.Ignored, GatewayTexts.EventNotDeployed(@event));
        if (payload.Ref is not { Length: > 0 } reference)
            throw ProblemException.Malformed(GatewayTexts.PushWithoutRef());
        if (payload.After is null || !CommitPattern().IsMatch(payload.After))
            throw ProblemException.Malformed(GatewayTexts.PushWithoutCommit());
        if (payload.Deleted || payload.After.All(digit => digit == '0'))
            return (DeliveryDecisions.Ignored, GatewayTexts.RefDeleted(reference));
        if (reference.StartsWith("refs/tags/", StringComparison.Ordinal))
            return (DeliveryDecisions.Ignored, GatewayTexts.TagNotDeployed(reference["refs/tags/".Length..]));
        if (!reference.StartsWith(Branches, StringComparison.Ordinal) || !RefName.IsValid(reference) || !RefName.IsValid(reference[Branches.Length..]))
            return (DeliveryDecisions.Ignored, GatewayTexts.RefIsNoBranch(reference));
        return (DeliveryDecisions.Pending, GatewayTexts.PushPending());
    }

    /// <returns>Why the app does not want the push to be deployed; null if it does.</returns>
    public static string? ReasonToSkip(PushPayload payload, App app)
    {
        if (app.SkipCi && payload.SkipMarker is { } marker)
            return GatewayTexts.SkipAsked(marker, app.Name);
        if (app.WatchPaths is not { Count: > 0 } patterns || payload.ChangedPaths is not { } changed)
            return null;
        var watched = new WatchedPaths(patterns);
        return changed.Any(watched.Watches) ? null : GatewayTexts.NothingWatched(patterns, app.Name);
    }

    [GeneratedRegex(@"^([0-9a-f]{40}|[0-9a-f]{64})\z")]
    private static partial Regex CommitPattern();
}
