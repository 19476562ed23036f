using System.Text;
using System.Text.Json;

namespace Paas.Gateway.Http;

/// <summary>An answer of server-sent events, as https://html.spec.whatwg.org/multipage/server-sent-events.html has them.</summary>
internal sealed class EventStream(HttpContext context)
{
    public const string MediaType = "text/event-stream";

    public const string KeepAlive = ": keep-alive\n\n";

    public static bool IsWanted(HttpRequest request) =>
        request.GetTypedHeaders().Accept.Any(accepted => accepted.MediaType.Equals(MediaType, StringComparison.OrdinalIgnoreCase));

    public async Task StartAsync(CancellationToken cancellation)
    {
        context.Response.ContentType = MediaType;
        context.Response.Headers.CacheControl = "no-store";
        // Proxies such as nginx would collect the lines.
        context.Response.Headers["X-Accel-Buffering"] = "no";
        await context.Response.StartAsync(cancellation);
    }

    /// <param name="text">Of <see cref="Event"/>, or <see cref="KeepAlive"/>.</param>
    public ValueTask WriteAsync(string text) => WriteTextAsync(context, text);

    /// <summary>Text that goes out at once, in one compressed piece.</summary>
    public static async ValueTask WriteTextAsync(HttpContext context, string text)
    {
        Encoding.UTF8.GetBytes(text, context.Response.BodyWriter);
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    /// <summary>JSON has no line ends of its own, so one line of data is enough.</summary>
    /// <param name="name">The event's.</param>
    /// <param name="content">Its data.</param>
    /// <param name="id">What a stream that is cut is resumed with; null for none. Without line ends.</param>
    public static string Event<T>(string name, T content, string? id = null) =>
        $"event: {name}\n{(id is null ? "" : $"id: {id}\n")}data: {JsonSerializer.Serialize(content, JsonSerializerOptions.Web)}\n\n";
}
