using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Paas.Hosting.Source;

/// <summary>
/// The URL of a repository that git may be given. It is taken apart here and not left to git, whose URLs can name
/// programs to run.
/// </summary>
public sealed partial class RepositoryUrl
{
    private const int MaxLength = 1_000;

    private RepositoryUrl(string scheme, string host, int? port, string path)
    {
        (Scheme, Host, Port, Path) = (scheme, host, port, path);
    }

    /// <summary><c>https</c>, <c>http</c> or <c>file</c>.</summary>
    public string Scheme { get; }

    /// <summary>In lower case; empty for a file.</summary>
    public string Host { get; }

    /// <summary>Null for the usual one.</summary>
    public int? Port { get; }

    /// <summary>As it was given, with a slash in front.</summary>
    public string Path { get; }

    /// <summary>Scheme, host and port, with a slash at the end.</summary>
    public string Origin => $"{Scheme}://{HostAndPort}/";

    /// <summary>What to give to git, and to show.</summary>
    public string Value => $"{Scheme}://{HostAndPort}{Path}";

    public string HostAndPort => Port is { } port ? $"{Host}:{port}" : Host;

    public override string ToString() => Value;

    /// <returns>Why the URL is refused, for the developer; null if it may be used.</returns>
    public static string? Check(string? url, SourceOptions options) => TryParse(url, options, out _, out var error) ? null : error;

    public static bool TryParse(
        string? url, SourceOptions options, [NotNullWhen(true)] out RepositoryUrl? parsed, [NotNullWhen(false)] out string? error)
    {
        (parsed, error) = Parse(url, options);
        return parsed is not null;
    }

    /// <summary>
    /// One repository under all its addresses: <c>host/owner/name</c> in lower case, without <c>.git</c>, for http,
    /// https, ssh:// and git@host:owner/name alike, whatever the port or the user. <c>file:///path</c> keeps its case.
    /// Only for comparing: says nothing about whether the URL may be fetched from.
    /// </summary>
    /// <returns>Null if this is no URL of a repository.</returns>
    public static string? Key(string? url)
    {
        if (url is null || url.Length > MaxLength || url.Any(character => character is <= ' ' or '\x7f'))
            return null;
        if (url.StartsWith("file:///", StringComparison.OrdinalIgnoreCase))
            return "file://" + PathKey(url["file://".Length..]);
        var match = AnyUrl().Match(url);
        if (!match.Success)
            match = ScpUrl().Match(url);
        var path = PathKey(match.Groups["path"].Value).Trim('/');
        return match.Success && path.Length > 0 ? $"{match.Groups["host"].Value}/{path}".ToLowerInvariant() : null;
    }

    /// <returns>The https URL of a repository that is given with an ssh one; null for any other URL.</returns>
    public static string? HttpsFor(string url)
    {
        if (url.Length > MaxLength || url.StartsWith('-') || url.Contains("::", StringComparison.Ordinal))
            return null;
        var match = SshUrl().Match(url) is { Success: true } ssh ? ssh : ScpUrl().Match(url);
        return match.Success ? $"https://{match.Groups["host"].Value}/{match.Groups["path"].Value.TrimStart('/')}" : null;
    }

    private static string PathKey(string path)
    {
        path = Uri.UnescapeDataString(path).TrimEnd('/');
        var isSuffixed = path.EndsWith(".git", StringComparison.OrdinalIgnoreCase) && !path.EndsWith("/.git", StringComparison.Ordinal);
        return isSuffixed ? path[..^4] : path;
    }

    private static (RepositoryUrl?, string?) Parse(string? url, SourceOptions options)
    {
        if (string.IsNullOrWhiteSpace(url))
            return (null, SourceTexts.UrlMissing());
        if (url.Length > MaxLength)
            return (null, SourceTexts.UrlTooLong());
        if (Unescaped().IsMatch(url))
            return (null, SourceTexts.UrlCharacters());
        var match = SchemeAndRest().Match(url);
        if (!match.Success)
            return (null, WhatElse(url));
        var scheme = match.Groups["scheme"].Value.ToLowerInvariant();
        if (scheme is not ("https" or "http" or "file"))
            return (null, scheme is "ssh" or "git+ssh" or "ssh+git" ? WhatElse(url) : SourceTexts.UrlScheme(scheme));
        var authority = match.Groups["authority"].Value;
        var path = match.Groups["path"].Value;
        if (authority.Contains('@'))
            return (null, SourceTexts.UrlHasCredentials());
        if (path.AsSpan().IndexOfAny('?', '#') >= 0)
            return (null, SourceTexts.UrlHasQuery());
        if (path.TrimEnd('/').Length == 0 || DotParts().IsMatch(path))
            return (null, SourceTexts.UrlPath());
        return scheme == "file" ? ParseFile(authority, path, options) : ParseHttp(scheme, authority, path, options);
    }

    private static (RepositoryUrl?, string?) ParseFile(string authority, string path, SourceOptions options)
    {
        var isOwn = options.OwnRepositories is { } folder && authority.Length == 0 && Uri.UnescapeDataString(path).StartsWith(folder + "/", StringComparison.Ordinal);
        if (!options.AllowFile && !isOwn)
            return (null, SourceTexts.FileNotAllowed());
        return authority.Length > 0 ? (null, SourceTexts.FileHost()) : (new RepositoryUrl("file", "", null, path), null);
    }

    private static (RepositoryUrl?, string?) ParseHttp(string scheme, string authority, string path, SourceOptions options)
    {
        var match = HostAndPortPattern().Match(authority.ToLowerInvariant());
        if (!match.Success)
            return (null, SourceTexts.UrlNotUnderstood());
        int? port = null;
        if (match.Groups["port"] is { Success: true, Value: var digits })
        {
            port = int.Parse(digits, CultureInfo.InvariantCulture);
            if (port is < 1 or > 65535)
                return (null, SourceTexts.UrlNotUnderstood());
            if (port == (scheme == "https" ? 443 : 80))
                port = null;
        }

        var url = new RepositoryUrl(scheme, match.Groups["host"].Value, port, path);
        return options.AllowedHosts.Count > 0 && !options.AllowedHosts.Any(allowed => Allows(allowed, url))
            ? (null, SourceTexts.HostNotAllowed(url.Scheme, url.HostAndPort, options.AllowedHosts))
            : (url, null);
    }

    /// <summary>Without a scheme only https is meant: over http a token travels in clear.</summary>
    private static bool Allows(string allowed, RepositoryUrl url)
    {
        var match = SchemeAndRest().Match(allowed);
        return match.Success
            ? match.Groups["scheme"].Value.Equals(url.Scheme, StringComparison.OrdinalIgnoreCase)
                && match.Groups["authority"].Value.Equals(url.HostAndPort, StringComparison.OrdinalIgnoreCase)
            : url.Scheme == "https" && allowed.Equals(url.HostAndPort, StringComparison.OrdinalIgnoreCase);
    }

    private static string WhatElse(string url)
    {
        var ssh = SshUrl().Match(url) is { Success: true } withScheme ? withScheme : ScpUrl().Match(url);
        return ssh.Success && !url.Contains("::", StringComparison.Ordinal) && url[0] != '-'
            ? SourceTexts.UrlIsSsh(ssh.Groups["host"].Value, ssh.Groups["path"].Value.TrimStart('/'))
            : SourceTexts.UrlNotUnderstood();
    }

    // Outside of what RFC 3986 allows in a URL; escaped control characters too.
    [GeneratedRegex("[^!#$&'()*+,./0-9:;=?@A-Z\\[\\]_a-z~%-]|%(?![0-9A-Fa-f]{2})|%[01][0-9A-Fa-f]|%7[Ff]")]
    private static partial Regex Unescaped();

    [GeneratedRegex("^(?<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?<authority>[^/?#]*)(?<path>.*)$")]
    private static partial Regex SchemeAndRest();

    [GeneratedRegex(@"^(?<host>[a-z0-9]([a-z0-9_.-]{0,252}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(:(?<port>[0-9]{1,5}))?$")]
    private static partial Regex HostAndPortPattern();

    [GeneratedRegex(@"/(\.|%2[Ee]){1,2}(/|$)|//")]
    private static partial Regex DotParts();

    [GeneratedRegex("^(https?|git|ssh|git\\+ssh|ssh\\+git)://([^/@]*@)?(?<host>[^/:@\\[]+|\\[[^\\]/]+\\])(:[0-9]*)?(?<path>/[^?#]*)", RegexOptions.IgnoreCase)]
    private static partial Regex AnyUrl();

    [GeneratedRegex("^(ssh|git\\+ssh|ssh\\+git)://([^/@]*@)?(?<host>[^/:@-][^/:@]*)(:[0-9]*)?(?<path>/[^?#]*)", RegexOptions.IgnoreCase)]
    private static partial Regex SshUrl();

    [GeneratedRegex("^([^/@:]+@)?(?<host>[^/:@]+):(?!:|//)(?<path>[^?#]+)$")]
    private static partial Regex ScpUrl();
}
