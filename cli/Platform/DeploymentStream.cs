using System.Globalization;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
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

    /// <summary>A connection that has been silent for so long may be dead; opening a new one loses nothing.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(250);
    private string? _lastLine;
    private bool _ended;

    public async IAsyncEnumerable<StreamEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        var lastContact = time.GetTimestamp();
        var pause = ShortestPause;
        var cut = false;
        while (!_ended)
        {
            var reason = "";
            await using var events = ReadOnceAsync(cancellation).GetAsyncEnumerator(cancellation);
            while (true)
            {
                try
                {
                    if (!await events.MoveNextAsync())
                        break;
                }
                catch (HttpRequestException exception)
                {
                    reason = client.Unreachable(exception).Message;
                    break;
                }
                catch (IOException exception)
                {
                    reason = CliTexts.StreamCut(exception.Message);
                    break;
                }

                lastContact = time.GetTimestamp();
                if (cut)
                {
                    cut = false;
                    yield return new StreamEvent.Resumed();
                }

                if (events.Current is StreamEvent.Log)
                    pause = ShortestPause;
                yield return events.Current;
            }

            if (_ended)
                break;
            if (time.GetElapsedTime(lastContact) > Patience)
                throw CliException.Platform(CliTexts.GaveUpFollowing(reason, id));
            if (reason.Length > 0 && !cut)
            {
                cut = true;
                yield return new StreamEvent.Cut(reason);
            }

            await Task.Delay(pause, time, cancellation);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    private async IAsyncEnumerable<StreamEvent> ReadOnceAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        silence.CancelAfter(Silence);
        using var request = new HttpRequestMessage(HttpMethod.Get, ApiPaths.Logs(id));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        if (_lastLine is { } last)
            request.Headers.TryAddWithoutValidation("Last-Event-ID", last);
        using var response = await UnlessSilentAsync(client.OpenAsync(request, silence.Token), cancellation);
        if (response.Content.Headers.ContentType?.MediaType != "text/event-stream")
            throw CliException.Platform(CliTexts.NotAStream());
        await using var body = await response.Content.ReadAsStreamAsync(silence.Token);
        await using var events = SseParser.Create(body).EnumerateAsync(silence.Token).GetAsyncEnumerator(silence.Token);
        while (await UnlessSilentAsync(events.MoveNextAsync().AsTask(), cancellation))
        {
            silence.CancelAfter(Silence);
            var current = events.Current;
            switch (current.EventType)
            {
                case "deployment":
                    yield return new StreamEvent.Changed(Read(current.Data, ApiJson.Default.DeploymentResponse));
                    break;
                case "log" when IsNew(current.EventId):
                    yield return new StreamEvent.Log(Read(current.Data, ApiJson.Default.LogLineEvent));
                    break;
                case "end":
                    _ended = true;
                    yield break;
            }
        }
    }

    private bool IsNew(string? eventId)
    {
        if (string.IsNullOrEmpty(eventId))
            return true;
        // A resumed stream should begin after it; one that begins earlier all the same repeats nothing.
        if (_lastLine is not null && Position(eventId) is { } position && Position(_lastLine) is { } last && position.CompareTo(last) <= 0)
            return false;
        _lastLine = eventId;
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

    private static async Task<T> UnlessSilentAsync<T>(Task<T> waiting, CancellationToken cancellation)
    {
        try
        {
            return await waiting;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new IOException(CliTexts.StreamSilent());
        }
    }

    private static T Read<T>(string data, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(data, type) ?? throw CliException.Platform(CliTexts.AnswerNotUnderstood());
        }
        catch (JsonException)
        {
            throw CliException.Platform(CliTexts.AnswerNotUnderstood());
        }
    }
}
