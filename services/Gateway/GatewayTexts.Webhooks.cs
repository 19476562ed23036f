namespace Paas.Gateway;

/// <summary>Deliveries: why they were refused, ignored or taken.</summary>
internal static partial class GatewayTexts
{
    public static string NotVerifiedTitle() => "The delivery is not verified";
    public static string TooManyFailuresTitle() => "Too many refused deliveries";

    public static string TooManyFailures() =>
        "Too many deliveries from this address were refused in the last minute. Correct the webhook's settings at the git host, and have it deliver again after a minute.";

    public static string HostNotSupported(string host) =>
        $"The delivery comes from {host}, which is not supported yet; only GitHub is. Deploy the app by hand instead.";

    public static string HeaderMissing(string header) => $"The header {header} is missing. GitHub sends it with every delivery; send it, and see that no proxy takes it away.";
    public static string HeaderMalformed(string header) => $"The header {header} is not one GitHub would send. Have the delivery sent by GitHub.";

    public static string SignatureMissing() =>
        "The delivery is not signed: X-Hub-Signature-256 is missing. Enter the app's webhook secret in the webhook's settings on GitHub.";

    public static string SignatureMalformed() =>
        "X-Hub-Signature-256 is not a signature: it has to be 'sha256=' and 64 hex digits. Enter the app's webhook secret in the webhook's settings on GitHub.";

    public static string SignatureWrong(string app) =>
        $"The delivery is not signed with the webhook secret of the app {app}. Enter that secret in the webhook's settings on GitHub, or give the app a new one.";

    public static string SecretLost(string app) =>
        $"The webhook secret of the app {app} cannot be opened with the platform's keys, so nothing can be verified. Give the app a new one.";

    public static string DeliveryMediaType(string type) => $"The body is '{Shorten(type)}'. Choose application/json as content type in the webhook's settings on GitHub.";
    public static string DeliveryTooLarge(int max) =>
        $"The delivery is larger than {max >> 20} MB, the limit for webhooks. Deploy the branch by hand instead.";

    public static string DeliveryTooSlow(TimeSpan time) => $"The delivery did not come in within {time.TotalSeconds:0} seconds. Have it delivered again.";
    public static string PayloadMalformed(long? line, long? position) => $"The payload is not a JSON object, or nested too deeply{At(line, position)}. Have it delivered again by GitHub.";
    public static string TooManyRepositoryUrls() =>
        "The payload names the repository's addresses again and again, which GitHub does not. Have it delivered again by GitHub.";

    public static string FormMalformed() => "The form has no well-formed field 'payload', or two of them. Choose application/json as content type in the webhook's settings on GitHub.";

    public static string WebhookOfUnknownApp(string name) =>
        $"There is no app '{Shorten(name)}' to deliver to. Correct the webhook's URL on GitHub to end with an app's name, or with /webhooks/github.";

    public static string DeliveryWithoutRepository() =>
        "The payload names no repository, so it cannot be told which app it is for. Let the webhook's URL on GitHub end with the app's name: /webhooks/github/<app>.";

    public static string RepositoryUnknown(string repository) =>
        $"No app is made from the repository '{Shorten(repository)}'. Create one, or correct the repository of the app.";

    public static string PushWithoutRef() => "The push names no ref. Have it delivered again by GitHub.";
    public static string PushWithoutCommit() => "The push names no commit: 'after' has to be a SHA. Have it delivered again by GitHub.";

    public static string Ping(string? zen) => $"GitHub asks whether somebody is here: yes, and the secret fits.{(string.IsNullOrEmpty(zen) ? "" : $" ({Shorten(zen)})")}";
    public static string EventNotDeployed(string @event) => $"Only pushes are deployed, and this is the event '{@event}'.";
    public static string RefDeleted(string reference) => $"{Shorten(reference)} was deleted: there is nothing to deploy.";
    public static string TagNotDeployed(string tag) => $"{Shorten(tag)} is a tag; only branches are deployed when they are pushed to.";
    public static string RefIsNoBranch(string reference) => $"'{Shorten(reference)}' is not a branch that could be deployed.";
    public static string SameBody(string? first) => $"The same body has come before, as the delivery {Shorten(first ?? "?")}.";
    public static string SkipAsked(string marker, string app) =>
        $"The newest commit says {Shorten(marker)}, so the push is not deployed. 'paas deploy {app}' deploys it, and 'paas apps update {app} --skip-ci off' all that follow.";
    public static string NothingWatched(IEnumerable<string> patterns, string app) =>
        $"The push changes none of the paths that {app} watches ({Shorten(string.Join(", ", patterns))}), so it is not deployed. 'paas deploy {app}' deploys it.";
    public static string PushPending() => "Verified; whether it is deployed is about to be decided.";
}
