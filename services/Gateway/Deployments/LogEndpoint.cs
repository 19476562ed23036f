using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Paas.Contracts.Api;
using Paas.Gateway.Http;
using Paas.Persistence;

namespace Paas.Gateway.Deployments;

/// <summary>How many follow logs at the moment.</summary>
internal sealed class LogFollowers(IOptions<GatewayOptions> options)
{
    private int _count;

    /// <exception cref="ProblemException">There are as many as there may be.</exception>
    public IDisposable Enter()
    {
        if (Interlocked.Increment(ref _count) <= options.Value.LogFollowers)
            return new Follower(this);
        Interlocked.Decrement(ref _count);
        throw ProblemException.Unavailable(GatewayTexts.TooManyFollowers(options.Value.LogFollowers));
    }

    private sealed class Follower(LogFollowers all) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref all._count);
    }
}

internal static class LogEndpoint
{
    private const string EventStream = "text/event-stream";

    public static async Task GetAsync(
        Guid id, bool? follow, HttpContext context, PaasDbContext db, LogReader reader, LogFollowers followers, IHostApplicationLifetime lifetime)
    {
        var events = context.Request.GetTypedHeaders().Accept.Any(accepted => accepted.MediaType.Equals(EventStream, StringComparison.OrdinalIgnoreCase));
        var after = events ? ResumeAfter(context.Request) : LogPosition.Start;
        var deployment = await db.FindDeploymentAsync(id, context.RequestAborted);
        // Whoever follows must not keep the platform from stopping.
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            // The last lines may come a moment after the end: of what has ended the whole log is told.
            if (!events && follow != true && !DeploymentStates.IsFinal(deployment.CurrentState))
            {
                await WriteTextAsync(context, reader.ReadAsync(id, after, ends.Token));
                return;
            }

            using var follower = followers.Enter();
            if (events)
                await WriteEventsAsync(context, reader.FollowAsync(id, after, ends.Token), ends.Token);
            else
                await WriteTextAsync(context, reader.FollowAsync(id, after, ends.Token));
        }
        catch (OperationCanceledException) when (ends.IsCancellationRequested)
        {
            // The follower has gone, or comes back after the restart with the id of the last event.
            if (!context.RequestAborted.IsCancellationRequested)
                await context.Response.CompleteAsync();
        }
    }

    private static LogPosition ResumeAfter(HttpRequest request)
    {
        var last = request.Headers["Last-Event-ID"].ToString();
        if (last.Length == 0)
            return LogPosition.Start;
        return LogPosition.TryParse(last, out var position)
            ? position
            : throw ProblemException.Invalid("Last-Event-ID", GatewayTexts.LastEventIdMalformed());
    }

    private static async Task WriteTextAsync(HttpContext context, IAsyncEnumerable<LogEvent> events)
    {
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.StartAsync(context.RequestAborted);
        await foreach (var next in events)
        {
            if (next is LogEvent.Line line)
                await WriteAsync(context, line.Content.Line + "\n", flush: line.EndsBatch);
        }
    }

    private static async Task WriteEventsAsync(HttpContext context, IAsyncEnumerable<LogEvent> events, CancellationToken cancellation)
    {
        context.Response.ContentType = EventStream;
        context.Response.Headers.CacheControl = "no-store";
        // Proxies such as nginx would collect the lines.
        context.Response.Headers["X-Accel-Buffering"] = "no";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        await context.Response.StartAsync(cancellation);
        await foreach (var next in events)
        {
            var text = next switch
            {
                LogEvent.Line line => Event(
                    "log", line.Content, string.Create(CultureInfo.InvariantCulture, $"id: {line.Position.Batch}.{line.Position.Line}\n")),
                LogEvent.Changed changed => Event("deployment", changed.Deployment),
                LogEvent.Ended ended => Event("end", ended.Deployment),
                _ => ": keep-alive\n\n",
            };
            await WriteAsync(context, text, flush: next is not LogEvent.Line { EndsBatch: false });
        }
    }

    private static async ValueTask WriteAsync(HttpContext context, string text, bool flush)
    {
        Encoding.UTF8.GetBytes(text, context.Response.BodyWriter);
        if (flush)
            await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    /// <summary>JSON has no line ends of its own, so one line of data is enough.</summary>
    private static string Event<T>(string name, T content, string id = "") =>
        $"event: {name}\n{id}data: {JsonSerializer.Serialize(content, JsonSerializerOptions.Web)}\n\n";
}
