using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Paas.Deployer.Targets.Output;

/// <summary>
/// A place in a log: behind the <paramref name="Count"/>-th record in a row with that time. The order is the log's own:
/// times may go back in it, as when a clock is set, and come again.
/// </summary>
/// <param name="Time">In nanoseconds since 1970.</param>
/// <param name="Count">From 1.</param>
/// <param name="Check">A check sum of the record's text, for a time that comes again.</param>
internal readonly record struct LogPosition(long Time, int Count, uint Check)
{
    /// <summary>Before the first record.</summary>
    public static LogPosition Start => default;

    /// <summary>FNV-1a.</summary>
    public static uint CheckOf(string? text)
    {
        var check = 2166136261;
        foreach (var character in text ?? "")
            check = unchecked((check ^ character) * 16777619);
        return check;
    }
}

/// <summary>
/// How far each log of an app was read: <c>1~id.time.count.check~…</c>, the numbers in hexadecimal. Clients hand it back, so
/// it may be anything.
/// </summary>
internal static class LogCursor
{
    public const int MaxLength = 16 * 1024;
    private const int MaxIdLength = 32;
    private const string Version = "1";
    private const char Separator = '~', Dot = '.';

    public static string Write(IEnumerable<KeyValuePair<string, LogPosition>> positions)
    {
        var text = new StringBuilder(Version);
        foreach (var (id, position) in positions)
        {
            var entry = string.Create(CultureInfo.InvariantCulture, $"{Separator}{id}{Dot}{position.Time:x}{Dot}{position.Count:x}{Dot}{position.Check:x}");
            if (text.Length + entry.Length <= MaxLength)
                text.Append(entry);
        }

        return text.ToString();
    }

    /// <returns>False if it is not one that was written here.</returns>
    public static bool TryRead(string text, [NotNullWhen(true)] out Dictionary<string, LogPosition>? positions)
    {
        positions = null;
        if (text.Length > MaxLength)
            return false;
        var entries = text.Split(Separator);
        if (entries[0] != Version)
            return false;
        var read = new Dictionary<string, LogPosition>(StringComparer.Ordinal);
        foreach (var entry in entries.AsSpan(1))
        {
            if (entry.Split(Dot) is not [{ Length: > 0 and <= MaxIdLength } id, var time, var count, var check] || !id.All(char.IsAsciiLetterOrDigit)
                || !long.TryParse(time, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var at) || at < 0
                || !int.TryParse(count, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number) || number < 0
                || !uint.TryParse(check, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var sum)
                || !read.TryAdd(id, new LogPosition(at, number, sum)))
                return false;
        }

        positions = read;
        return true;
    }
}

/// <summary>A cursor is not one that was given out.</summary>
internal sealed class LogCursorException() : Exception(DeployerTexts.CursorMalformed());
