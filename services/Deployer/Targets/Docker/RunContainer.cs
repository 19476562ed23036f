using System.Globalization;
using Paas.Contracts;
using Paas.Docker;

namespace Paas.Deployer.Targets.Docker;

/// <summary>The container of a run, and what it tells of the run: nothing of it is kept anywhere else.</summary>
internal sealed record RunContainer(Guid AppId, Guid RunId, Container Container)
{
    private const int OverTime = 124, NotExecutable = 126, NotFound = 127;

    public static string NameOf(string app, Guid runId) => $"paas-{app}-run-{runId:N}";

    /// <returns>Null if it is not one of a run: labels say so, and the name proves it.</returns>
    public static RunContainer? From(Container container) =>
        Guid.TryParse(AppContainers.LabelOf(container, ImageLabels.App), out var app) && Guid.TryParse(AppContainers.LabelOf(container, ImageLabels.Run), out var run)
            && IsRun(container.Name, container.Config.Labels)
            ? new RunContainer(app, run, container)
            : null;

    /// <summary>Whether a container's name is that of the run its labels tell of.</summary>
    public static bool IsRun(string name, IReadOnlyDictionary<string, string>? labels) =>
        Guid.TryParse(labels?.GetValueOrDefault(ImageLabels.Run), out var run) && AppContainers.IsOfPlatform(name) && name.EndsWith($"-run-{run:N}", StringComparison.Ordinal);

    public string Name => AppContainers.LabelOf(Container, ImageLabels.RunName) ?? "run";

    public bool IsStarted => Container.State.Status != "created";

    public bool HasEnded => IsStarted && !Container.State.Running;

    public TimeSpan Limit => TimeSpan.FromSeconds(
        int.TryParse(AppContainers.LabelOf(Container, ImageLabels.RunLimit), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? seconds : 0);

    public DateTimeOffset Deadline => Container.State.StartedAt + Limit;

    /// <summary>Whether its exit code may be that of the init process, which did not find the program.</summary>
    public bool MayLackCommand => HasEnded && Container.State.ExitCode is NotFound or NotExecutable;

    public RunStatus Status(bool lacksCommand, int memory)
    {
        var state = Container.State;
        var words = Container.Config.Cmd ?? [];
        // Whoever stopped it: what takes longer than it may has no right to be called a success.
        var isOverTime = HasEnded && state.FinishedAt >= Deadline;
        var (reason, message) = isOverTime ? (RunEnds.TimedOut, DeployerTexts.RunTimedOut(Name, Limit))
            : HasEnded && state.OOMKilled ? (RunEnds.OutOfMemory, DeployerTexts.RunOutOfMemory(Name, memory))
            : lacksCommand ? (RunEnds.CommandNotFound, DeployerTexts.RunCommandNotFound(words is [var program, ..] ? program : ""))
            : ((string?)null, (string?)null);
        return new RunStatus
        {
            RunId = RunId,
            Name = Name,
            Command = words,
            Release = int.TryParse(AppContainers.LabelOf(Container, ImageLabels.RunRelease), NumberStyles.None, CultureInfo.InvariantCulture, out var release) ? release : 0,
            State = HasEnded ? RunStates.Ended : RunStates.Running,
            ExitCode = HasEnded ? isOverTime ? OverTime : state.ExitCode : null,
            Reason = reason,
            Message = message,
            CreatedAt = Container.Created.UtcDateTime,
            FinishedAt = HasEnded ? state.FinishedAt.UtcDateTime : null,
            TimeLimit = Limit,
        };
    }
}
