using System.Text;
using System.Threading.Channels;
using Paas.Contracts;

namespace Paas.Hosting.Steps;

/// <summary>
/// Collects the lines of one try of a step and sends them in numbered batches: little traffic, and soon enough to
/// be watched. Keeps the head of a log that is too long, and says how much was left out.
/// </summary>
internal sealed class StepLog : IStepLog, IAsyncDisposable
{
    internal const int MaxLineLength = 2_000;
    internal const int MaxBatchLines = 200;
    internal const int MaxLogBytes = 4 * 1024 * 1024;
    private static readonly TimeSpan BatchDelay = TimeSpan.FromMilliseconds(50);

    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();
    private readonly Func<AppendLog, Task> _send;
    private readonly IStepMessage _step;
    private readonly TimeProvider _clock;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _sender;
    private long _bytes;
    private long _leftOut;

    public StepLog(IStepMessage step, Func<AppendLog, Task> send, TimeProvider clock)
    {
        _step = step;
        _send = send;
        _clock = clock;
        _sender = SendBatchesAsync();
    }

    public Guid Id { get; } = Guid.NewGuid();

    /// <summary>How many batches were sent; final once the log is disposed of.</summary>
    public int Batches { get; private set; }

    public void Write(string line)
    {
        line = Clean(line);
        if (Interlocked.Add(ref _bytes, line.Length + 1) > MaxLogBytes)
            Interlocked.Increment(ref _leftOut);
        else
            _lines.Writer.TryWrite(line);
    }

    public async ValueTask DisposeAsync()
    {
        if (_leftOut > 0)
            _lines.Writer.TryWrite(" !     " + StepTexts.LinesLeftOut(_leftOut, MaxLogBytes));
        _lines.Writer.TryComplete();
        _ended.TrySetResult();
        await _sender;
    }

    /// <summary>Takes out what would let a stranger's output play tricks on a terminal, and cuts long lines.</summary>
    internal static string Clean(string line)
    {
        var end = Math.Min(line.Length, MaxLineLength);
        var clean = new StringBuilder(end);
        for (var i = 0; i < end; i++)
        {
            if (line[i] == '\e')
                i = SkipEscapeSequence(line, i);
            else if (line[i] == '\t')
                clean.Append("    ");
            else if (!char.IsControl(line[i]))
                clean.Append(line[i]);
        }

        if (line.Length > MaxLineLength)
            clean.Append('…');
        return clean.ToString();
    }

    private static int SkipEscapeSequence(string line, int escape)
    {
        if (escape + 1 >= line.Length || line[escape + 1] != '[')
            return escape;
        var i = escape + 2;
        while (i < line.Length && line[i] is < '@' or > '~')
            i++;
        return i;
    }

    private async Task SendBatchesAsync()
    {
        var batch = new List<string>();
        while (await _lines.Reader.WaitToReadAsync())
        {
            // More lines may follow soon, unless the step has ended.
            if (_lines.Reader.Count < MaxBatchLines)
                await _ended.Task.WaitAsync(BatchDelay, _clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            while (batch.Count < MaxBatchLines && _lines.Reader.TryRead(out var line))
                batch.Add(line);
            await _send(new AppendLog
            {
                DeploymentId = _step.DeploymentId,
                Step = _step.Step,
                Attempt = _step.Attempt,
                LogId = Id,
                Batch = ++Batches,
                At = _clock.GetUtcNow().UtcDateTime,
                Lines = [.. batch],
            });
            batch.Clear();
        }
    }
}
