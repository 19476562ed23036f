using System.Globalization;
using Microsoft.Extensions.Options;
using Paas.Contracts.Api;
using Paas.Gateway.Http;
using Paas.Gateway.Output;
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
        string id, bool? follow, string? tail, HttpContext context, PaasDbContext db, LogReader reader, LogFollowers followers, Farewell farewell)
    {
        var events = EventStream.IsWanted(context.Request);
        var after = events ? ResumeAfter(context.Request) : null;
        var last = tail is null ? (int?)null : OutputEndpoint.Tail(tail);
        var deployment = await db.FindDeploymentAsync(id, context.RequestAborted);
        var found = deployment.CorrelationId;
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, farewell.Stopping);
        try
        {
            var from = after ?? (last is { } lines ? await reader.StartOfTailAsync(found, lines, ends.Token) : LogPosition.Start);
            // The last lines may come a moment after the end: of what has ended the whole log is told.
            if (!events && follow != true && !DeploymentStates.IsFinal(deployment.CurrentState))
            {
                await WriteTextAsync(context, reader.ReadAsync(found, from, ends.Token));
                return;
            }

            using var follower = followers.Enter();
            if (events)
                await WriteEventsAsync(context, reader.FollowAsync(found, from, ends.Token), ends.Token);
            else
                await WriteTextAsync(context, reader.FollowAsync(found, from, ends.Token));
        }
        catch (OperationCanceledException) when (ends.IsCancellationRequested)
        {
            // The follower has gone, or comes back after the restart with the id of the last event.
            await OutputEndpoint.EndAsync(context, farewell);
        }
    }

    private static LogPosition? ResumeAfter(HttpRequest request)
    {
        var last = request.Headers["Last-Event-ID"].ToString();
        if (last.Length == 0)
            return null;
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
            if (next is LogEvent.Lines lines)
                await EventStream.WriteTextAsync(context, string.Concat(lines.Content.Lines.Select(line => line + "\n")));
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
                LogEvent.Lines lines => EventStream.Event(
                    "log", lines.Content, string.Create(CultureInfo.InvariantCulture, $"{lines.Last.Batch}.{lines.Last.Line}")),
                LogEvent.Changed changed => EventStream.Event("deployment", changed.Deployment),
                LogEvent.Ended ended => EventStream.Event("end", ended.Deployment),
                _ => EventStream.KeepAlive,
            };
            await stream.WriteAsync(text);
        }
    }
}
