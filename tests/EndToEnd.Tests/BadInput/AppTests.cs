using System.Net;
using System.Net.Sockets;
using Paas.Contracts;
using Paas.Contracts.Api;

namespace Paas.EndToEnd.Tests.BadInput;

/// <summary>Apps that do not do what they should once they are started.</summary>
public sealed class AppTests(SharedPlatform shared) : IClassFixture<SharedPlatform>
{
    private const string Sleep = "import time\ntime.sleep(600)\n";
    private static readonly int OtherPort = FreePort();

    private static readonly Dictionary<string, (string App, string Reason, string[] Words)> Apps = new()
    {
        ["exits"] = ("import sys\nprint('the database is missing', flush=True)\nsys.exit(3)\n", FailureReason.AppExited, ["web.1", "exited with code 3", "last lines"]),
        ["exits-well"] = ("print('all done')\n", FailureReason.AppExited, ["web.1", "exited with code 0", "has to keep running"]),
        ["is-killed"] = ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n", FailureReason.AppExited, ["web.1", "SIGSEGV"]),
        ["never-listens"] = (Sleep, FailureReason.AppNotListening, ["web.1", "did not listen on any port within 2 s", "$PORT"]),
        ["wrong-port"] = ($"import socket\ns = socket.create_server(('127.0.0.1', {OtherPort}))\n{Sleep}",
            FailureReason.AppListensElsewhere, ["web.1", $"listens on {OtherPort} but PORT is", "$PORT"]),
        ["answers-500"] = (Server(status: 500), FailureReason.HealthCheckFailed, ["web.1", "GET /", "status 500", "2 s"]),
        ["never-answers"] = ($"import os, socket\ns = socket.create_server(('127.0.0.1', int(os.environ['PORT'])))\n{Sleep}",
            FailureReason.HealthCheckFailed, ["web.1", "did not answer GET /", "2 s"]),
        ["speaks-nonsense"] = ("""
            import os, socket
            s = socket.create_server(('127.0.0.1', int(os.environ['PORT'])))
            while True:
                c, _ = s.accept()
                c.sendall(b'220 mail.example.com\r\n')
                c.close()
            """, FailureReason.HealthCheckFailed, ["web.1", "has to speak HTTP"]),
        ["is-not-there"] = ("", FailureReason.AppExited, ["web.1", "exited with code 0"]),
    };

    public static TheoryData<string> Names => [.. Apps.Keys];

    private Platform Platform => shared.Platform;

    [Theory]
    [MemberData(nameof(Names))]
    public async Task An_app_that_does_not_come_up_is_explained_and_the_release_before_serves_on(string name)
    {
        var (code, reason, words) = Apps[name];
        using var repository = Repository.Python("'as before'");
        var app = await Platform.CreateAppAsync(name, repository);
        (await Platform.DeployAsync(app, repository)).State.ShouldBe(DeploymentStates.Succeeded);
        repository.Commit((".paas.yml", Manifest("2s")), ("app.py", code));

        var deployment = await Platform.DeployAsync(app, repository);

        await deployment.ShouldHaveFailedAsync(Platform, Step.DeployRelease, reason, words);
        (await Platform.GetAppAsync(name)).Body.ShouldBe("as before");
        (await Platform.Http.GetStringAsync($"/v1/apps/{name}")).ShouldContain("\"release\":1");
    }

    [Fact]
    public async Task What_an_app_printed_before_it_ended_is_in_the_log()
    {
        using var repository = new Repository((".paas.yml", Manifest("2s")), ("app.py", Apps["exits"].App));
        var app = await Platform.CreateAppAsync("last-words", repository);

        var deployment = await Platform.DeployAsync(app, repository);

        await deployment.ShouldHaveFailedAsync(Platform, Step.DeployRelease, FailureReason.AppExited);
        (await Platform.LogAsync(deployment.Id)).ShouldContain("the database is missing");
        (await Platform.GetAppAsync("last-words")).Status.ShouldNotBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_hundred_megabytes_of_log_neither_stop_the_app_nor_fill_the_platform()
    {
        using var repository = new Repository(
            (".paas.yml", Manifest("60s")),
            ("app.py", "import sys\nfor _ in range(100):\n    sys.stdout.write(('x' * 99 + '\\n') * 10_000)\nsys.stdout.flush()\n" + Repository.PythonApp("'after the flood'")));
        var app = await Platform.CreateAppAsync("talkative", repository);
        var before = Platform.ResidentBytes();

        var deployment = await Platform.DeployAsync(app, repository);

        deployment.State.ShouldBe(DeploymentStates.Succeeded, await Platform.LogAsync(deployment.Id));
        (await Platform.GetAppAsync("talkative")).Body.ShouldBe("after the flood");
        // Bounds that 100 MB kept anywhere would break by far.
        (Platform.ResidentBytes() - before).ShouldBeLessThan(150L << 20);
        new DirectoryInfo(Path.Combine(Platform.DataDirectory, "local")).EnumerateFiles("app.log*", SearchOption.AllDirectories)
            .Sum(file => file.Length).ShouldBeLessThan(25L << 20);
    }

    [Fact]
    public async Task A_hundred_megabytes_of_build_log_do_not_fill_the_platform_either()
    {
        using var repository = new Repository(
            (".paas.yml", "runtime: python\nentrypoint: [python, app.py]\nbuild: {command: [python, flood.py]}\n"),
            ("flood.py", "import sys\nfor _ in range(100):\n    sys.stdout.write(('x' * 99 + '\\n') * 10_000)\n"),
            ("app.py", Repository.PythonApp("'built'")));
        var app = await Platform.CreateAppAsync("talkative-build", repository);
        var before = Platform.ResidentBytes();

        var deployment = await Platform.DeployAsync(app, repository);

        deployment.State.ShouldBe(DeploymentStates.Succeeded);
        (Platform.ResidentBytes() - before).ShouldBeLessThan(150L << 20);
        var log = await Platform.LogAsync(deployment.Id);
        log.Length.ShouldBeLessThan(8 << 20);
        log.ShouldContain("more lines were left out");
    }

    [Fact]
    public async Task An_app_that_ignores_SIGTERM_is_replaced_and_ended_all_the_same()
    {
        const string stubborn = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n";
        using var repository = new Repository((".paas.yml", Manifest("30s")), ("app.py", stubborn + Repository.PythonApp("os.environ['PAAS_PROCESS']")));
        var app = await Platform.CreateAppAsync("stubborn", repository);
        (await Platform.DeployAsync(app, repository)).State.ShouldBe(DeploymentStates.Succeeded);
        var old = (await Platform.GetAppAsync("stubborn")).Body;
        Platform.Processes(old).Count.ShouldBe(1);
        repository.Commit(("app.py", stubborn + Repository.PythonApp("'the new one'")));

        var deployment = await Platform.DeployAsync(app, repository);

        deployment.State.ShouldBe(DeploymentStates.Succeeded);
        (await Platform.GetAppAsync("stubborn")).Body.ShouldBe("the new one");
        await Platform.UntilAsync(() => Task.FromResult(Platform.Processes(old).Count == 0), "the old process was gone");
    }

    private static string Manifest(string timeout) => $"runtime: python\nentrypoint: [python, app.py]\nhealth: {{timeout: {timeout}}}\n";

    private static string Server(int status) => Repository.PythonApp("''").Replace("send_response(200)", $"send_response({status})");

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
