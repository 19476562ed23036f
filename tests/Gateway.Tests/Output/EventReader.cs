using System.Net.ServerSentEvents;

namespace Paas.Gateway.Tests.Output;

/// <summary>Reads a stream of server-sent events.</summary>
internal sealed class EventReader(HttpResponseMessage answer, IAsyncEnumerator<SseItem<string>> events) : IAsyncDisposable
{
    public static async Task<EventReader> OpenAsync(HttpClient client, string path, string? after = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd("text/event-stream");
        if (after is not null)
            request.Headers.TryAddWithoutValidation("Last-Event-ID", after);
        var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        return new EventReader(answer, SseParser.Create(await answer.Content.ReadAsStreamAsync()).EnumerateAsync().GetAsyncEnumerator());
    }

    /// <returns>Null at the end.</returns>
    public async Task<SseItem<string>?> NextAsync() =>
        await events.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30)) ? events.Current : null;

    public async ValueTask DisposeAsync()
    {
        await events.DisposeAsync();
        answer.Dispose();
    }
}
