using Paas.Cli.Platform;
using Paas.Contracts.Api;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Paas.Cli.Output;

/// <summary>What is known of a deployment that is being followed, and the picture of it.</summary>
internal sealed class DeploymentProgress
{
    private const int Kept = 20;
    private const int Shown = 8;
    private readonly Queue<string> _tail = new();
    private string? _tailStep;

    public DeploymentResponse? Deployment { get; set; }

    /// <summary>Why nothing new arrives at the moment.</summary>
    public string? Notice { get; set; }

    public void Add(StreamEvent.Log log)
    {
        if (_tailStep != log.Step)
            _tail.Clear();
        _tailStep = log.Step;
        _tail.Enqueue(SafeText.Line(log.Line));
        while (_tail.Count > Kept)
            _tail.Dequeue();
    }

    /// <summary>The steps, and below them the newest lines of the one that runs.</summary>
    public IRenderable Picture(TimeProvider time, int width, int height, bool unicode, int tick)
    {
        var now = time.GetUtcNow();
        List<StyledLine> lines = [];
        if (Deployment is { } deployment)
        {
            lines.Add(new((DeploymentSummary.Title(deployment, unicode), StyledLine.Bold)));
            lines.AddRange(deployment.Steps.Select(step => StepLines.Live(step, now, time, unicode, tick)));
            if (deployment.State is DeploymentStates.WaitingForTurn or DeploymentStates.Canceling)
                lines.Add(new(("  " + CliTexts.Waiting(deployment.State), StyledLine.Busy)));
        }

        else
        {
            lines.Add(new((CliTexts.Connecting(), StyledLine.Dim)));
        }

        if (Notice is not null)
            lines.Add(new(("  " + SafeText.Line(Notice), StyledLine.Busy)));
        // A picture taller than the terminal could not be drawn over.
        var room = Math.Min(Shown, height - lines.Count - 2);
        if (room > 0 && TailIsOfInterest())
            lines.AddRange(_tail.TakeLast(room).Select(line => new StyledLine(("    " + line, StyledLine.Dim))));
        // To go up by no line is to go up by one for terminals: a picture of a single line would climb.
        if (lines.Count == 1)
            lines.Add(new((" ", StyledLine.Dim)));
        return new Rows(lines.TakeLast(Math.Max(2, height - 1)).Select(line => line.Fitted(width, unicode)));
    }

    /// <summary>The end of the log of the step that failed.</summary>
    public IReadOnlyList<StyledLine> LastLines() =>
        Deployment?.Failure is { } failure && failure.Step == _tailStep
            ? [.. _tail.Select(line => new StyledLine(("    " + line, StyledLine.Dim)))]
            : [];

    private bool TailIsOfInterest() =>
        Deployment?.Steps.FirstOrDefault(step => step.Name == _tailStep)?.State is StepStates.Running or StepStates.Retrying;
}
