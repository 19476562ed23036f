using Paas.Cli.Platform;
using Paas.Contracts.Api;
using Spectre.Console;

namespace Paas.Cli.Output;

/// <summary>Shows a deployment while it is being followed.</summary>
internal interface IDeploymentView : IAsyncDisposable
{
    void Show(StreamEvent happened);

    /// <summary>Shows how it ended.</summary>
    ValueTask EndAsync(DeploymentResponse deployment, string? newer);
}

/// <summary>Plain lines, each step once: for files, pipes and terminals that cannot draw.</summary>
internal sealed class PlainDeploymentView(TextWriter output, TimeProvider time, bool unicode) : IDeploymentView
{
    private readonly HashSet<(string, int, string, int?)> _told = [];
    private readonly List<(string Step, string Text)> _over = [];
    private string? _title;

    public void Show(StreamEvent happened)
    {
        switch (happened)
        {
            case StreamEvent.Log log:
                TellOver(before: log.Step);
                output.WriteLine($"  {SafeText.Line(log.Step)} | {SafeText.Line(log.Line)}".TrimEnd());
                break;
            case StreamEvent.Changed { Deployment: var deployment }:
                Show(deployment);
                break;
            case StreamEvent.Cut { Why: var why }:
                output.WriteLine("  " + SafeText.Line(CliTexts.Reconnecting(why)));
                break;
            case StreamEvent.Resumed:
                output.WriteLine("  " + CliTexts.Reconnected());
                break;
        }
    }

    public ValueTask EndAsync(DeploymentResponse deployment, string? newer)
    {
        Show(deployment);
        TellOver();
        foreach (var line in DeploymentSummary.Of(deployment, unicode, newer))
            output.WriteLine(line.ToString());
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void Show(DeploymentResponse deployment)
    {
        var title = DeploymentSummary.Title(deployment, unicode);
        if (_title is null || (deployment.Commit is not null && _title != title))
            output.WriteLine(title);
        _title = title;
        foreach (var step in deployment.Steps)
        {
            if (StepLines.IsOver(step) && _told.Add((step.Name, step.Attempt, step.State, null)))
                _over.Add((step.Name, StepLines.Plain(step, time.GetUtcNow(), unicode)));
            else if (step.State == StepStates.Retrying && _told.Add((step.Name, step.Attempt, step.State, step.Try)))
                WriteAfterSteps($"  {SafeText.Line(step.Name)}: {StepLines.Retry(step, time)}");
        }

        if (deployment.State is DeploymentStates.WaitingForTurn or DeploymentStates.Canceling && _told.Add((deployment.State, 0, "", null)))
            WriteAfterSteps("  " + CliTexts.Waiting(deployment.State));
    }

    private void WriteAfterSteps(string line)
    {
        TellOver();
        output.WriteLine(line);
    }

    // The end of a step may be known before its last lines are: it is told when the next has something to say.
    private void TellOver(string? before = null)
    {
        foreach (var over in _over.TakeWhile(over => over.Step != before).ToList())
        {
            output.WriteLine(over.Text);
            _over.Remove(over);
        }
    }
}

/// <summary>Draws the steps over and over on a terminal.</summary>
internal sealed class LiveDeploymentView : IDeploymentView
{
    private static readonly TimeSpan Frame = TimeSpan.FromMilliseconds(100);
    private readonly Lock _gate = new();
    private readonly DeploymentProgress _progress = new();
    private readonly CancellationTokenSource _end = new();
    private readonly Terminal _terminal;
    private readonly IAnsiConsole _console;
    private readonly Task _drawing;
    private bool _disposed;

    public LiveDeploymentView(Terminal terminal)
    {
        _terminal = terminal;
        _console = terminal.LiveConsole();
        _drawing = _console.Live(Picture(0)).AutoClear(true).Overflow(VerticalOverflow.Crop).StartAsync(DrawAsync);
    }

    public void Show(StreamEvent happened)
    {
        lock (_gate)
        {
            switch (happened)
            {
                case StreamEvent.Log log:
                    _progress.Add(log);
                    break;
                case StreamEvent.Changed { Deployment: var deployment }:
                    _progress.Deployment = deployment;
                    break;
                case StreamEvent.Cut { Why: var why }:
                    _progress.Notice = CliTexts.Reconnecting(why);
                    break;
                case StreamEvent.Resumed:
                    _progress.Notice = null;
                    break;
            }
        }
    }

    public async ValueTask EndAsync(DeploymentResponse deployment, string? newer)
    {
        Show(new StreamEvent.Changed(deployment));
        await StopAsync();
        foreach (var line in (StyledLine[])[.. _progress.LastLines(), .. DeploymentSummary.Of(deployment, _terminal.IsUnicode, newer)])
        {
            _console.Write(line.Wrapped());
            _console.WriteLine();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        await StopAsync();
        _end.Dispose();
    }

    private async Task StopAsync()
    {
        if (_end.IsCancellationRequested)
            return;
        await _end.CancelAsync();
        await _drawing;
        // What was drawn over is gone; the last picture stays, without the room that longer ones took.
        _console.Write(Picture(0));
    }

    private async Task DrawAsync(LiveDisplayContext context)
    {
        for (var tick = 0; ; tick++)
        {
            context.UpdateTarget(Picture(tick));
            if (_end.IsCancellationRequested)
                return;
            await Task.WhenAny(Task.Delay(Frame, _end.Token));
        }
    }

    private Spectre.Console.Rendering.IRenderable Picture(int tick)
    {
        lock (_gate)
            return _progress.Picture(_terminal.Time, _terminal.Width, _terminal.Height, _terminal.IsUnicode, tick);
    }
}
