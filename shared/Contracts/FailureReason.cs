namespace Paas.Contracts;

/// <summary>
/// Why a deployment failed or faulted, for programs: stable words, next to the sentence for people.
/// </summary>
public static class FailureReason
{
    // DownloadCode
    public const string RepositoryUrlRefused = nameof(RepositoryUrlRefused);
    public const string RepositoryNotFound = nameof(RepositoryNotFound);
    public const string RepositoryNeedsCredentials = nameof(RepositoryNeedsCredentials);
    public const string RepositoryEmpty = nameof(RepositoryEmpty);
    public const string RefNotFound = nameof(RefNotFound);
    public const string CommitNotFound = nameof(CommitNotFound);
    public const string SourceTooLarge = nameof(SourceTooLarge);
    public const string SourceRefused = nameof(SourceRefused);

    // ValidateConfiguration
    public const string ManifestInvalid = nameof(ManifestInvalid);
    public const string RuntimeUnknown = nameof(RuntimeUnknown);
    public const string RuntimeNotDetected = nameof(RuntimeNotDetected);
    public const string NotSupportedByTarget = nameof(NotSupportedByTarget);

    // BuildImage, PublishImage
    public const string BuildFailed = nameof(BuildFailed);
    public const string BuildTimedOut = nameof(BuildTimedOut);
    public const string RuntimeNotInstalled = nameof(RuntimeNotInstalled);
    public const string ImageTooLarge = nameof(ImageTooLarge);

    // DeployRelease, ResolveUrl
    public const string ReleaseCommandFailed = nameof(ReleaseCommandFailed);
    public const string AppExited = nameof(AppExited);
    public const string AppNotListening = nameof(AppNotListening);
    public const string AppListensElsewhere = nameof(AppListensElsewhere);
    public const string HealthCheckFailed = nameof(HealthCheckFailed);
    public const string QuotaExceeded = nameof(QuotaExceeded);
    public const string ReleaseOutdated = nameof(ReleaseOutdated);
    public const string UrlNotAnswering = nameof(UrlNotAnswering);

    // The platform (Faulted)
    public const string StepFaulted = nameof(StepFaulted);
    public const string DeadlineExpired = nameof(DeadlineExpired);
}
