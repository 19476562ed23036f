namespace Paas.Cli.Platform;

/// <summary>A platform, and the token to show it.</summary>
internal sealed record PlatformAddress(Uri Url, string? Token, string FoundBy)
{
    public bool IsOnThisMachine => FoundBy == PlatformFinder.ByMachine || Url.IsLoopback;
}

/// <summary>Finds the platform that commands go to: the environment first, then <c>paas login</c>, then this machine.</summary>
internal sealed class PlatformFinder(Func<string, string?> environment)
{
    public const string ByEnvironment = "environment";
    public const string ByLogin = "login";
    public const string ByMachine = "local";

    /// <summary>As the platform itself decides it.</summary>
    public string DataDirectory { get; } = Path.GetFullPath(
        environment("Paas__DataDirectory") is { Length: > 0 } configured
            ? configured
            : Path.Combine(
                Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "paas"));

    public PlatformAddress Find()
    {
        var token = environment("PAAS_TOKEN") is { Length: > 0 } given ? given.Trim() : null;
        var credentials = new CredentialFile(environment);
        if (environment("PAAS_URL") is { Length: > 0 } url)
        {
            var named = ParseUrl(url, "PAAS_URL");
            return new PlatformAddress(named, token ?? TokenFor(named, credentials.Read()), ByEnvironment);
        }

        var stored = credentials.Read();
        if (stored.Current is { } current)
            return new PlatformAddress(ParseUrl(current, credentials.FilePath), token ?? stored.Tokens.GetValueOrDefault(current), ByLogin);
        if (LocalAccess.Read(DataDirectory) is { } local)
            return new PlatformAddress(ParseUrl(local.Url, LocalAccess.FilePath(DataDirectory)), token ?? local.Token, ByMachine);
        throw CliException.Platform(CliTexts.NoPlatform(DataDirectory));
    }

    /// <summary>The same platform, found again: after a start of the one on this machine its token is another.</summary>
    /// <returns>Null if it is not there.</returns>
    public PlatformAddress? FindAgain(PlatformAddress before)
    {
        try
        {
            var found = Find();
            return found.FoundBy == before.FoundBy && (found.FoundBy == ByMachine || found.Url == before.Url) ? found : null;
        }
        catch (CliException)
        {
            return null;
        }
    }

    /// <summary>A base URL, without a slash at its end, as credentials are stored by.</summary>
    public static Uri ParseUrl(string text, string source)
    {
        if (!Uri.TryCreate(text.Trim(), UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https")
            || url.UserInfo.Length > 0 || url.Query.Length > 0 || url.Fragment.Length > 0)
            throw CliException.Usage(CliTexts.NotAPlatformUrl(text, source));
        return new Uri(url.GetLeftPart(UriPartial.Path).TrimEnd('/'));
    }

    public static string Key(Uri url) => url.AbsoluteUri.TrimEnd('/');

    private string? TokenFor(Uri url, Credentials stored)
    {
        if (stored.Tokens.GetValueOrDefault(Key(url)) is { } token)
            return token;
        return LocalAccess.Read(DataDirectory) is { } local && Key(new Uri(local.Url)) == Key(url) ? local.Token : null;
    }
}
