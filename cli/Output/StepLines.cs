using Paas.Contracts.Api;
using Spectre.Console;

namespace Paas.Cli.Output;

/// <summary>How one step is shown, on a terminal and in plain lines.</summary>
internal static class StepLines
{
    private static readonly string[] Spinner = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
    private static readonly string[] AsciiSpinner = ["|", "/", "-", "\\"];

    public static bool IsOver(DeploymentStepResponse step) =>
        step.State is StepStates.Succeeded or StepStates.Failed or StepStates.Faulted or StepStates.Canceled or StepStates.Skipped;

    /// <summary>A row of the live view.</summary>
    public static StyledLine Live(DeploymentStepResponse step, DateTimeOffset now, TimeProvider time, bool unicode, int tick)
    {
        var (mark, style) = Mark(step.State, unicode, tick);
        var took = step.State is StepStates.Pending or StepStates.Skipped || Words.Took(step, now) is not { } duration ? "" : Words.Duration(duration);
        var name = step.State is StepStates.Pending or StepStates.Skipped ? StyledLine.Dim : StyledLine.Plain;
        return new StyledLine(
            ($"{mark} ", style),
            (SafeText.Line(step.Name).PadRight(22), name),
            (took.PadLeft(9), StyledLine.Dim),
            (Remark(step, time) is { Length: > 0 } remark ? $"  {remark}" : "", step.State == StepStates.Failed ? StyledLine.Bad : StyledLine.Busy));
    }

    /// <summary>The one line a step that is over gets in plain output.</summary>
    public static string Plain(DeploymentStepResponse step, DateTimeOffset now, bool unicode)
    {
        var words = step.State switch
        {
            StepStates.Succeeded => "",
            _ => $" {step.State.ToLowerInvariant()}",
        };
        var took = step.State == StepStates.Skipped || Words.Took(step, now) is not { } duration ? "" : $" {Words.Duration(duration)}";
        var attempt = step.Attempt > 1 ? $" ({CliTexts.Attempt(step.Attempt)})" : "";
        return $"{Mark(step.State, unicode, 0).Mark} {SafeText.Line(step.Name)}{words}{took}{attempt}";
    }

    /// <summary>What is waited for, and until when.</summary>
    public static string Retry(DeploymentStepResponse step, TimeProvider time) =>
        CliTexts.Retrying(SafeText.Line(step.Error), step.Try, step.MaxTries, step.NextTryAt is { } next ? Words.Clock(next, time) : null);

    private static string Remark(DeploymentStepResponse step, TimeProvider time) => step.State switch
    {
        StepStates.Retrying => Retry(step, time),
        StepStates.Skipped => CliTexts.Skipped(),
        _ when step.Attempt > 1 && step.State != StepStates.Pending => CliTexts.Attempt(step.Attempt),
        _ => "",
    };

    private static (string Mark, Style Style) Mark(string state, bool unicode, int tick) => state switch
    {
        StepStates.Succeeded => (unicode ? "✓" : "ok", StyledLine.Good),
        StepStates.Failed or StepStates.Faulted => (unicode ? "✗" : "!!", StyledLine.Bad),
        StepStates.Canceled => (unicode ? "■" : "--", StyledLine.Dim),
        StepStates.Running => (unicode ? Spinner[tick % Spinner.Length] : AsciiSpinner[tick % AsciiSpinner.Length] + " ", StyledLine.Busy),
        StepStates.Retrying => (unicode ? "↻" : "..", StyledLine.Busy),
        StepStates.Skipped => (unicode ? "–" : "- ", StyledLine.Dim),
        _ => (unicode ? "·" : ". ", StyledLine.Dim),
    };
}
