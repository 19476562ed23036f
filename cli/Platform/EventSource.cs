using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;

namespace Paas.Cli.Platform;

/// <summary>What comes of a stream of server-sent events.</summary>
internal abstract record SourceEvent
{
    /// <summary>The type of an item that no platform has sent: the stream is open.</summary>
    public const string Open = "";

    public sealed record Item(string Type, string Data, string? Id) : SourceEvent;

    /// <summary>The stream was cut, and is being opened again.</summary>
    public sealed record Cut(string Why) : SourceEvent;

    /// <summary>It goes on after a cut.</summary>
    public sealed record Resumed : SourceEvent;
}

/// <summary>
/// Follows a stream until somebody says that it has ended. One that is cut, as when the platform is restarted, is opened
/// again after the last event that was kept.
/// </summary>
/// <param name="client">The platform.</param>
/// <param name="path">The stream's.</param>
/// <param name="time">The clock.</param>
/// <param name="patience">How long the platform may be away.</param>
internal sealed class EventSource(PlatformClient client, string path, TimeProvider time, TimeSpan patience)
{
    /// <summary>A connection that has been silent for so long may be dead; opening a new one loses nothing.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(250);
    private bool _ended;
    private bool _wasOpen;
    private long _lastContact = time.GetTimestamp();

    /// <summary>After which event a stream that was cut goes on.</summary>
    public string? LastId { get; set; }

    /// <summary>There is nothing more to wait for.</summary>
    public void End() => _ended = true;

    /// <param name="giveUp">What to say when the platform was away for too long, given the reason.</param>
    /// <param name="cancellation">Ends it.</param>
    public async IAsyncEnumerable<SourceEvent> ReadAsync(Func<string, string> giveUp, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var pause = ShortestPause;
        var cut = false;
        while (!_ended)
        {
            var reason = "";
            await using var events = ReadOnceAsync(cancellation).GetAsyncEnumerator(cancellation);
            while (!_ended)
            {
                try
                {
                    if (!await events.MoveNextAsync())
                        break;
                }
                catch (HttpRequestException exception)
                {
                    // After a restart the token is another, but it may not be written down yet.
                    var isOtherToken = client.FindAgain();
                    if (exception.StatusCode == HttpStatusCode.Unauthorized && !isOtherToken && !(_wasOpen && client.Address.IsOnThisMachine))
                        throw client.Unreachable(exception);
                    reason = exception.StatusCode is null or HttpStatusCode.Unauthorized
                        ? CliTexts.PlatformAway(client.Address.Url)
                        : client.Unreachable(exception).Message;
                    break;
                }
                catch (IOException exception)
                {
                    reason = CliTexts.StreamCut(client.Address.Url, exception.Message);
                    break;
                }

                if (cut)
                {
                    cut = false;
                    yield return new SourceEvent.Resumed();
                }

                if (events.Current.Id is not null)
                    pause = ShortestPause;
                yield return events.Current;
            }

            if (_ended)
                break;
            if (time.GetElapsedTime(_lastContact) > patience)
                throw CliException.Platform(giveUp(reason));
            if (reason.Length > 0 && !cut)
            {
                cut = true;
                yield return new SourceEvent.Cut(reason);
            }

            await Task.Delay(pause, time, cancellation);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    private async IAsyncEnumerable<SourceEvent.Item> ReadOnceAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        silence.CancelAfter(Silence);
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        if (LastId is { } last)
            request.Headers.TryAddWithoutValidation("Last-Event-ID", last);
        using var response = await UnlessSilentAsync(client.OpenAsync(request, silence.Token), cancellation);
        if (response.Content.Headers.ContentType?.MediaType != "text/event-stream")
        {
            // What has been a stream is one again when the platform, or what is in front of it, has started.
            throw _wasOpen ? new IOException(CliTexts.NoStreamNow()) : CliException.Platform(CliTexts.NotAStream());
        }

        _wasOpen = true;
        // What keeps a quiet connection alive is no event, but it is no silence.
        await using var body = new HeardStream(await response.Content.ReadAsStreamAsync(silence.Token), () =>
        {
            _lastContact = time.GetTimestamp();
            silence.CancelAfter(Silence);
        });
        yield return new SourceEvent.Item(SourceEvent.Open, "", null);
        await using var events = SseParser.Create(body).EnumerateAsync(silence.Token).GetAsyncEnumerator(silence.Token);
        while (await UnlessSilentAsync(events.MoveNextAsync().AsTask(), cancellation))
        {
            yield return new SourceEvent.Item(events.Current.EventType, events.Current.Data, events.Current.EventId);
        }
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
}
