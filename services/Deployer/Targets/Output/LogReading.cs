using System.Text;
using Paas.Contracts;

namespace Paas.Deployer.Targets.Output;

/// <summary>What was read of several logs.</summary>
/// <param name="Lines">In the order of their times.</param>
/// <param name="Cursor">Where to go on.</param>
/// <param name="AtEnd">Whether there was no more.</param>
internal sealed record ReadLines(IReadOnlyList<OutputLine> Lines, string Cursor, bool AtEnd);

/// <summary>
/// Reads the logs of an app as one, a portion at a time. All it knows of the portions before is in the cursor: nothing
/// is told twice or left out, whoever reads the next one.
/// </summary>
internal static class LogReading
{
    internal const int MaxLines = 2000;
    internal const int MaxCharacters = 256 * 1024;
    internal const int MaxLineLength = 8192;

    /// <param name="sources">The logs there are now; one that is not in the cursor is new, and read from its start.</param>
    /// <param name="cursor">Where the portion before ended; null for the first.</param>
    /// <param name="tail">With how many of the last lines the first one begins; null for all.</param>
    /// <param name="isWanted">Whose lines are wanted; null for everybody's.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <exception cref="LogCursorException">The cursor is not one of these.</exception>
    public static async Task<ReadLines> ReadAsync(
        IReadOnlyList<ILogSource> sources, string? cursor, int? tail, Func<string, bool>? isWanted, CancellationToken cancellation)
    {
        Dictionary<string, LogPosition>? positions = null;
        if (cursor is not null && !LogCursor.TryRead(cursor, out positions))
            throw new LogCursorException();
        var logs = await Task.WhenAll(sources.Select(async source =>
        {
            var scan = new LogScan(source, isWanted ?? (_ => true), MaxLines, MaxCharacters);
            var lines = positions is null && tail is { } count
                ? await scan.ReadLastAsync(count, isWanted is null, cancellation)
                : await scan.ReadAfterAsync(positions?.GetValueOrDefault(source.Id) ?? LogPosition.Start, cancellation);
            return (source.Id, Lines: lines);
        }));
        var skipped = positions is null && tail is { } last ? Math.Max(0, logs.Sum(log => log.Lines.Lines.Count) - last) : 0;
        return Merge([.. logs], skipped);
    }

    /// <summary>A line as it is told.</summary>
    public static string Shorten(string text, bool isWhole = true)
    {
        if (text.Length <= MaxLineLength)
            return isWhole ? text : text + DeployerTexts.LineCut();
        var length = char.IsHighSurrogate(text[MaxLineLength - 1]) ? MaxLineLength - 1 : MaxLineLength;
        return text[..length] + DeployerTexts.LineCut();
    }

    private static ReadLines Merge((string Id, ScannedLines Lines)[] logs, int skipped)
    {
        var lines = new List<OutputLine>();
        var characters = 0;
        var next = new int[logs.Length];
        while (lines.Count < MaxLines && characters < MaxCharacters && Earliest() is var log and >= 0)
        {
            var record = logs[log].Lines.Lines[next[log]++].Record;
            if (skipped-- > 0)
                continue;
            characters += record.Text!.Length;
            lines.Add(new OutputLine
            {
                At = DateTime.UnixEpoch.AddTicks(record.Time / TimeSpan.NanosecondsPerTick),
                Source = record.Source,
                IsError = record.IsError,
                Text = Clean(record.Text),
            });
        }

        var positions = logs.Select((log, i) =>
            KeyValuePair.Create(log.Id, next[i] == 0 ? log.Lines.Start : log.Lines.Lines[next[i] - 1].After));
        return new ReadLines(lines, LogCursor.Write(positions), AtEnd: Earliest() < 0 && !logs.Any(log => log.Lines.More));

        int Earliest()
        {
            var earliest = -1;
            for (var i = 0; i < logs.Length; i++)
            {
                if (next[i] < logs[i].Lines.Lines.Count && (earliest < 0 || TimeOf(i) < TimeOf(earliest)))
                    earliest = i;
            }

            return earliest;
        }

        long TimeOf(int log) => logs[log].Lines.Lines[next[log]].Record.Time;
    }

    /// <summary>A NUL is no text to a database or a terminal, and a lone half of a surrogate pair none to JSON.</summary>
    private static string Clean(string text)
    {
        if (!text.AsSpan().ContainsAny('\0', '\r', '\n') && !text.Any(char.IsSurrogate))
            return text;
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            clean.Append(rune.Value is '\0' or '\r' or '\n' ? " " : rune.ToString());
        return clean.ToString();
    }
}
