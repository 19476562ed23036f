namespace Paas.Hosting.Source;

/// <summary>What a developer is told about a repository's URL or a ref that cannot be used.</summary>
public static class SourceTexts
{
    private const string Example = "such as https://github.com/acme/shop";

    public static string UrlMissing() => $"The repository has no URL. Give its https URL, {Example}.";

    public static string UrlTooLong() => $"The repository's URL is too long. Give its https URL, {Example}.";

    public static string UrlCharacters() =>
        "The repository's URL contains spaces, control characters or characters that a URL has to escape. "
        + $"Give its https URL, {Example}.";

    public static string UrlScheme(string scheme) =>
        $"Repositories are fetched over https or http, not over '{scheme}'. Give the repository's https URL, {Example}.";

    public static string UrlIsSsh(string host, string path) =>
        $"Repositories are fetched over https or http, not over ssh. Give https://{host}/{path} instead.";

    public static string UrlNotUnderstood() => $"This is not the URL of a repository. Give its https URL, {Example}.";

    public static string UrlHasCredentials() =>
        "The repository's URL contains a user name or a password. Leave them out of the URL; "
        + "for a private repository give the app a repository token.";

    public static string UrlHasQuery() =>
        $"The repository's URL has a query or a fragment (? or #). Give the URL without it, {Example}.";

    public static string UrlPath() =>
        $"The repository's URL has no path, or one with '.', '..' or empty parts. Give its full URL, {Example}.";

    public static string FileNotAllowed() =>
        "Repositories on the platform's own machine (file://) are switched off. "
        + "Give an https URL, or ask the operator to set Source__AllowFile=true.";

    public static string FileHost() =>
        "A repository on the platform's own machine is given with three slashes and its full path: file:///srv/git/shop.";

    public static string HostNotAllowed(string scheme, string host, IEnumerable<string> allowed) =>
        $"Repositories on {scheme}://{host} may not be deployed; allowed: {string.Join(", ", allowed)}, over https where no scheme is given. "
        + "Use one of these, or ask the operator to add the host to Source__AllowedHosts.";

    public static string RefMalformed(string reference) =>
        $"'{Shorten(reference)}' is not a name git allows for a branch or tag. Give a branch, a tag or a full ref, such as main, v1.2 or refs/heads/main.";

    private static string Shorten(string text) =>
        string.Concat(text.Take(80).Select(character => char.IsControl(character) ? '?' : character)) + (text.Length > 80 ? "…" : "");
}
