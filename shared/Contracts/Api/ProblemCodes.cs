namespace Paas.Contracts.Api;

/// <summary>The <c>code</c> of a problem to which each client has a remedy in its own words.</summary>
public static class ProblemCodes
{
    public const string AppUnknown = "app-unknown";
    public const string NameTaken = "name-taken";

    /// <summary>The app has no live release.</summary>
    public const string NothingLive = "nothing-live";

    /// <summary>The app has no live release, and no log.</summary>
    public const string NothingPrinted = "nothing-printed";
    public const string DeploymentUnknown = "deployment-unknown";
    public const string ReleaseUnknown = "release-unknown";
    public const string NotFaulted = "not-faulted";
    public const string DeadMessageUnknown = "dead-message-unknown";
    public const string MessageOfDeployment = "message-of-deployment";
}
