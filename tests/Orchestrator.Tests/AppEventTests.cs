using MassTransit;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Hosting.Messaging;
using Paas.Persistence.Entities;

namespace Paas.Orchestrator.Tests;

/// <summary>The history of an app, from what the deployer tells again and again.</summary>
public sealed class AppEventTests
{
    private static readonly DateTime Ten = new(2026, 11, 27, 10, 0, 0, DateTimeKind.Utc);

    [Fact]
    public async Task What_lasts_is_one_event_and_its_end_another()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();

        await TellAsync(platform, Crash(app, minute: 0, restarts: 3), Crash(app, minute: 10, restarts: 9), Crash(app, minute: 10, restarts: 9), Recovery(app, minute: 20), Recovery(app, minute: 21));

        var events = await EventsAsync(platform, app, count: 2);
        events.Select(x => (x.Kind, x.At, x.LastAt, x.Restarts)).ShouldBe(
        [
            (AppEventKind.CrashLooping, Ten, Ten.AddMinutes(10), 9),
            (AppEventKind.Recovered, Ten.AddMinutes(20), Ten.AddMinutes(20), 0),
        ]);
        (events[0].ExitCode, events[0].LastLine).ShouldBe((5, "no database"));
    }

    [Fact]
    public async Task What_never_crashed_does_not_recover_and_what_is_told_late_is_old()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();

        await TellAsync(platform, Recovery(app, minute: 0), Crash(app, minute: 5, restarts: 3), Recovery(app, minute: 10), Crash(app, minute: 7, restarts: 5), Crash(app, minute: 30, restarts: 3));

        (await EventsAsync(platform, app, count: 3)).Select(x => (x.Kind, x.At)).ShouldBe(
            [(AppEventKind.CrashLooping, Ten.AddMinutes(5)), (AppEventKind.Recovered, Ten.AddMinutes(10)), (AppEventKind.CrashLooping, Ten.AddMinutes(30))]);
    }

    [Fact]
    public async Task Another_release_that_crashes_is_an_event_of_its_own_and_a_removed_app_has_none()
    {
        await using var platform = await Platform.StartAsync();
        var app = await platform.CreateAppAsync();

        await TellAsync(platform, Crash(app, minute: 0, restarts: 3) with { AppId = Guid.NewGuid() }, Crash(app, minute: 1, restarts: 3), Crash(app, minute: 2, restarts: 3) with { Release = 2 });

        (await EventsAsync(platform, app, count: 2)).Select(x => x.Release).ShouldBe([1, 2]);
        (await platform.InDbAsync(db => db.AppEvents.CountAsync())).ShouldBe(2);
    }

    private static async Task TellAsync(Platform platform, params RecordAppEvent[] told)
    {
        var endpoint = await platform.Bus.GetSendEndpoint(Endpoints.AppEvents);
        foreach (var one in told)
            await endpoint.Send(one, TestContext.Current.CancellationToken);
        // One after the other, so what comes last is written last.
        var marker = await platform.CreateAppAsync("marker");
        await endpoint.Send(Crash(marker, minute: 0, restarts: 3), TestContext.Current.CancellationToken);
        await EventsAsync(platform, marker, count: 1);
        await platform.InDbAsync(db => db.AppEvents.Where(x => x.AppId == marker.Id).ExecuteDeleteAsync());
    }

    private static async Task<List<AppEvent>> EventsAsync(Platform platform, App app, int count)
    {
        var deadline = DateTime.UtcNow.AddSeconds(30);
        List<AppEvent> events;
        while ((events = await platform.InDbAsync(db => db.AppEvents.Where(x => x.AppId == app.Id).OrderBy(x => x.At).ToListAsync())).Count < count)
        {
            DateTime.UtcNow.ShouldBeLessThan(deadline, $"{count} events were not written");
            await Task.Delay(20);
        }

        events.Count.ShouldBe(count);
        return events;
    }

    private static RecordAppEvent Crash(App app, int minute, int restarts) => new()
    {
        AppId = app.Id,
        Kind = AppEventKind.CrashLooping,
        Process = "web",
        Instance = "web.1",
        Release = 1,
        At = Ten.AddMinutes(minute),
        Restarts = restarts,
        ExitCode = 5,
        LastLine = "no database",
    };

    private static RecordAppEvent Recovery(App app, int minute) => Crash(app, minute, restarts: 0) with { Kind = AppEventKind.Recovered, ExitCode = null, LastLine = null };
}
