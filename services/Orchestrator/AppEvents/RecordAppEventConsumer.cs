using MassTransit;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Persistence;
using Paas.Persistence.Entities;

namespace Paas.Orchestrator.AppEvents;

/// <summary>
/// Writes what happens to apps into their history, once each: the deployer tells again what lasts, and after its restart
/// what it has told already.
/// </summary>
internal sealed class RecordAppEventConsumer(PaasDbContext db) : IConsumer<RecordAppEvent>
{
    /// <summary>How many events of an app are kept.</summary>
    private const int Kept = 100;

    private const int MaxText = 500;

    public async Task Consume(ConsumeContext<RecordAppEvent> context)
    {
        var (told, cancellation) = (context.Message, context.CancellationToken);
        if (!await db.Apps.AnyAsync(app => app.Id == told.AppId, cancellation))
            return; // removed since
        var last = await db.AppEvents.Where(x => x.AppId == told.AppId && x.Process == told.Process)
            .OrderByDescending(x => x.At).ThenByDescending(x => x.Id).FirstOrDefaultAsync(cancellation);
        var isCrash = told.Kind == AppEventKind.CrashLooping;
        // What is older than the last comes late. Only what has crashed recovers.
        if (last?.LastAt > told.At || (!isCrash && last?.Kind != AppEventKind.CrashLooping))
            return;
        if (last is null || last.Kind != told.Kind || last.Release != told.Release)
        {
            last = new AppEvent { Id = NewId.NextGuid(), AppId = told.AppId, Kind = told.Kind, Process = told.Process, Instance = told.Instance, Release = told.Release, At = told.At };
            db.AppEvents.Add(last);
        }

        (last.Instance, last.LastAt, last.Restarts) = (Shorten(told.Instance)!, told.At, told.Restarts);
        (last.ExitCode, last.Reason, last.LastLine) = (told.ExitCode, Shorten(told.Reason), Shorten(told.LastLine));
        await db.SaveChangesAsync(cancellation);
        var old = await db.AppEvents.Where(x => x.AppId == told.AppId).OrderByDescending(x => x.At).ThenByDescending(x => x.Id).Skip(Kept).Select(x => x.Id).ToListAsync(cancellation);
        if (old.Count > 0)
            await db.AppEvents.Where(x => old.Contains(x.Id)).ExecuteDeleteAsync(cancellation);
    }

    /// <summary>A NUL is no text to a database.</summary>
    private static string? Shorten(string? text)
    {
        text = text?.Replace('\0', ' ');
        return text is { Length: > MaxText } ? text[..(char.IsHighSurrogate(text[MaxText - 1]) ? MaxText - 1 : MaxText)] + "…" : text;
    }
}
