namespace Paas.Contracts;

/// <summary>
/// The names of the pipeline's steps, as they stand in messages, in the database and in the API.
/// </summary>
public static class Step
{
    public const string DownloadCode = nameof(DownloadCode);
    public const string ValidateConfiguration = nameof(ValidateConfiguration);
    public const string BuildImage = nameof(BuildImage);
    public const string PublishImage = nameof(PublishImage);
    public const string DeployRelease = nameof(DeployRelease);
    public const string ResolveUrl = nameof(ResolveUrl);

    /// <summary>All steps, in the order in which a deployment goes through them.</summary>
    public static IReadOnlyList<string> InOrder { get; } =
        [DownloadCode, ValidateConfiguration, BuildImage, PublishImage, DeployRelease, ResolveUrl];
}
