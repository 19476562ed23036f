using System.Diagnostics;
using Paas.Contracts;
using Paas.Deployer.Tests.Support;
using Paas.Hosting.Steps;

namespace Paas.Deployer.Tests.Local;

/// <summary>Each way in which an app does not become healthy, told apart; the release before goes on serving.</summary>
public sealed class UnhealthyReleaseTests
{
    [Fact]
    public async Task An_app_that_exits_is_noticed_at_once()
    {
        var watch = Stopwatch.StartNew();
        var (failure, log) = await FailAsync("print('KeyError: DATABASE_URL')\nraise SystemExit(7)", timeout: 60);
        failure.Reason.ShouldBe(FailureReason.AppExited);
        failure.Message.ShouldContain("web.1 exited with code 7");
        log.ShouldContain("KeyError: DATABASE_URL");
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(30));
    }

    [Theory]
    [InlineData("auto", "")]
    [InlineData("off", "")]
    [InlineData("off", "time.sleep(0.3)")]
    public async Task An_app_that_puts_its_server_into_the_background_and_ends_is_not_healthy(string sandbox, string beforeTheEnd)
    {
        await using var platform = await TestPlatform.StartAsync(settings: ("Paas:Sandbox", sandbox));
        await platform.DeployAsync(await platform.WebAsync(1));
        var digest = await platform.PackAsync(("app.py", TestApp.Web), ("start.py", $"""
            import os, socket, subprocess, time
            subprocess.Popen(["python3", "app.py"], start_new_session=True)
            if {(beforeTheEnd.Length == 0 ? "False" : "True")}:
                while socket.socket().connect_ex(("127.0.0.1", int(os.environ["PORT"]))): time.sleep(0.01)
                {(beforeTheEnd.Length == 0 ? "pass" : beforeTheEnd)}
            print("started in the background", flush=True)
            """));
        var failure = await platform.FailAsync(TestApp.Release(platform.App, 2, digest, TestApp.Python("start.py")));
        failure.Reason.ShouldBe(FailureReason.AppExited);
        failure.Message.ShouldContain("web.1 exited with code 0");
        failure.Message.ShouldContain("run it in the foreground");
        platform.Log.Text.ShouldContain("started in the background");
        platform.Log.Text.ShouldNotContain("v2 has taken over");
        (await platform.AskAsync()).GetProperty("release").GetString().ShouldBe("v1");
        platform.Running().Count.ShouldBe(1);
    }

    [Fact]
    public async Task An_app_that_a_signal_ends_says_which()
    {
        var (failure, _) = await FailAsync("import os\nos.kill(os.getpid(), 11)");
        failure.Reason.ShouldBe(FailureReason.AppExited);
        failure.Message.ShouldContain("SIGSEGV");
    }

    [Fact]
    public async Task A_command_that_is_not_there_is_named()
    {
        var (failure, _) = await FailAsync("", TestApp.Plan([new ProcessType { Name = "web", Command = TestApp.Command("gunicron", "app:app") }]));
        failure.Reason.ShouldBe(FailureReason.AppExited);
        failure.Message.ShouldContain("'gunicron'");
    }

    [Fact]
    public async Task An_app_that_never_listens_is_told_its_port()
    {
        var (failure, log) = await FailAsync("import os, time\nprint('PORT', os.environ['PORT'], flush=True)\ntime.sleep(1000)");
        failure.Reason.ShouldBe(FailureReason.AppNotListening);
        failure.Message.ShouldContain(log.Split("PORT ")[1].Split('\n')[0]);
    }

    [Fact]
    public async Task An_app_that_listens_elsewhere_is_told_where()
    {
        var (failure, _) = await FailAsync(TestApp.Web, TestApp.Python(timeout: 2, env: ("PORT_OFFSET", "-12000")));
        failure.Reason.ShouldBe(FailureReason.AppListensElsewhere);
        var port = int.Parse(failure.Message.Split("PORT is ")[1].Split(';')[0]);
        failure.Message.ShouldContain($"It listens on {port - 12000} but PORT is {port}; listen on $PORT.");
    }

    [Fact]
    public async Task A_child_of_the_app_that_listens_elsewhere_is_found_too()
    {
        var (failure, _) = await FailAsync(TestApp.Web, TestApp.Plan(
            [new ProcessType { Name = "web", Command = TestApp.Command("python3", "-c", "import subprocess; subprocess.run(['python3', 'app.py'])") }], 2, ("PORT_OFFSET", "-12000")));
        failure.Reason.ShouldBe(FailureReason.AppListensElsewhere);
    }

    [Fact]
    public async Task An_app_that_answers_500_names_path_and_status()
    {
        var (failure, _) = await FailAsync(TestApp.Web, TestApp.Python(timeout: 2, env: ("STATUS", "503")) with { Health = new HealthCheck { Path = "/ready?deep=1", Timeout = TimeSpan.FromSeconds(2) } });
        failure.Reason.ShouldBe(FailureReason.HealthCheckFailed);
        failure.Message.ShouldContain("GET /ready?deep=1");
        failure.Message.ShouldContain("503");
    }

    [Fact]
    public async Task An_app_that_listens_and_never_answers_is_not_told_to_listen_elsewhere()
    {
        var (failure, _) = await FailAsync(
            "import os, socket, time\ns = socket.create_server(('127.0.0.1', int(os.environ['PORT'])))\ntime.sleep(1000)", TestApp.Python(timeout: 2));
        failure.Reason.ShouldBe(FailureReason.HealthCheckFailed);
        failure.Message.ShouldContain("did not answer GET /");
    }

    [Fact]
    public async Task An_app_that_does_not_speak_http_fails_its_health_check()
    {
        var (failure, _) = await FailAsync("import os, socket\ns = socket.create_server(('127.0.0.1', int(os.environ['PORT'])))\nwhile True:\n  c = s.accept()[0]\n  c.sendall(b'hello\\n')\n  c.close()");
        failure.Reason.ShouldBe(FailureReason.HealthCheckFailed);
    }

    [Fact]
    public async Task A_worker_that_exits_early_fails_the_release()
    {
        var (failure, log) = await FailAsync("print('nothing to do')", TestApp.Python(type: "worker"));
        failure.Reason.ShouldBe(FailureReason.AppExited);
        failure.Message.ShouldContain("worker.1 exited with code 0");
        log.ShouldContain("nothing to do");
    }

    [Fact]
    public async Task One_bad_process_type_fails_the_whole_release()
    {
        var (failure, _) = await FailAsync(TestApp.Web, TestApp.Plan([
            new ProcessType { Name = "web", Command = TestApp.Command("python3", "app.py") },
            new ProcessType { Name = "clock", Command = TestApp.Command("false") }]));
        failure.Message.ShouldContain("clock.1");
    }

    [Fact]
    public async Task A_redirect_and_a_404_are_healthy()
    {
        await using var platform = await TestPlatform.StartAsync();
        await platform.DeployAsync(await platform.WebAsync(1, TestApp.Python(env: ("STATUS", "404"))));
        await platform.DeployAsync(await platform.WebAsync(2, TestApp.Python(env: ("STATUS", "302"))));
        platform.Router.RouteOf(platform.App)!.Release.ShouldBe(2);
    }

    [Fact]
    public async Task An_app_on_ipv6_only_is_healthy_and_routed_there()
    {
        await using var platform = await TestPlatform.StartAsync();
        await platform.DeployAsync(await platform.WebAsync(1, TestApp.Python(env: ("IPV6", "1"))));
        platform.Router.InstanceOf(platform.App).Host.ShouldBe("[::1]");
        (await platform.AskAsync()).GetProperty("release").GetString().ShouldBe("v1");
    }

    private static Task<(StepFailedException, string)> FailAsync(string script, double timeout = 2) => FailAsync(script, TestApp.Python(timeout: timeout));

    /// <summary>Deploys a healthy release and then a bad one, which must not have changed anything.</summary>
    private static async Task<(StepFailedException, string)> FailAsync(string script, RunPlan run)
    {
        await using var platform = await TestPlatform.StartAsync();
        await platform.DeployAsync(await platform.WebAsync(1));
        var digest = await platform.PackAsync(("app.py", script));
        var failure = await platform.FailAsync(TestApp.Release(platform.App, 2, digest, run));
        (await platform.AskAsync()).GetProperty("release").GetString().ShouldBe("v1");
        platform.Running().Count.ShouldBe(1);
        platform.Router.Switches.Count.ShouldBe(1);
        return (failure, platform.Log.Text);
    }
}
