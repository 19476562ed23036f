using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Gateway.Http;
using Paas.Persistence;

namespace Paas.Gateway.Output;

/// <summary>Something to tell whoever reads.</summary>
internal abstract record OutputEvent
{
    /// <param name="Content">The lines.</param>
    /// <param name="Cursor">Where it goes on behind them.</param>
    public sealed record Lines(IReadOnlyList<OutputLine> Content, string Cursor) : OutputEvent;

    /// <summary>A run is in another state, or has ended.</summary>
    public sealed record Run(RunStatus Status) : OutputEvent;

    /// <summary>There are no lines for now, and why.</summary>
    public sealed record Waiting(string Message) : OutputEvent;

    /// <summary>What was waited for is there again.</summary>
    public sealed record Resumed : OutputEvent
    {
        public static Resumed Instance { get; } = new();
    }

    public sealed record Quiet : OutputEvent
    {
        public static Quiet Instance { get; } = new();
    }
}

/// <summary>
/// Asks the deployer for the next lines, again and again. Nobody keeps anything but the cursor, which whoever reads gets
/// with the lines, so that each of the three may end and come back.
/// </summary>
internal sealed class OutputFollower(PaasDbContext db, TimeProvider clock)
{
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(10);

    /// <summary>Between two answers: what is printed one line at a time is not asked for one line at a time.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(0.5), LongestDelay = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(10);

    /// <param name="appId">The app; when it is gone there is nothing to follow any more.</param>
    /// <param name="ask">Asks for what is behind a cursor, with a time to wait for it.</param>
    /// <param name="cursor">Where to begin; null for the beginning.</param>
    /// <param name="follow">Whether to go on when there is no more for now.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ProblemException">The question is wrong; or, without <paramref name="follow"/>, there is no answer.</exception>
    public async IAsyncEnumerable<OutputEvent> ReadAsync(
        Guid appId, Func<string?, TimeSpan, CancellationToken, Task<OutputLines>> ask, string? cursor, bool follow,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        var delay = FirstDelay;
        var checkedAt = clock.GetTimestamp();
        string? state = null;
        var isWaiting = false;
        while (true)
        {
            var (answer, trouble) = await TryAskAsync(ask, cursor, follow, cancellation);
            if (answer is null)
            {
                isWaiting = true;
                yield return new OutputEvent.Waiting(trouble!);
                await Task.Delay(delay, clock, cancellation);
                delay = delay * 2 < LongestDelay ? delay * 2 : LongestDelay;
                continue;
            }

            if (isWaiting)
                yield return OutputEvent.Resumed.Instance;
            (isWaiting, delay) = (false, FirstDelay);
            cursor = answer.Cursor ?? cursor;
            if (answer.Lines.Count > 0)
                yield return new OutputEvent.Lines(answer.Lines, cursor!);
            if (answer.Run is { } run && run.State != state)
            {
                state = run.State;
                yield return new OutputEvent.Run(run);
            }

            if (!answer.AtEnd)
                continue;
            if (!follow || state == RunStates.Ended)
                yield break;
            if (answer.Lines.Count == 0)
                yield return OutputEvent.Quiet.Instance;
            if (clock.GetElapsedTime(checkedAt) >= CheckInterval)
            {
                checkedAt = clock.GetTimestamp();
                if (!await db.Apps.AnyAsync(app => app.Id == appId, cancellation))
                    yield break;
            }

            await Task.Delay(Pause, clock, cancellation);
        }
    }

    /// <returns>The answer, or why there is none yet.</returns>
    private static async Task<(OutputLines? Answer, string? Trouble)> TryAskAsync(
        Func<string?, TimeSpan, CancellationToken, Task<OutputLines>> ask, string? cursor, bool follow, CancellationToken cancellation)
    {
        try
        {
            var answer = await ask(cursor, follow ? Wait : TimeSpan.Zero, cancellation);
            return answer.Failure is { } failure ? throw DeployerClient.ProblemOf(failure) : (answer, null);
        }
        catch (ProblemException problem) when (follow && problem.Status == StatusCodes.Status503ServiceUnavailable)
        {
            return (null, problem.Message);
        }
    }
}
