using System.Globalization;
using System.Runtime.CompilerServices;
using Paas.Contracts.Api;

namespace Paas.Cli.Platform;

/// <summary>What the stream of a deployment tells.</summary>
internal abstract record StreamEvent
{
    /// <summary>A line of the log.</summary>
    public sealed record Log(string Step, string Line) : StreamEvent;

    /// <summary>The deployment as it stands now.</summary>
    public sealed record Changed(DeploymentResponse Deployment) : StreamEvent;

    /// <summary>The stream was cut, and is being opened again.</summary>
    public sealed record Cut(string Why) : StreamEvent;

    /// <summary>The stream goes on after a cut.</summary>
    public sealed record Resumed : StreamEvent;
}

/// <summary>
/// Follows a deployment to its end. A stream that is cut, as when the platform is restarted, is resumed after the
/// last line that arrived.
/// </summary>
internal sealed class DeploymentStream(PlatformClient client, Guid id, TimeProvider time)
{
    /// <summary>How long the platform may be away.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly EventSource _source = new(client, ApiPaths.Logs(id), time, Patience);

    public PlatformClient Client => client;

    public Guid Id => id;

    /// <summary>What people call it; its id until the platform has said it.</summary>
    public string Name { get; private set; } = $"{id:D}";

    public async IAsyncEnumerable<StreamEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var happened in _source.ReadAsync(reason => CliTexts.GaveUpFollowingDeployment(reason, Name), cancellation))
        {
            switch (happened)
            {
                case SourceEvent.Cut cut:
                    yield return new StreamEvent.Cut(cut.Why);
                    break;
                case SourceEvent.Resumed:
                    yield return new StreamEvent.Resumed();
                    break;
                case SourceEvent.Item { Type: "deployment" } item:
                    var deployment = ApiJson.Read(item.Data, ApiJson.Default.DeploymentResponse);
                    Name = deployment.Name;
                    yield return new StreamEvent.Changed(deployment);
                    break;
                case SourceEvent.Item { Type: "log" } item:
                    var log = ApiJson.Read(item.Data, ApiJson.Default.DeploymentLogEvent);
                    foreach (var line in log.Lines.TakeLast(CountNew(item.Id, log.Lines.Count)))
                        yield return new StreamEvent.Log(log.Step, line);
                    break;
                case SourceEvent.Item { Type: "end" }:
                    _source.End();
                    break;
            }
        }
    }

    /// <summary>A resumed stream should begin after the last line; of one that begins earlier all the same nothing is repeated.</summary>
    private int CountNew(string? eventId, int count)
    {
        if (string.IsNullOrEmpty(eventId))
            return count;
        if (_source.LastId is { } seen && Position(eventId) is { } position && Position(seen) is { } last)
        {
            if (position.CompareTo(last) <= 0)
                return 0;
            if (position.Batch == last.Batch)
                count = (int)Math.Min(count, position.Line - last.Line);
        }

        _source.LastId = eventId;
        return count;
    }

    /// <summary>A batch's number and that of the last line within it: <c>12.3</c>.</summary>
    private static (long Batch, long Line)? Position(string eventId) =>
        eventId.Split('.') is [var first, var second]
            && long.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var batch)
            && long.TryParse(second, NumberStyles.None, CultureInfo.InvariantCulture, out var line) ? (batch, line) : null;
}
