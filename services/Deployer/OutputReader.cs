using Microsoft.Extensions.Logging;
using Paas.Contracts;
using Paas.Deployer.Targets;
using Paas.Deployer.Targets.Output;
using Paas.Docker;
using Paas.Hosting.Steps;
using Paas.Kubernetes;

namespace Paas.Deployer;

/// <summary>Answers questions about what runs. What goes wrong is an answer as well: nobody would look into an error queue for it.</summary>
internal sealed partial class OutputReader(IEnumerable<IAppLogs> logs, IEnumerable<IInstanceStates> instances, RunKeeper runs, LogPoll poll, ILogger<OutputReader> logger)
{
    private const int MaxInstances = 5000;
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);
    private readonly Dictionary<string, IAppLogs> _logs = logs.ToDictionary(target => target.Name, StringComparer.Ordinal);

    private readonly Dictionary<string, IInstanceStates> _instances = instances.ToDictionary(target => target.Name, StringComparer.Ordinal);

    public Task<InstancesFound> FindAsync(FindInstances question, CancellationToken cancellation) => AnswerAsync(async () =>
    {
        var target = _instances.GetValueOrDefault(question.Target) ?? throw new RunRefusedException(DeployerTexts.UnknownTarget(question.Target, _instances.Keys));
        var found = await target.FindInstancesAsync(question.AppId, question.WithLastLines, cancellation);
        return new InstancesFound { Instances = [.. found.Take(MaxInstances)] };
    }, failure => new InstancesFound { Failure = failure });

    public Task<OutputLines> ReadAsync(ReadAppLogs question, CancellationToken cancellation) => AnswerAsync(async () =>
    {
        var target = _logs.GetValueOrDefault(question.Target) ?? throw new RunRefusedException(DeployerTexts.UnknownTarget(question.Target, _logs.Keys));
        Func<string, bool>? isWanted = question.Process is { } process
            ? source => source == process || source.StartsWith(process + ".", StringComparison.Ordinal)
            : null;
        var read = await poll.ReadAsync(
            stop => target.FindAsync(question.AppId, stop), stop => target.WaitForInstanceAsync(question.AppId, stop),
            question.Cursor, Math.Max(0, question.Tail), isWanted, Limit(question.Wait), cancellation);
        return new OutputLines { Lines = read.Lines, Cursor = read.Cursor, AtEnd = read.AtEnd };
    }, failure => new OutputLines { Failure = failure });

    public Task<OutputLines> ReadAsync(ReadRunOutput question, CancellationToken cancellation) => AnswerAsync(async () =>
    {
        var target = runs.TargetOf(question.Target);
        RunStatus? run = null;
        var read = await poll.ReadAsync(FindAsync, null, question.Cursor, null, null, Limit(question.Wait), cancellation);
        // One that has ended after its lines were read may have printed more.
        return new OutputLines { Lines = read.Lines, Cursor = read.Cursor, AtEnd = read.AtEnd, Run = read.AtEnd ? run : null };

        async Task<IReadOnlyList<ILogSource>> FindAsync(CancellationToken stop)
        {
            run = await target.FindAsync(question.AppId, question.App, question.Run, stop);
            return await target.OutputOfAsync(question.AppId, run, stop) is { } output ? [output] : [];
        }
    }, failure => new OutputLines { Failure = failure });

    public Task<RunsFound> FindAsync(FindRuns question, CancellationToken cancellation) => AnswerAsync(async () =>
    {
        var target = runs.TargetOf(question.Target);
        return question.Run is { } run
            ? new RunsFound { Runs = [await target.FindAsync(question.AppId, question.App, run, cancellation)] }
            : new RunsFound { Runs = await target.ListAsync(question.AppId, cancellation) };
    }, failure => new RunsFound { Failure = failure });

    public Task<RunsFound> StartAsync(StartRun command, CancellationToken cancellation) => AnswerAsync(
        async () => new RunsFound { Runs = [await runs.StartAsync(command, cancellation)] }, failure => new RunsFound { Failure = failure });

    public Task<RunsFound> StopAsync(StopRun command, CancellationToken cancellation) => AnswerAsync(async () =>
    {
        var target = runs.TargetOf(command.Target);
        var run = await target.FindAsync(command.AppId, command.App, command.Run, cancellation);
        await target.StopAsync(command.AppId, run.RunId, cancellation);
        return new RunsFound { Runs = [await target.FindAsync(command.AppId, command.App, command.Run, cancellation)] };
    }, failure => new RunsFound { Failure = failure });

    private static TimeSpan Limit(TimeSpan wait) => wait < TimeSpan.Zero ? TimeSpan.Zero : wait < LongestWait ? wait : LongestWait;

    private async Task<T> AnswerAsync<T>(Func<Task<T>> ask, Func<TargetFailure, T> fail)
    {
        try
        {
            return await ask();
        }
        catch (LogCursorException exception)
        {
            return fail(Failure(TargetFailureReason.CursorMalformed, exception.Message));
        }
        catch (RunUnknownException exception)
        {
            return fail(Failure(TargetFailureReason.NotFound, exception.Message));
        }
        catch (RunRefusedException exception)
        {
            return fail(Failure(TargetFailureReason.Refused, exception.Message));
        }
        catch (OperationCanceledException)
        {
            return fail(Failure(TargetFailureReason.Unavailable, DeployerTexts.Stopping()));
        }
        catch (Exception exception) when (exception is EngineException or EngineUnreachableException or StepPermanentException
            or KubernetesException or KubernetesUnreachableException or KubernetesAccessException)
        {
            Log.Unanswered(logger, exception);
            return fail(Failure(TargetFailureReason.Unavailable, exception.Message));
        }
        catch (Exception exception)
        {
            Log.Unanswered(logger, exception);
            return fail(Failure(TargetFailureReason.Unavailable, DeployerTexts.NotAnswered()));
        }
    }

    private static TargetFailure Failure(string reason, string message) => new() { Reason = reason, Message = message };

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "A question about what runs could not be answered")]
        public static partial void Unanswered(ILogger logger, Exception exception);
    }
}
