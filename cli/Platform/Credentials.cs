using System.Text.Json;

namespace Paas.Cli.Platform;

/// <summary>What <c>paas login</c> stored: a token for each platform, and which platform commands go to.</summary>
internal sealed record Credentials
{
    public string? Current { get; init; }

    public IReadOnlyDictionary<string, string> Tokens { get; init; } = new Dictionary<string, string>();

    public Credentials With(string url, string token) =>
        new() { Current = url, Tokens = new Dictionary<string, string>(Tokens) { [url] = token } };

    public Credentials Without(string url) => new()
    {
        Current = Current == url ? null : Current,
        Tokens = Tokens.Where(entry => entry.Key != url).ToDictionary(),
    };
}

/// <summary><c>$XDG_CONFIG_HOME/paas/credentials.json</c>.</summary>
internal sealed class CredentialFile(Func<string, string?> environment)
{
    public string FilePath { get; } = Path.Combine(
        environment("XDG_CONFIG_HOME") is { Length: > 0 } configured && Path.IsPathRooted(configured)
            ? configured
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".config"),
        "paas", "credentials.json");

    public Credentials Read()
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(FilePath), ApiJson.Default.Credentials) ?? new Credentials();
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return new Credentials();
        }
        catch (JsonException)
        {
            throw CliException.Platform(CliTexts.CredentialsDamaged(FilePath));
        }
    }

    public void Write(Credentials credentials) =>
        PrivateFile.Write(FilePath, JsonSerializer.Serialize(credentials, ApiJson.Default.Credentials));
}
