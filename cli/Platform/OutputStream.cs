using System.Runtime.CompilerServices;
using Paas.Contracts;
using Paas.Contracts.Api;

namespace Paas.Cli.Platform;

/// <summary>What the stream of an app's log, or of a run's output, tells.</summary>
internal abstract record OutputEvent
{
    public sealed record Line(OutputLine Content) : OutputEvent;

    /// <summary>A run has ended.</summary>
    public sealed record Ended(RunResponse Run) : OutputEvent;

    /// <summary>There are no lines for now, and why; it goes on by itself.</summary>
    public sealed record Trouble(string Why) : OutputEvent;

    /// <summary>It goes on.</summary>
    public sealed record Resumed : OutputEvent;
}

/// <summary>Follows what an app or a run prints: nothing is told twice or left out, whoever was away meanwhile.</summary>
/// <param name="client">The platform.</param>
/// <param name="path">Of the app's log, or the run's output.</param>
/// <param name="time">The clock.</param>
/// <param name="again">The command that follows it again.</param>
internal sealed class OutputStream(PlatformClient client, string path, TimeProvider time, string again)
{
    /// <summary>How long the platform may be away: somebody may have left it running over night.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromHours(1);

    public async IAsyncEnumerable<OutputEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        var source = new EventSource(client, path, time, Patience);
        string? trouble = null;
        await foreach (var happened in source.ReadAsync(reason => CliTexts.GaveUpFollowing(reason, again), cancellation))
        {
            if (happened is SourceEvent.Cut cut)
            {
                // The command has shown the reason already.
                if (trouble is null)
                    yield return new OutputEvent.Trouble(CliTexts.Reconnecting(cut.Why));
                trouble ??= cut.Why;
            }

            if (happened is not SourceEvent.Item item)
                continue;
            if (item.Type == "waiting")
            {
                var why = ApiJson.Read(item.Data, ApiJson.Default.LogWaitingEvent).Message;
                if (why != trouble)
                    yield return new OutputEvent.Trouble(why);
                trouble = why;
                continue;
            }

            if (trouble is not null)
                yield return new OutputEvent.Resumed();
            trouble = null;
            if (item.Type == "lines")
            {
                foreach (var line in ApiJson.Read(item.Data, ApiJson.Default.LogLinesEvent).Lines)
                    yield return new OutputEvent.Line(line);
                source.LastId = item.Id;
            }
            else if (item.Type == "end")
            {
                source.End();
                yield return new OutputEvent.Ended(ApiJson.Read(item.Data, ApiJson.Default.RunResponse));
            }
        }
    }
}
