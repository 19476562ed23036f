using System.Globalization;
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
    public static async Task GetAsync(
        Guid id, bool? follow, HttpContext context, PaasDbContext db, LogReader reader, LogFollowers followers, IHostApplicationLifetime lifetime)
    {
        var events = EventStream.IsWanted(context.Request);
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
                await EventStream.WriteTextAsync(context, line.Content.Line + "\n", flush: line.EndsBatch);
        }
    }

    private static async Task WriteEventsAsync(HttpContext context, IAsyncEnumerable<LogEvent> events, CancellationToken cancellation)
    {
        var stream = new EventStream(context);
        await stream.StartAsync(cancellation);
        await foreach (var next in events)
        {
            var text = next switch
            {
                LogEvent.Line line => EventStream.Event(
                    "log", line.Content, string.Create(CultureInfo.InvariantCulture, $"{line.Position.Batch}.{line.Position.Line}")),
                LogEvent.Changed changed => EventStream.Event("deployment", changed.Deployment),
                LogEvent.Ended ended => EventStream.Event("end", ended.Deployment),
                _ => EventStream.KeepAlive,
            };
            await stream.WriteAsync(text, flush: next is not LogEvent.Line { EndsBatch: false });
        }
    }
}
