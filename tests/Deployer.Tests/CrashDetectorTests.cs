using Paas.Contracts;

namespace Paas.Deployer.Tests;

public sealed class CrashDetectorTests
{
    private static readonly Guid App = Guid.NewGuid();
    private readonly CrashDetector _detector = new(TimeSpan.FromMinutes(1));
    private DateTime _now = new(2026, 11, 27, 10, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void Three_restarts_within_the_window_are_told_once()
    {
        Look(Running(restarts: 0)).ShouldBeEmpty();
        Look(Running(restarts: 1)).ShouldBeEmpty();
        Look(Running(restarts: 2)).ShouldBeEmpty();
        var told = Look(Restarting(restarts: 3)).ShouldHaveSingleItem();
        (told.Kind, told.AppId, told.Process, told.Instance, told.Restarts, told.ExitCode).ShouldBe((AppEventKind.CrashLooping, App, "web", "web.1", 3, 7));
        Look(Restarting(restarts: 4)).ShouldBeEmpty();
        Look(Running(restarts: 5)).ShouldBeEmpty();
    }

    [Fact]
    public void Restarts_long_apart_are_no_crash_loop()
    {
        Look(Running(restarts: 0));
        for (var restarts = 1; restarts < 10; restarts++)
            Look(Running(restarts), after: TimeSpan.FromMinutes(6)).ShouldNotContain(told => told.Kind == AppEventKind.CrashLooping);
    }

    [Fact]
    public void What_lasts_is_told_again_now_and_then()
    {
        Look(Running(restarts: 0));
        var told = 0;
        for (var restarts = 1; restarts < 32; restarts++)
            told += Look(Restarting(restarts), after: TimeSpan.FromMinutes(1)).Count;
        told.ShouldBe(3);
    }

    [Fact]
    public void One_that_stays_up_has_recovered_which_is_told_once()
    {
        Look(Running(restarts: 0));
        Look(Restarting(restarts: 3)).ShouldHaveSingleItem();
        var up = Running(restarts: 3) with { Since = _now };
        Look(up, after: TimeSpan.FromSeconds(50)).ShouldBeEmpty();
        Look(up, after: TimeSpan.FromSeconds(20)).ShouldHaveSingleItem().Kind.ShouldBe(AppEventKind.Recovered);
        Look(up, after: TimeSpan.FromHours(1)).ShouldBeEmpty();
        Look(Restarting(restarts: 6)).ShouldHaveSingleItem().Kind.ShouldBe(AppEventKind.CrashLooping);
    }

    [Fact]
    public void A_deployer_that_was_restarted_tells_of_what_crashes_and_of_what_is_stable_but_not_of_old_restarts()
    {
        Look(Restarting(restarts: 40)).ShouldHaveSingleItem().Kind.ShouldBe(AppEventKind.CrashLooping);
        var other = new CrashDetector(TimeSpan.FromMinutes(1));
        other.Look([Running(restarts: 40) with { Since = _now.AddSeconds(-5) }], _now).ShouldBeEmpty();
        other.Look([Running(restarts: 40) with { Since = _now.AddSeconds(-5) }], _now.AddMinutes(2)).ShouldHaveSingleItem().Kind.ShouldBe(AppEventKind.Recovered);
    }

    [Fact]
    public void A_new_release_is_not_blamed_for_the_one_before_and_ends_its_crash_loop()
    {
        Look(Running(restarts: 0));
        Look(Restarting(restarts: 3)).ShouldHaveSingleItem().Release.ShouldBe(1);
        var next = Running(restarts: 0) with { Release = 2 };
        Look(next).ShouldBeEmpty();
        var told = Look(next, after: TimeSpan.FromMinutes(1)).ShouldHaveSingleItem();
        (told.Kind, told.Release).ShouldBe((AppEventKind.Recovered, 2));
    }

    [Fact]
    public void Instances_that_are_replaced_and_end_again_are_one_crash_loop()
    {
        Look(Running(restarts: 0));
        for (var pod = 0; pod < 2; pod++)
            Look(Restarting(restarts: 1) with { Name = $"web.{pod}x" }).ShouldBeEmpty();
        Look(Restarting(restarts: 1) with { Name = "web.last" }).ShouldHaveSingleItem();
    }

    private IReadOnlyList<RecordAppEvent> Look(InstanceStatus instance, TimeSpan? after = null)
    {
        _now += after ?? TimeSpan.FromSeconds(15);
        return _detector.Look([instance with { LastExitAt = instance.State == InstanceState.Restarting ? _now : instance.LastExitAt }], _now);
    }

    private InstanceStatus Running(int restarts) => Restarting(restarts) with { State = InstanceState.Running, Since = _now };

    private static InstanceStatus Restarting(int restarts) => new()
    {
        AppId = App,
        App = "shop",
        Name = "web.1",
        Process = "web",
        Release = 1,
        State = InstanceState.Restarting,
        Restarts = restarts,
        LastExitCode = 7,
    };
}
