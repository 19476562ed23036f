using MassTransit;
using Paas.Contracts;
using Paas.Gateway.Http;
using Paas.Hosting.Messaging;

namespace Paas.Gateway.Output;

/// <summary>Asks the deployer about what runs: it alone reaches the targets.</summary>
internal sealed class DeployerClient(IBus bus)
{
    /// <summary>How long an answer may take, besides what it is to wait for.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>What is known at once.</summary>
    private static readonly TimeSpan ShortPatience = TimeSpan.FromSeconds(5);

    /// <summary>A run may have to fetch its image, or to start an add-on; one that is stopped has time to end.</summary>
    private static readonly TimeSpan PatienceWithRuns = TimeSpan.FromSeconds(60);

    public Task<OutputLines> AskAsync(ReadAppLogs question, CancellationToken cancellation) =>
        AskAsync<ReadAppLogs, OutputLines>(Endpoints.Output, question, question.Wait + Patience, GatewayTexts.DeployerSilent(), cancellation);

    public Task<OutputLines> AskAsync(ReadRunOutput question, CancellationToken cancellation) =>
        AskAsync<ReadRunOutput, OutputLines>(Endpoints.Output, question, question.Wait + Patience, GatewayTexts.DeployerSilent(), cancellation);

    public async Task<IReadOnlyList<RunStatus>> AskAsync(FindRuns question, CancellationToken cancellation) =>
        RunsOf(await AskAsync<FindRuns, RunsFound>(Endpoints.Output, question, Patience, GatewayTexts.DeployerSilent(), cancellation));

    /// <exception cref="ProblemException">It is not known how they are.</exception>
    public async Task<IReadOnlyList<InstanceStatus>> AskAsync(FindInstances question, TimeSpan patience, CancellationToken cancellation)
    {
        var answer = await AskAsync<FindInstances, InstancesFound>(Endpoints.Output, question, patience, GatewayTexts.InstancesUnknown(question.Target), cancellation);
        return answer.Failure is { } failure ? throw ProblemOf(failure) : answer.Instances;
    }

    public async Task<RunStatus> AskAsync(StartRun command, CancellationToken cancellation) => RunsOf(
        await AskAsync<StartRun, RunsFound>(Endpoints.Run, command, PatienceWithRuns, GatewayTexts.RunPerhapsStarted(command.App), cancellation))[0];

    public async Task<RunStatus> AskAsync(StopRun command, CancellationToken cancellation) => RunsOf(
        await AskAsync<StopRun, RunsFound>(Endpoints.Run, command, PatienceWithRuns, GatewayTexts.DeployerSilent(), cancellation))[0];

    public Task<TargetsFound> FindTargetsAsync(CancellationToken cancellation) =>
        AskAsync<FindTargets, TargetsFound>(Endpoints.Output, new FindTargets(), ShortPatience, GatewayTexts.DeployerSilent(), cancellation);

    /// <summary>What a failure is to whoever asked.</summary>
    public static ProblemException ProblemOf(TargetFailure failure) => failure.Reason switch
    {
        TargetFailureReason.NotFound => ProblemException.NotFound(failure.Message),
        TargetFailureReason.Refused => ProblemException.Conflict(failure.Message),
        TargetFailureReason.CursorMalformed => ProblemException.Invalid("Last-Event-ID", GatewayTexts.LastEventIdMalformed()),
        _ => ProblemException.Unavailable(failure.Message),
    };

    private static IReadOnlyList<RunStatus> RunsOf(RunsFound answer) => answer.Failure is { } failure ? throw ProblemOf(failure) : answer.Runs;

    private async Task<TAnswer> AskAsync<TQuestion, TAnswer>(
        Uri address, TQuestion question, TimeSpan limit, string silent, CancellationToken cancellation)
        where TQuestion : class
        where TAnswer : class
    {
        try
        {
            return await bus.AskAsync<TQuestion, TAnswer>(address, question, limit, cancellation);
        }
        catch (Exception exception) when (exception is TimeoutException or RequestException)
        {
            throw ProblemException.Unavailable(silent);
        }
    }
}
