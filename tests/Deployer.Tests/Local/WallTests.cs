using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Deployer.Targets;
using Paas.Deployer.Tests.Crashes;
using Paas.Deployer.Tests.Support;
using Paas.Hosting;
using Paas.Hosting.Processes;
using Paas.Hosting.Secrets;

namespace Paas.Deployer.Tests.Local;

/// <summary>Apps that try to get at what is not theirs, and to stay when they are to end.</summary>
public sealed class WallTests
{
    /// <summary>Says which of the files and folders named it can read or write, whose variables it sees, and whom it can end.</summary>
    public const string Spy = """
        import glob, os, signal, sys, time
        def can(what, path, do):
            try: do(); print("can", what, path, flush=True)
            except OSError: pass
        def read(path):
            if os.path.isdir(path):
                if not os.listdir(path): raise OSError("empty")
            else: open(path, "rb").read()
        for path in sys.argv[2:]:
            can("read", path, lambda: read(path))
            can("write", path, lambda: open(*((path + "/x", "wb") if os.path.isdir(path) else (path, "r+b"))).close())
        for file in glob.glob("/proc/[0-9]*/environ"):
            try:
                if sys.argv[1].encode() in open(file, "rb").read(): print("can see the variables of", file, flush=True)
            except OSError: pass
        for file in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                if open(file, "rb").read().endswith(b"\0victim.py\0"): os.kill(int(file.split("/")[2]), signal.SIGKILL); print("can end", file, flush=True)
            except OSError: pass
        open("own", "w").write("own"); open("/tmp/own", "w").write("own"); open(os.environ["HOME"] + "/own", "w").write("own")
        print("done", open("app.py").read()[:6], os.environ["OWN"], flush=True)
        """;

    /// <summary>Leaves the session of what has started it, and everything by which it could be known.</summary>
    public const string Escape = """
        import os, sys, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.chdir("/"); os.closerange(0, 100)
                os.execve("/bin/sleep", ["sleep", sys.argv[1]], {})
            os._exit(0)
        os.wait()
        print("escaped", flush=True)
        if len(sys.argv) > 2: time.sleep(1000)
        """;

    [Theory]
    [InlineData("worker")]
    [InlineData("release")]
    [InlineData("run")]
    public async Task An_app_reaches_nothing_of_the_platform_or_of_another_app(string from)
    {
        await using var platform = await TestPlatform.StartAsync();
        var victim = await platform.WebAsync(1) with
        {
            AppId = Guid.NewGuid(),
            SealedConfigVars = platform.Services.GetRequiredService<SecretSealer>().SealAll(new Dictionary<string, string> { ["TOKEN"] = "victims-token" }),
            ImageDigest = await platform.PackAsync(("victim.py", TestApp.Web)),
            Run = TestApp.Python("victim.py"),
        };
        await platform.DeployAsync(victim);
        var folder = platform.DataDirectory;
        foreach (var file in new[] { "paas.db", "local-access.json" })
            await File.WriteAllTextAsync(Path.Combine(folder, file), "secret");
        string[] targets =
        [
            "paas.db", "local-access.json", "keys", "artifacts", $"local/{victim.AppId}", $"local/{victim.AppId}/current.json",
            $"local/{victim.AppId}/releases/v1/slug/victim.py", $"local/{platform.App}/current.json", $"local/{platform.App}/app.log", "builds", "locks",
        ];
        var foreign = Path.GetTempFileName();
        var spy = TestApp.Command(["python3", "spy.py", "victims-token", .. targets.Select(target => Path.Combine(folder, target)), foreign, "/etc"]);
        var plan = TestApp.Python(env: ("OWN", "mine"));
        var files = await platform.PackAsync(("app.py", TestApp.Web), ("spy.py", Spy), ("worker.py", "import subprocess, sys, time\nsubprocess.run(sys.argv[1:])\ntime.sleep(1000)"));
        plan = from switch
        {
            "worker" => plan with { Processes = [.. plan.Processes, new ProcessType { Name = "worker", Command = TestApp.Command(["python3", "worker.py", .. spy.Words]), Scale = 1 }] },
            "release" => plan with { Release = spy },
            _ => plan,
        };
        var release = TestApp.Release(platform.App, 1, files, plan);
        await platform.DeployAsync(release);

        var printed = platform.AppLog;
        if (from == "run")
            printed = string.Join('\n', (await new TestRuns(platform, Target.Local).RunAsync(new TestRuns(platform, Target.Local).Command(release, [.. spy.Words]))).Lines.Select(line => line.Text));
        await TestPlatform.UntilAsync(() => (from == "run" ? printed : platform.AppLog).Contains("done import mine", StringComparison.Ordinal), "the spy is done");
        var found = (from == "run" ? printed : platform.AppLog).Split('\n').Where(line => line.Contains("can ", StringComparison.Ordinal)).ToList();
        found.ShouldHaveSingleItem().ShouldEndWith("can read /etc");

        File.Delete(foreign);
        File.ReadAllText(platform.InSlug(1, "own")).ShouldBe("own", "its own folder is as it was");
        platform.Router.RouteOf(victim.AppId)!.Instances.Count.ShouldBe(1);
        platform.Services.GetRequiredService<IEnumerable<IDeploymentTarget>>().Single(target => target.Name == Target.Local).Status.WalledIn.ShouldBeTrue();
    }

    [Theory]
    [InlineData("worker", "1000.01")]
    [InlineData("release", "1000.02")]
    [InlineData("run", "1000.03")]
    public async Task What_an_app_leaves_behind_ends_with_it_however_it_hides(string from, string seconds)
    {
        await using var platform = await TestPlatform.StartAsync();
        var files = await platform.PackAsync(("app.py", TestApp.Web), ("escape.py", Escape));
        var plan = TestApp.Python();
        plan = from switch
        {
            "worker" => plan with { Processes = [.. plan.Processes, new ProcessType { Name = "worker", Command = TestApp.Command("python3", "escape.py", seconds, "stay"), Scale = 1 }] },
            "release" => plan with { Release = TestApp.Command("python3", "escape.py", seconds) },
            _ => plan,
        };
        var release = TestApp.Release(platform.App, 1, files, plan);
        await platform.DeployAsync(release);
        if (from == "run")
            (await new TestRuns(platform, Target.Local).RunAsync(new TestRuns(platform, Target.Local).Command(release, "python3", "escape.py", seconds))).Lines.Single().Text.ShouldBe("escaped");
        if (from == "worker")
        {
            await TestPlatform.UntilAsync(() => TestPlatform.Running($"sleep {seconds}").Count == 1, "it has escaped");
            await platform.Services.GetRequiredService<ReleaseDeployer>()
                .RemoveAsync(new RemoveApp { AppId = platform.App, App = "shop", Target = Target.Local }, TestContext.Current.CancellationToken);
        }

        TestPlatform.Running($"sleep {seconds}").ShouldBeEmpty();
    }

    [Fact]
    public async Task Without_walls_as_well_nothing_outlives_its_app_and_what_it_starts_openly_stays_with_it() =>
        await UnwalledPlatform.RunInOwnProcessAsync(UnwalledPlatform.Argument);

    [Fact]
    public async Task An_ordinary_user_can_build_walls()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "All other tests show it.");
        await UnwalledPlatform.RunInOwnProcessAsync(OrdinaryUserPlatform.Argument, user: 65534);
    }

    [Fact]
    public async Task Instances_outlive_the_thread_that_started_them()
    {
        await using var platform = await TestPlatform.StartAsync();
        // The kernel ends a walled process with the thread that has started it.
        var deploying = Task.CompletedTask;
        var command = await platform.WebAsync(1);
        var thread = new Thread(() => deploying = platform.DeployAsync(command));
        thread.Start();
        thread.Join();
        await deploying;
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => Thread.Sleep(1))));
        (await platform.AskAsync()).GetProperty("release").GetString().ShouldBe("v1");
        platform.Running().Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_platform_says_why_there_are_no_walls()
    {
        await using var platform = await TestPlatform.StartAsync(settings: ("Paas:Sandbox", "off"));
        var status = platform.Services.GetRequiredService<IEnumerable<IDeploymentTarget>>().Single(target => target.Name == Target.Local).Status;
        (status.WalledIn, status.Reason).ShouldBe((false, "Paas__Sandbox is off."));
        var missing = new Sandbox(SandboxMode.Auto, platform.DataDirectory, [], [], searchPath: "/nonexistent");
        missing.State.Reason!.ShouldContain("install the package bubblewrap");
        Should.Throw<StartException>(() => Start(SandboxMode.Required)).Message.ShouldStartWith("Paas__Sandbox is required, but apps can't be walled in. bubblewrap is not installed");
        await Start(SandboxMode.Auto);
        await platform.DeployAsync(await platform.WebAsync(1));
        (await platform.AskAsync()).GetProperty("release").GetString().ShouldBe("v1");

        Task Start(string mode) =>
            new SandboxStart(missing, Options.Create(new PaasOptions { Sandbox = mode }), NullLogger<SandboxStart>.Instance).StartingAsync(CancellationToken.None);
    }
}
