using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Paas.Deployer.Targets.Output;

namespace Paas.Deployer.Targets.Local;

/// <summary>What was written to an <see cref="AppLog"/>: its file, and the one before that.</summary>
/// <param name="path">The file.</param>
/// <param name="name">Whose it is; null if each line says so itself. Then a line of <see cref="StandardError"/> is one of standard error.</param>
/// <param name="hasEnded">Whether nobody will write to it any more.</param>
/// <param name="clock">Of the looks whether there is more.</param>
internal sealed class FileLog(string path, string? name, Func<bool> hasEnded, TimeProvider clock) : ILogSource
{
    public const string StandardOutput = "out", StandardError = "err";

    private const int TimeLength = 24;
    private const int BlockSize = 64 * 1024;
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);

    public string Id => "log";

    public bool IsLive => !hasEnded();

    public async IAsyncEnumerable<LogRecord> ReadAsync(int? last, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var (before, now) = Open();
        await using (before)
        await using (now)
        {
            if (last is { } count && now is not null)
            {
                // What is before is only needed where there is not enough.
                var left = SeekBack(now, count);
                if (before is not null && left > 0)
                    SeekBack(before, left);
                else if (before is not null)
                    before.Position = before.Length;
            }

            foreach (var file in new[] { before, now })
            {
                if (file is null)
                    continue;
                await foreach (var line in ReadLinesAsync(file, cancellation))
                {
                    if (Parse(line) is { } record)
                        yield return record;
                }
            }
        }
    }

    public Task<Task<bool>> ListenAsync(CancellationToken cancellation)
    {
        var length = Length();
        return Task.FromResult(WaitAsync());

        async Task<bool> WaitAsync()
        {
            while (true)
            {
                var isOver = hasEnded();
                if (Length() != length)
                    return true;
                if (isOver)
                    return false;
                await Task.Delay(LookInterval, clock, cancellation);
            }
        }
    }

    private long Length() => new FileInfo(path) is { Exists: true } file ? file.Length : -1;

    /// <summary>Both files as they are at one moment: between two looks the one may become the other.</summary>
    private (FileStream? Before, FileStream? Now) Open()
    {
        while (true)
        {
            var now = TryOpen(path);
            var before = TryOpen(path + ".1");
            if (now is null || before is null || !BeginAlike(now, before))
                return (before, now);
            now.Dispose();
            before.Dispose();
        }
    }

    private static FileStream? TryOpen(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, BlockSize);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private static bool BeginAlike(FileStream one, FileStream other)
    {
        Span<byte> first = stackalloc byte[256], second = stackalloc byte[256];
        var length = one.ReadAtLeast(first, first.Length, throwOnEndOfStream: false);
        var isSame = other.ReadAtLeast(second, second.Length, throwOnEndOfStream: false) == length && length > 0 && first[..length].SequenceEqual(second[..length]);
        one.Position = other.Position = 0;
        return isSame;
    }

    /// <summary>Goes back from the end by as many lines.</summary>
    /// <returns>How many lines there were too few.</returns>
    private static int SeekBack(FileStream file, int lines)
    {
        var block = new byte[BlockSize];
        var end = file.Length;
        // The end of the line before the first that is wanted is looked for.
        var left = lines + 1;
        while (end > 0)
        {
            var start = Math.Max(0, end - BlockSize);
            file.Position = start;
            var read = block.AsSpan(0, (int)(end - start));
            file.ReadExactly(read);
            for (int at; (at = read.LastIndexOf((byte)'\n')) >= 0; read = read[..at])
            {
                if (--left > 0)
                    continue;
                file.Position = start + at + 1;
                return 0;
            }

            end = start;
        }

        file.Position = 0;
        return left - 1;
    }

    /// <summary>The lines that are whole: of one that is being written the rest is still to come.</summary>
    private static async IAsyncEnumerable<string> ReadLinesAsync(FileStream file, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var buffer = new byte[BlockSize];
        var length = 0;
        int read;
        while ((read = await file.ReadAsync(buffer.AsMemory(length), cancellation)) > 0)
        {
            length += read;
            var start = 0;
            for (int end; (end = buffer.AsSpan(start, length - start).IndexOf((byte)'\n')) >= 0; start += end + 1)
                yield return Encoding.UTF8.GetString(buffer, start, end);
            if (start == 0 && length == buffer.Length)
                Array.Resize(ref buffer, buffer.Length * 2);
            buffer.AsSpan(start, length - start).CopyTo(buffer);
            length -= start;
        }
    }

    private LogRecord? Parse(string line)
    {
        if (line.Length <= TimeLength || line[TimeLength] != ' ' || line.IndexOf(" | ", StringComparison.Ordinal) is var bar && bar < TimeLength
            || !DateTime.TryParseExact(line.AsSpan(0, TimeLength), AppLog.TimeFormat, CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at))
            return null;
        var source = line[(TimeLength + 1)..Math.Max(TimeLength + 1, bar)];
        var time = (at - DateTime.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
        var isPlatform = source == AppLog.Platform;
        return new LogRecord(time, isPlatform ? source : name ?? source, name is not null && source == StandardError, LogReading.Shorten(line[(bar + 3)..]));
    }
}
