using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Persistence.Entities;

namespace Paas.Orchestrator.Tests;

public sealed class ReleaseTests : IAsyncLifetime
{
    private static readonly string Commit = new('c', 40);
    private Platform _platform = null!;
    private App _app = null!;

    public async ValueTask InitializeAsync()
    {
        _platform = await Platform.StartAsync();
        _app = await _platform.CreateAppAsync();
    }

    public ValueTask DisposeAsync() => _platform.DisposeAsync();

    [Fact]
    public async Task The_live_commit_again_makes_no_release_and_the_live_one_goes_on()
    {
        await _platform.SetConfigVarAsync(_app, "COLOR", "red");
        await DeployAsync();
        // Sealed anew, it looks different.
        await _platform.SetConfigVarAsync(_app, "COLOR", "red");

        var again = await DeployAsync();

        again.Release.ShouldBe(1);
        var release = (await _platform.ReleasesAsync(_app)).ShouldHaveSingleItem();
        release.State.ShouldBe(ReleaseStates.Live);
        release.DeploymentId.ShouldNotBe(again.CorrelationId);
        (await _platform.InDbAsync(db => Task.FromResult(db.Environments.Single()))).LastRelease.ShouldBe(1);
        Commands<DeployRelease>().Select(command => command.Release).ShouldBe([1, 1]);
        Commands<ResolveUrl>().Last().Release.ShouldBe(1);
        (await _platform.LogAsync(again.CorrelationId)).ShouldContain("Nothing has changed since v1, which goes on.");
    }

    [Theory]
    [InlineData("commit")]
    [InlineData("config")]
    [InlineData("formation")]
    [InlineData("no-cache")]
    [InlineData("restart")]
    public async Task What_changes_anything_or_asks_for_it_makes_a_release(string what)
    {
        await _platform.SetConfigVarAsync(_app, "COLOR", "red");
        await DeployAsync();
        if (what == "config")
            await _platform.SetConfigVarAsync(_app, "COLOR", "blue");
        if (what == "formation")
            await _platform.ScaleAsync(_app, new() { ["web"] = 2 });

        var next = await DeployAsync(what == "restart" ? DeploymentTriggers.Restart : DeploymentTriggers.Push, x =>
        {
            x.Commit = what == "commit" ? new string('d', 40) : Commit;
            x.NoCache = what == "no-cache";
        });

        next.Release.ShouldBe(2);
        (await _platform.ReleasesAsync(_app)).Select(release => release.State).ShouldBe([ReleaseStates.Retired, ReleaseStates.Live]);
    }

    [Fact]
    public async Task The_formation_wins_over_the_manifest_lasts_over_deployments_and_can_be_taken_back()
    {
        await _platform.ScaleAsync(_app, new() { ["web"] = 3, ["gone"] = 1 });
        await DeployAsync();
        await DeployAsync(change: x => x.Commit = new string('d', 40));
        await _platform.ScaleAsync(_app, new() { ["web"] = 0 });
        await DeployAsync(DeploymentTriggers.Scale);
        await DeployAsync(DeploymentTriggers.Rollback, x => x.RollbackTo = 1);
        await _platform.ScaleAsync(_app, null);
        await DeployAsync(DeploymentTriggers.Scale);

        var scales = Commands<DeployRelease>().Select(command => command.Run.Processes.ShouldHaveSingleItem());
        scales.Select(web => (web.Scale, web.ManifestScale)).ShouldBe([(3, 1), (3, 1), (0, 1), (0, 1), (1, null)]);
        // Where there is no instance there is no URL: the step after has to know.
        Commands<ResolveUrl>()[2].Run.Processes.Single().Scale.ShouldBe(0);
    }

    [Fact]
    public async Task Scaling_and_restarting_after_a_rollback_keep_its_config_vars()
    {
        await DeployAsync();
        await _platform.SetConfigVarAsync(_app, "COLOR", "red");
        await DeployAsync(DeploymentTriggers.ConfigChange);
        await DeployAsync(DeploymentTriggers.Rollback, x => x.RollbackTo = 1);
        await _platform.ScaleAsync(_app, new() { ["web"] = 2 });

        await DeployAsync(DeploymentTriggers.Scale);
        await DeployAsync(DeploymentTriggers.Restart, x => x.Description = "Restart");

        var releases = await _platform.ReleasesAsync(_app);
        releases.Select(release => release.SealedConfigVars is null).ShouldBe([true, false, true, true, true]);
        releases[^1].Description.ShouldBe("Restart");
    }

    [Fact]
    public async Task A_deployment_that_shares_the_live_release_and_fails_leaves_it_live()
    {
        await DeployAsync();
        _platform.Workers.Hold(Step.DeployRelease);
        var again = await _platform.RequestAsync(_app, DeploymentTriggers.Push, x => x.Commit = Commit);
        await _platform.WaitForAsync(again, DeploymentStates.DeployingRelease);
        await Platform.UntilAsync(() => Commands<DeployRelease>().Count == 2, "the release was sent again");
        var command = Commands<DeployRelease>()[1];

        await _platform.Bus.Publish(new ReleaseDeployFailed
        {
            DeploymentId = again,
            Attempt = command.Attempt,
            LogId = Guid.NewGuid(),
            LogBatches = 0,
            Reason = FailureReason.AppExited,
            Message = "web.1 exited.",
        });

        (await _platform.WaitForAsync(again, DeploymentStates.Failed)).Release.ShouldBe(1);
        (await _platform.ReleasesAsync(_app)).ShouldHaveSingleItem().State.ShouldBe(ReleaseStates.Live);
        (await _platform.InDbAsync(db => Task.FromResult(db.Environments.Single()))).LiveRelease.ShouldBe(1);
    }

    [Fact]
    public async Task One_that_would_have_shared_a_release_makes_its_own_when_another_has_taken_over_meanwhile()
    {
        await DeployAsync();
        _platform.Workers.Fault(Step.DeployRelease);
        var again = await _platform.RequestAsync(_app, DeploymentTriggers.Push, x => x.Commit = Commit);
        (await _platform.WaitForAsync(again, DeploymentStates.Faulted)).Release.ShouldBe(1);
        _platform.Workers.Instead = (_, _) => Task.FromResult(false);
        await DeployAsync(DeploymentTriggers.Restart);

        await _platform.ScaleAsync(_app, new() { ["web"] = 2 });
        await _platform.Bus.Publish(new ReplayDeployment { DeploymentId = again, RequestedBy = "operator" });

        (await _platform.WaitForAsync(again, DeploymentStates.Succeeded)).Release.ShouldBe(3);
        (await _platform.ReleasesAsync(_app)).Select(release => (release.Version, release.State))
            .ShouldBe([(1, ReleaseStates.Retired), (2, ReleaseStates.Retired), (3, ReleaseStates.Live)]);
    }

    [Fact]
    public async Task What_changes_the_live_release_neither_overtakes_another_kind_nor_newer_code()
    {
        await DeployAsync();
        _platform.Workers.Hold(Step.BuildImage);
        var push = await _platform.RequestAsync(_app, change: x => x.Commit = new string('d', 40));
        await Platform.UntilAsync(() => _platform.Workers.Count(Step.BuildImage) == 2, "the build began");
        await _platform.ScaleAsync(_app, new() { ["web"] = 2 });
        var scale = await _platform.RequestAsync(_app, DeploymentTriggers.Scale);
        var restart = await _platform.RequestAsync(_app, DeploymentTriggers.Restart);
        var restartAgain = await _platform.RequestAsync(_app, DeploymentTriggers.Restart);
        await _platform.WaitForAsync(restart, DeploymentStates.Superseded);
        await _platform.WaitForAsync(scale, DeploymentStates.WaitingForTurn);

        _platform.Workers.Instead = (_, _) => Task.FromResult(false);
        await _platform.Bus.Publish(Workers.Success(_platform.Workers.Received.Last(x => x is BuildImage)));

        await _platform.WaitForAsync(push, DeploymentStates.Succeeded);
        // The push has brought the formation already.
        (await _platform.WaitForAsync(scale, DeploymentStates.Succeeded)).Release.ShouldBe(2);
        (await _platform.WaitForAsync(restartAgain, DeploymentStates.Succeeded)).Release.ShouldBe(3);
    }

    private List<T> Commands<T>() => [.. _platform.Workers.Received.OfType<T>()];

    private async Task<DeploymentState> DeployAsync(string trigger = DeploymentTriggers.Push, Action<DeploymentState>? change = null) =>
        await _platform.WaitForAsync(await _platform.RequestAsync(_app, trigger, x =>
        {
            x.Commit = Commit;
            change?.Invoke(x);
        }), DeploymentStates.Succeeded);
}
