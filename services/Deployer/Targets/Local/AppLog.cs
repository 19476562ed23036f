using System.Globalization;
using System.Text;
using System.Threading.Channels;

namespace Paas.Deployer.Targets.Local;

/// <summary>
/// What an app prints while it runs, in a file that is rotated. Writing never waits: an app that prints more than
/// its share each second has the rest dropped, and the log says how much that was.
/// </summary>
internal sealed class AppLog : IAsyncDisposable
{
    internal const int MaxFileBytes = 5 * 1024 * 1024;
    internal const int MaxBytesPerSecond = 1024 * 1024;

    /// <summary>Of a line's first word.</summary>
    internal const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    /// <summary>Whose lines those of the platform itself are.</summary>
    internal const string Platform = "paas";

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(1);

    // A null stands for "say how much was dropped".
    private readonly Channel<string?> _lines = Channel.CreateUnbounded<string?>(new() { SingleReader = true });
    private readonly CancellationTokenSource _closing = new();
    private readonly Lock _gate = new();
    private readonly string _path;
    private readonly TimeProvider _clock;
    private readonly int _maxFileBytes;
    private readonly int _maxBytesPerSecond;
    private readonly Task _writer;
    private FileStream? _file;
    private long _windowStart;
    private int _left;
    private int _waiting;
    private long _dropped;

    public AppLog(string path, TimeProvider clock, int maxFileBytes = MaxFileBytes, int maxBytesPerSecond = MaxBytesPerSecond)
    {
        _path = path;
        _clock = clock;
        _maxFileBytes = maxFileBytes;
        _maxBytesPerSecond = _left = maxBytesPerSecond;
        _windowStart = clock.GetTimestamp();
        _writer = Task.Run(WriteAsync);
    }

    /// <summary>How much is on its way to the disk.</summary>
    internal int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Writes a line.</summary>
    /// <param name="source">The process type and number, such as <c>web.1</c>, or <c>paas</c>.</param>
    /// <param name="line">The line.</param>
    public void Write(string source, string line)
    {
        lock (_gate)
        {
            if (_clock.GetElapsedTime(_windowStart) >= Window)
            {
                _windowStart = _clock.GetTimestamp();
                _left = _maxBytesPerSecond;
            }

            // Lines a slow disk has not taken yet count as well, or they would pile up in memory.
            if (line.Length > _left || line.Length > _maxBytesPerSecond - _waiting)
            {
                CountDropped(line.Length + 1);
                return;
            }

            var text = string.Create(CultureInfo.InvariantCulture, $"{_clock.GetUtcNow().ToString(TimeFormat, CultureInfo.InvariantCulture)} {source} | {line}\n");
            _left -= text.Length;
            _waiting += text.Length;
            _lines.Writer.TryWrite(text);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _lines.Writer.TryComplete();
        await _closing.CancelAsync();
        await _writer;
        _closing.Dispose();
    }

    private async Task WriteAsync()
    {
        await foreach (var line in _lines.Reader.ReadAllAsync())
        {
            if (line is null)
            {
                // The flood goes on for a while: one sentence for each second of it.
                await Task.Delay(Window, _clock, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                Append(TakeDropped());
            }
            else
            {
                Append(line);
                lock (_gate)
                    _waiting -= line.Length;
            }

            if (!_lines.Reader.TryPeek(out _))
                Flush();
        }

        _file?.Dispose();
    }

    private string TakeDropped()
    {
        lock (_gate)
        {
            var dropped = _dropped;
            _dropped = 0;
            return string.Create(CultureInfo.InvariantCulture,
                $"{_clock.GetUtcNow().ToString(TimeFormat, CultureInfo.InvariantCulture)} {Platform} | {DeployerTexts.LogDropped(dropped, _maxBytesPerSecond)}\n");
        }
    }

    private void Append(string text)
    {
        try
        {
            _file ??= new FileStream(_path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, 64 * 1024);
            _file.Write(Encoding.UTF8.GetBytes(text));
            if (_file.Position < _maxFileBytes)
                return;
            _file.Dispose();
            _file = null;
            File.Move(_path, _path + ".1", overwrite: true);
        }
        catch (IOException)
        {
            CountDropped(text.Length); // a full disk takes the app's log, not the app
        }
    }

    private void Flush()
    {
        try
        {
            _file?.Flush();
        }
        catch (IOException)
        {
            CountDropped(1);
        }
    }

    private void CountDropped(int length)
    {
        lock (_gate)
        {
            if (_dropped == 0)
                _lines.Writer.TryWrite(null);
            _dropped += length;
        }
    }
}
