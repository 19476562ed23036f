using Paas.Contracts;
using Paas.Hosting.Steps;
using Paas.Servers;
using static Paas.Deployer.Tests.Docker.DockerPlatform;

namespace Paas.Deployer.Tests.Docker;

/// <summary>Each way in which a container does not become healthy, told apart; the release before goes on serving.</summary>
public sealed class UnhealthyContainerTests(DockerEngine engine) : IClassFixture<DockerEngine>
{
    [Fact]
    public async Task One_that_exits_tells_its_code_and_last_lines()
    {
        var (failure, log) = await FailAsync("echo no database; exit 7", Patience);
        failure.Reason.ShouldBe(FailureReason.AppExited);
        failure.Message.ShouldContain("web.1 exited with code 7");
        log.ShouldContain("The last lines web.1 printed");
        log.ShouldContain("no database");
    }

    [Fact]
    public async Task One_that_needs_too_much_memory_is_told_the_limit()
    {
        var (failure, _) = await FailAsync("exec tail /dev/zero", Patience, ("Deployer:AppMemory", "32"));
        failure.Reason.ShouldBe(FailureReason.AppExited);
        failure.Message.ShouldBe("web.1 needed more memory than it may have, 32 MiB, and was ended. Let it use less, or have the limit raised: Deployer__AppMemory=64.");
    }

    [Fact]
    public async Task A_command_that_is_not_there_is_named()
    {
        var (failure, _) = await FailAsync(new ProcessType { Name = "web", Command = Support.TestApp.Command("gunicron", "app:app") }, Patience);
        failure.Reason.ShouldBe(FailureReason.AppExited);
        failure.Message.ShouldContain("'gunicron app:app'");
        failure.Message.ShouldContain("was not found");
    }

    [Fact]
    public async Task One_that_never_listens_is_told_its_port()
    {
        var (failure, _) = await FailAsync("exec sleep 1000", 3);
        failure.Reason.ShouldBe(FailureReason.AppNotListening);
        failure.Message.ShouldContain("Its PORT was 8080");
    }

    [Fact]
    public async Task One_that_listens_elsewhere_is_told_where()
    {
        var (failure, _) = await FailAsync("exec httpd -f -p 3000 -h /tmp", 3);
        failure.Reason.ShouldBe(FailureReason.AppListensElsewhere);
        failure.Message.ShouldContain("It listens on 3000 but PORT is 8080");
    }

    [Fact]
    public async Task One_that_listens_for_itself_only_is_told_so()
    {
        var (failure, _) = await FailAsync("exec httpd -f -p 127.0.0.1:8080 -h /tmp", 3);
        failure.Reason.ShouldBe(FailureReason.AppListensElsewhere);
        failure.Message.ShouldContain("Let it listen on 0.0.0.0");
    }

    [Fact]
    public async Task One_that_does_not_speak_http_fails_its_health_check()
    {
        var (failure, _) = await FailAsync("while true; do echo hello | nc -l -p 8080; done", 4);
        failure.Reason.ShouldBeOneOf(FailureReason.HealthCheckFailed, FailureReason.AppNotListening);
        failure.Message.ShouldContain("web.1");
    }

    [Fact]
    public async Task A_worker_that_exits_early_fails_the_release()
    {
        var (failure, log) = await FailAsync(Process("worker", "echo nothing to do"), Patience);
        failure.Message.ShouldContain("worker.1 exited with code 0");
        log.ShouldContain("nothing to do");
    }

    private Task<(StepFailedException, string)> FailAsync(string script, double timeout, params (string, string?)[] settings) =>
        FailAsync(Process(ProcessType.Web, script), timeout, settings);

    private async Task<(StepFailedException, string)> FailAsync(ProcessType process, double timeout, params (string, string?)[] settings)
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, Missing);
        await using var platform = await StartAsync(engine, settings);
        await platform.DeployAsync(1, Plan(Web()));
        var failure = await platform.FailAsync(2, Plan(timeout, process));
        (await platform.AskAsync()).ShouldBe("v1");
        (await platform.ContainersAsync()).ShouldBe(["paas-shop-v1-web-1"]);
        platform.Router.Switches.Count.ShouldBe(1);
        return (failure, platform.Log);
    }
}
