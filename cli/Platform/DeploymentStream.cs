using System.Globalization;
using System.Runtime.CompilerServices;
using Paas.Contracts.Api;

namespace Paas.Cli.Platform;

/// <summary>What the stream of a deployment tells.</summary>
internal abstract record StreamEvent
{
    /// <summary>A line of the log.</summary>
    public sealed record Log(LogLineEvent Line) : StreamEvent;

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
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly EventSource _source = new(client, ApiPaths.Logs(id), time, Patience, reason => CliTexts.GaveUpFollowing(reason, id));

    public async IAsyncEnumerable<StreamEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var happened in _source.ReadAsync(cancellation))
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
                    yield return new StreamEvent.Changed(ApiJson.Read(item.Data, ApiJson.Default.DeploymentResponse));
                    break;
                case SourceEvent.Item { Type: "log" } item when IsNew(item.Id):
                    yield return new StreamEvent.Log(ApiJson.Read(item.Data, ApiJson.Default.LogLineEvent));
                    break;
                case SourceEvent.Item { Type: "end" }:
                    _source.End();
                    break;
            }
        }
    }

    private bool IsNew(string? eventId)
    {
        if (string.IsNullOrEmpty(eventId))
            return true;
        // A resumed stream should begin after it; one that begins earlier all the same repeats nothing.
        if (_source.LastId is { } seen && Position(eventId) is { } position && Position(seen) is { } last && position.CompareTo(last) <= 0)
            return false;
        _source.LastId = eventId;
        return true;
    }

    /// <summary>Ids are a number, or a batch's number and a line's within it: <c>12.3</c>.</summary>
    private static (long Batch, long Line)? Position(string eventId)
    {
        var parts = eventId.Split('.');
        return parts.Length <= 2
            && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var batch)
            && long.TryParse(parts.Length == 2 ? parts[1] : "0", NumberStyles.None, CultureInfo.InvariantCulture, out var line) ? (batch, line) : null;
    }
}
