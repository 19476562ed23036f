using System.Globalization;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Gateway.Deployments;
using Paas.Gateway.Http;

namespace Paas.Gateway.Output;

/// <summary>How what is printed is written: as text, or as server-sent events.</summary>
internal static class OutputEndpoint
{
    private const int MaxCursorLength = 16 * 1024;
    private const int MaxTail = 10_000;

    /// <summary>Where a stream that was cut goes on.</summary>
    public static string? ResumeAfter(HttpRequest request)
    {
        var last = EventStream.IsWanted(request) ? request.Headers["Last-Event-ID"].ToString() : "";
        if (last.Length == 0)
            return null;
        return last.Length <= MaxCursorLength && last.All(character => char.IsAsciiLetterOrDigit(character) || character is '.' or '_' or '~' or '-')
            ? last
            : throw ProblemException.Invalid("Last-Event-ID", GatewayTexts.LastEventIdMalformed());
    }

    /// <summary>How many of the last lines are asked for.</summary>
    public static int Tail(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= MaxTail
            ? number
            : throw ProblemException.Invalid("tail", GatewayTexts.TailInvalid(MaxTail));

    /// <param name="context">The request.</param>
    /// <param name="read">Reads what is to be told.</param>
    /// <param name="follow">Whether it goes on when there is no more for now.</param>
    /// <param name="app">The app's name.</param>
    /// <param name="line">A line as text.</param>
    /// <param name="ifEmpty">What to say instead of nothing; null for nothing.</param>
    public static async Task WriteAsync(
        HttpContext context, Func<CancellationToken, IAsyncEnumerable<OutputEvent>> read, bool follow, string app, Func<OutputLine, string> line,
        Func<ProblemException>? ifEmpty)
    {
        var services = context.RequestServices;
        var farewell = services.GetRequiredService<Farewell>();
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, farewell.Stopping);
        using var follower = follow ? services.GetRequiredService<LogFollowers>().Enter() : null;
        try
        {
            await using var events = read(ends.Token).GetAsyncEnumerator(ends.Token);
            // What is wrong with the question shows now, while the answer's status can still tell it.
            var any = await events.MoveNextAsync();
            if (!any && ifEmpty is not null)
                throw ifEmpty();
            if (EventStream.IsWanted(context.Request))
                await WriteEventsAsync(context, events, any, app, ends.Token);
            else
                await WriteTextAsync(context, events, any, line);
        }
        catch (OperationCanceledException) when (ends.IsCancellationRequested)
        {
            // Whoever reads has gone, or comes back after the restart with the id of the last event.
            await EndAsync(context, farewell);
        }
        catch (ProblemException) when (context.Response.HasStarted)
        {
            // What was followed is gone.
            await context.Response.CompleteAsync();
        }
    }

    /// <summary>Ends an answer early because the server stops: an answer that has not begun says so.</summary>
    public static async Task EndAsync(HttpContext context, Farewell farewell)
    {
        if (context.RequestAborted.IsCancellationRequested)
            return;
        if (!context.Response.HasStarted)
            farewell.RefuseToFollow();
        await context.Response.CompleteAsync();
    }

    private static async Task WriteTextAsync(HttpContext context, IAsyncEnumerator<OutputEvent> events, bool any, Func<OutputLine, string> line)
    {
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.StartAsync(context.RequestAborted);
        for (; any; any = await events.MoveNextAsync())
        {
            if (events.Current is OutputEvent.Lines lines)
                await EventStream.WriteTextAsync(context, string.Concat(lines.Content.Select(next => line(next) + "\n")));
        }
    }

    private static async Task WriteEventsAsync(
        HttpContext context, IAsyncEnumerator<OutputEvent> events, bool any, string app, CancellationToken cancellation)
    {
        var stream = new EventStream(context);
        await stream.StartAsync(cancellation);
        for (; any; any = await events.MoveNextAsync())
        {
            await stream.WriteAsync(events.Current switch
            {
                OutputEvent.Lines lines => EventStream.Event("lines", new LogLinesEvent { Lines = lines.Content }, lines.Cursor),
                OutputEvent.Run run => EventStream.Event(run.Status.State == RunStates.Ended ? "end" : "run", Runs.RunView.Show(app, run.Status)),
                OutputEvent.Waiting waiting => EventStream.Event("waiting", new LogWaitingEvent { Message = waiting.Message }),
                OutputEvent.Resumed => EventStream.Event("resumed", new object()),
                _ => EventStream.KeepAlive,
            });
        }
    }
}
