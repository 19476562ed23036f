using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;

namespace Paas.Gateway.Http;

/// <summary>An answer of server-sent events, as https://html.spec.whatwg.org/multipage/server-sent-events.html has them.</summary>
internal sealed class EventStream(HttpContext context)
{
    private const string MediaType = "text/event-stream";

    public const string KeepAlive = ": keep-alive\n\n";

    public static bool IsWanted(HttpRequest request) =>
        request.GetTypedHeaders().Accept.Any(accepted => accepted.MediaType.Equals(MediaType, StringComparison.OrdinalIgnoreCase));

    public async Task StartAsync(CancellationToken cancellation)
    {
        context.Response.ContentType = MediaType;
        context.Response.Headers.CacheControl = "no-store";
        // Proxies such as nginx would collect the lines.
        context.Response.Headers["X-Accel-Buffering"] = "no";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        await context.Response.StartAsync(cancellation);
    }

    /// <param name="text">Of <see cref="Event"/>, or <see cref="KeepAlive"/>.</param>
    /// <param name="flush">Whether it is to go out now.</param>
    public ValueTask WriteAsync(string text, bool flush = true) => WriteTextAsync(context, text, flush);

    public static async ValueTask WriteTextAsync(HttpContext context, string text, bool flush)
    {
        Encoding.UTF8.GetBytes(text, context.Response.BodyWriter);
        if (flush)
            await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    /// <summary>JSON has no line ends of its own, so one line of data is enough.</summary>
    /// <param name="name">The event's.</param>
    /// <param name="content">Its data.</param>
    /// <param name="id">What a stream that is cut is resumed with; null for none. Without line ends.</param>
    public static string Event<T>(string name, T content, string? id = null) =>
        $"event: {name}\n{(id is null ? "" : $"id: {id}\n")}data: {JsonSerializer.Serialize(content, JsonSerializerOptions.Web)}\n\n";
}
