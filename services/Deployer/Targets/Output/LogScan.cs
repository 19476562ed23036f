namespace Paas.Deployer.Targets.Output;

/// <summary>A line, and the place behind it.</summary>
internal readonly record struct ScannedLine(LogRecord Record, LogPosition After);

/// <summary>Lines of one log, in its order.</summary>
/// <param name="Start">The place before the first.</param>
/// <param name="Lines">The lines.</param>
/// <param name="More">Whether there may be more at once.</param>
internal sealed record ScannedLines(LogPosition Start, IReadOnlyList<ScannedLine> Lines, bool More);

/// <summary>
/// Reads one log on from a place, or its last lines. It looks at the log's end first, and further back only if the place
/// is not there: whoever follows a log does not read all of it again and again.
/// </summary>
internal sealed class LogScan(ILogSource source, Func<string, bool> isWanted, int maxLines, int maxCharacters)
{
    private const int FirstWindow = 4000, SecondWindow = 64_000;

    /// <summary>What comes behind a place; all that is later, if the log has lost the place from its beginning.</summary>
    public async Task<ScannedLines> ReadAfterAsync(LogPosition position, CancellationToken cancellation)
    {
        int?[] windows = position == LogPosition.Start ? [null] : [FirstWindow, SecondWindow, null];
        foreach (var window in windows)
        {
            if (await TryReadAfterAsync(position, window, cancellation) is { } lines)
                return lines;
        }

        return new ScannedLines(position, [], More: false);
    }

    /// <summary>The last lines that are there.</summary>
    public async Task<ScannedLines> ReadLastAsync(int count, bool allAreWanted, CancellationToken cancellation)
    {
        if (allAreWanted && count <= FirstWindow / 2 && await TryReadLastAsync(count, FirstWindow, cancellation) is { } lines)
            return lines;
        return (await TryReadLastAsync(count, null, cancellation))!;
    }

    /// <returns>Null if the place is not within the window.</returns>
    private async Task<ScannedLines?> TryReadAfterAsync(LogPosition position, int? window, CancellationToken cancellation)
    {
        var runs = new Runs();
        var found = position == LogPosition.Start;
        var (start, lines, characters) = (position, new List<ScannedLine>(), 0);
        await foreach (var record in source.ReadAsync(window, cancellation))
        {
            var count = runs.Add(record.Time);
            if (!found && record.Time == position.Time)
            {
                // How many of them were cut off with what was before is not to be seen.
                if (runs.IsFirst && window is not null)
                    return null;
                if (count == position.Count && LogPosition.CheckOf(record.Text) == position.Check)
                {
                    found = true;
                    (lines, characters) = ([], 0);
                    continue;
                }
            }

            if (!found && (window is not null || record.Time <= position.Time))
                continue;
            if (lines.Count == maxLines || characters > maxCharacters)
            {
                if (found)
                    return new ScannedLines(start, lines, More: true);
                continue; // the place may still come
            }

            characters += Add(lines, record, count, ref start);
        }

        return found || window is null ? new ScannedLines(start, lines, More: lines.Count == maxLines || characters > maxCharacters) : null;
    }

    /// <returns>Null if the places are not certain, since the window has cut off what was before.</returns>
    private async Task<ScannedLines?> TryReadLastAsync(int count, int? window, CancellationToken cancellation)
    {
        var runs = new Runs();
        var last = new Queue<(ScannedLine Line, bool IsCertain)>();
        var (start, isCertain, records) = (LogPosition.Start, false, 0);
        await foreach (var record in source.ReadAsync(window, cancellation))
        {
            records++;
            var after = new LogPosition(record.Time, runs.Add(record.Time), LogPosition.CheckOf(record.Text));
            if (record.Text is not null && isWanted(record.Source))
                last.Enqueue((new ScannedLine(record, after), !runs.IsFirst));
            else if (last.Count == 0)
                (start, isCertain) = (after, !runs.IsFirst);
            if (last.Count <= count)
                continue;
            var (left, leftIsCertain) = last.Dequeue();
            (start, isCertain) = (left.After, leftIsCertain);
        }

        var isWhole = window is null || records < window;
        return isWhole || isCertain ? new ScannedLines(start, [.. last.Select(entry => entry.Line)], More: false) : null;
    }

    /// <returns>How many characters it has added.</returns>
    private int Add(List<ScannedLine> lines, LogRecord record, int count, ref LogPosition start)
    {
        var after = new LogPosition(record.Time, count, LogPosition.CheckOf(record.Text));
        if (record.Text is { } text && isWanted(record.Source))
        {
            lines.Add(new ScannedLine(record, after));
            return text.Length;
        }

        if (lines.Count == 0)
            start = after;
        else
            lines[^1] = lines[^1] with { After = after };
        return 0;
    }

    /// <summary>Counts the records in a row with the same time.</summary>
    private struct Runs
    {
        private long _time;
        private int _count;
        private int _runs;

        /// <summary>Whether there was no other time yet.</summary>
        public readonly bool IsFirst => _runs == 1;

        /// <returns>The how-manieth in a row it is.</returns>
        public int Add(long time)
        {
            if (_runs > 0 && time == _time)
            {
                _count++;
            }
            else
            {
                (_time, _count) = (time, 1);
                _runs++;
            }

            return _count;
        }
    }
}
