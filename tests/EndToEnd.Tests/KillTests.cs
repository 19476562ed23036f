using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Servers;

namespace Paas.EndToEnd.Tests;

/// <summary>The platform is killed by SIGKILL at a chosen point, and started again.</summary>
public sealed class KillTests
{
    [Theory]
    // In each step, before it does anything and when it is done but nobody knows.
    [InlineData("consume:DownloadCode")]
    [InlineData("consumed:DownloadCode")]
    [InlineData("publish:CodeDownloaded")]
    [InlineData("consume:ValidateConfiguration")]
    [InlineData("publish:ConfigurationValidated")]
    [InlineData("consume:BuildImage")]
    [InlineData("publish:ImageBuilt")]
    [InlineData("consume:PublishImage")]
    [InlineData("publish:ImagePublished")]
    [InlineData("consume:DeployRelease")]
    [InlineData("consume:SwitchRoute")]
    [InlineData("consumed:SwitchRoute")]
    [InlineData("publish:ReleaseDeployed")]
    [InlineData("consume:ResolveUrl")]
    [InlineData("publish:UrlResolved")]
    // Between the commit of a decision and the sending of what was decided.
    [InlineData("send:PushReceived")]
    [InlineData("send:DeploymentRequested")]
    [InlineData("send:DownloadCode")]
    [InlineData("send:ValidateConfiguration")]
    [InlineData("send:BuildImage")]
    [InlineData("send:PublishImage")]
    [InlineData("send:DeployRelease")]
    [InlineData("send:ResolveUrl")]
    [InlineData("send:DeploymentSucceeded")]
    public async Task After_a_kill_the_deployment_succeeds_with_exactly_one_release(string point)
    {
        await using var platform = await Platform.StartWithKillAtAsync(point);
        using var repository = Repository.Python("'alive'");
        var app = await platform.CreateAppAsync("victim", repository);
        await platform.PushAcceptedAsync(app, repository);
        await platform.WaitForKillAsync();

        await platform.StartAgainAsync();

        var deployment = await platform.EndOfAsync(await platform.DeploymentOfAsync("victim", repository.Head));
        deployment.State.ShouldBe(DeploymentStates.Succeeded, await platform.LogAsync(deployment.Id));
        deployment.Release.ShouldBe(1);
        (await platform.Http.GetFromJsonAsync<Page<ReleaseResponse>>("/v1/apps/victim/releases"))!.Items.ShouldHaveSingleItem().State.ShouldBe(ReleaseStates.Live);
        (await platform.Http.GetFromJsonAsync<Page<DeploymentResponse>>("/v1/apps/victim/deployments"))!.Items.ShouldHaveSingleItem();
        // Of a deployment that had ended before the kill nobody has waited for the app to be back.
        if (point == "send:DeploymentSucceeded")
            await PlatformClient.UntilAsync(async () => (await platform.GetAppAsync("victim")).Body == "alive", "the app was back");
        (await platform.GetAppAsync("victim")).Body.ShouldBe("alive");
        platform.Processes().Count.ShouldBe(1, "the app runs once, and nothing of the killed platform runs on");
    }

    [Fact]
    public async Task Killed_while_two_deployments_wait_all_end_as_they_should()
    {
        await using var platform = await Platform.StartAsync();
        using var repository = Repository.Python("'first'");
        var app = await platform.CreateAppAsync("queue", repository, ConcurrencyPolicy.Queue);
        // Behind its walls a process shares the network with this one, and no file.
        var gate = Ports.Free();
        repository.Commit((".paas.yml", "runtime: python\nentrypoint: [python, app.py]\nrelease: [python, wait.py]\n"),
            ("wait.py", $"import socket, time\nwhile socket.socket().connect_ex(('127.0.0.1', {gate})): time.sleep(0.05)\n"));
        var commits = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            commits.Add(repository.Commit(("app.py", Repository.PythonApp($"'number {i}'"))));
            await platform.PushAcceptedAsync(app, repository);
            await platform.DeploymentOfAsync("queue", repository.Head);
        }

        var ids = new List<Guid>();
        foreach (var commit in commits)
            ids.Add(await platform.DeploymentOfAsync("queue", commit));
        await platform.DeploymentAsync(ids[0], x => x.State == DeploymentStates.DeployingRelease, "deploying");
        foreach (var waiting in ids[1..])
            await platform.DeploymentAsync(waiting, x => x.State == DeploymentStates.WaitingForTurn, "waiting");
        await platform.KillAsync();
        using var open = new TcpListener(IPAddress.Loopback, gate);
        open.Start();

        await platform.StartAgainAsync();

        for (var i = 0; i < 3; i++)
        {
            var deployment = await platform.EndOfAsync(ids[i]);
            deployment.State.ShouldBe(DeploymentStates.Succeeded);
            deployment.Release.ShouldBe(i + 1);
        }

        (await platform.GetAppAsync("queue")).Body.ShouldBe("number 2");
    }

    [Fact]
    public async Task Apps_that_were_running_run_again_after_a_kill_and_after_a_stop()
    {
        await using var platform = await Platform.StartAsync();
        using var server = Repository.Python("os.environ['PAAS_APP']");
        using var site = Repository.Static("a page");
        await platform.DeployAsync(await platform.CreateAppAsync("server", server), server);
        await platform.DeployAsync(await platform.CreateAppAsync("site", site), site);
        await platform.KillAsync();
        await platform.StartAgainAsync();
        await AnswersAsync(platform, "server", "server");
        await AnswersAsync(platform, "site", "a page");

        (await platform.StopAsync()).ShouldBe(0);
        platform.Processes().ShouldBeEmpty();
        await platform.StartAgainAsync();
        await AnswersAsync(platform, "server", "server");
        await AnswersAsync(platform, "site", "a page");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Stopped_or_killed_in_the_middle_of_a_build_the_deployment_goes_on_at_the_next_start(bool kill)
    {
        await using var platform = await Platform.StartAsync();
        // Behind its walls a process shares the network with this one, and no file.
        var gate = Ports.Free();
        using var repository = new Repository(
            (".paas.yml", "runtime: python\nentrypoint: [python, app.py]\nbuild:\n  command: [python, wait.py]\n"),
            ("wait.py", $"import socket, time\nprint('building', flush=True)\nwhile socket.socket().connect_ex(('127.0.0.1', {gate})): time.sleep(0.05)\n"),
            ("app.py", Repository.PythonApp("'built'")));
        var app = await platform.CreateAppAsync("builder", repository);
        await platform.PushAcceptedAsync(app, repository);
        var id = await platform.DeploymentOfAsync("builder", repository.Head);
        await Platform.UntilAsync(async () => (await platform.LogAsync(id)).Contains("building"), "the build began");

        if (kill)
        {
            await platform.KillAsync();
            await PlatformClient.UntilAsync(() => Task.FromResult(platform.Processes().Count == 0), "the walls, and all within, ended with the platform");
        }
        else
        {
            (await platform.StopAsync()).ShouldBe(0, platform.Output);
            platform.Processes().ShouldBeEmpty();
        }

        await platform.StartAgainAsync();
        // The build of the killed platform is gone before the gate opens: only the new one can come to its end.
        await Platform.UntilAsync(async () => (await platform.LogAsync(id)).Split("building").Length > 2, "the build began anew");
        using var open = new TcpListener(IPAddress.Loopback, gate);
        open.Start();

        var deployment = await platform.EndOfAsync(id);
        deployment.State.ShouldBe(DeploymentStates.Succeeded);
        deployment.Steps.Single(step => step.Name == Step.BuildImage).Attempt.ShouldBe(1);
        platform.Processes().Count.ShouldBe(1, "only the app runs");
    }

    private static Task AnswersAsync(Platform platform, string app, string body) =>
        Platform.UntilAsync(async () => (await platform.GetAppAsync(app)).Body == body, $"{app} answered '{body}'");
}
