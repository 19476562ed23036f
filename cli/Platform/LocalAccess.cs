using System.Text.Json;

namespace Paas.Cli.Platform;

/// <summary>Where the standalone platform on this machine listens, and its token; the platform writes it while it runs.</summary>
internal sealed record LocalAccess
{
    public required string Url { get; init; }
    public required string Token { get; init; }
    public required int ProcessId { get; init; }

    public static string FilePath(string dataDirectory) => Path.Combine(dataDirectory, "local-access.json");

    /// <summary>Null if no standalone platform runs on this data directory.</summary>
    public static LocalAccess? Read(string dataDirectory)
    {
        try
        {
            var access = JsonSerializer.Deserialize(File.ReadAllText(FilePath(dataDirectory)), ApiJson.Default.LocalAccess);
            // A platform that was killed leaves its file behind: another program may have its port and process id by now.
            return access is not null && PlatformLock.IsHeld(dataDirectory, access.ProcessId) ? access : null;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            return null; // another user's platform
        }
    }
}
