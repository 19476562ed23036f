using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Paas.Contracts;
using Paas.Deployer.Tests.Local;
using Paas.Deployer.Tests.Support;
using Paas.Hosting.Processes;

namespace Paas.Deployer.Tests.Crashes;

/// <summary>A deployer without walls in a process of its own, which therefore may end whatever it did not start itself.</summary>
internal static class UnwalledPlatform
{
    public const string Argument = "--unwalled";

    private const string Escaped = "1000.04", Daemon = "1000.05";

    public static async Task<int> RunAsync(string dataDirectory)
    {
        var platform = await TestPlatform.StartAsync(dataDirectory, null, services => services.AddHostedService<EscapeWatch>(), ("Paas:Sandbox", "off"));
        var daemon = $"import os, time\nif os.fork() == 0:\n  os.setsid()\n  if os.fork() == 0: os.execvp('sleep', ['sleep', '{Daemon}'])\n  os._exit(0)\nos.wait()\ntime.sleep(1000)";
        var files = await platform.PackAsync(("app.py", TestApp.Web), ("escape.py", WallTests.Escape), ("daemon.py", daemon));
        var plan = TestApp.Python();
        var release = TestApp.Release(platform.App, 1, files, plan with
        {
            Processes =
            [
                .. plan.Processes,
                new ProcessType { Name = "worker", Command = TestApp.Command("python3", "escape.py", Escaped, "stay"), Scale = 1 },
                new ProcessType { Name = "daemon", Command = TestApp.Command("python3", "daemon.py"), Scale = 1 },
            ],
        });
        await platform.DeployAsync(release);
        await TestPlatform.UntilAsync(() => platform.AppLog.Contains("escaped", StringComparison.Ordinal), "it has escaped");
        await TestPlatform.UntilAsync(() => TestPlatform.Running($"sleep {Escaped}").Count == 0, "it was found");
        TestPlatform.Running($"sleep {Daemon}").Count.ShouldBe(1, "what still carries the app's variables is the app's");
        (await platform.AskAsync()).GetProperty("release").GetString().ShouldBe("v1");

        var runs = new TestRuns(platform, Target.Local);
        await runs.RunAsync(runs.Command(release, "python3", "escape.py", Escaped));
        TestPlatform.Running($"sleep {Escaped}").ShouldBeEmpty("it ends with the run");

        await platform.Services.GetRequiredService<ReleaseDeployer>().RemoveAsync(new RemoveApp { AppId = platform.App, App = "shop", Target = Target.Local }, default);
        TestPlatform.Running($"sleep {Daemon}").ShouldBeEmpty();
        await platform.StopAsync();
        return 0;
    }

    /// <summary>Runs this program anew.</summary>
    /// <param name="argument">Says what it is to do, and ends with 0 if all was well.</param>
    /// <param name="user">The user it runs as; null for this one.</param>
    public static async Task RunInOwnProcessAsync(string argument, int? user = null)
    {
        var folder = Directory.CreateTempSubdirectory("paas-deployer-");
        try
        {
            var program = Path.GetFileNameWithoutExtension(Environment.ProcessPath) is "dotnet" or "testhost"
                ? Path.ChangeExtension(typeof(UnwalledPlatform).Assembly.Location, null)
                : Environment.ProcessPath!;
            string[] command = [program, argument, folder.FullName];
            if (user is not null)
            {
                command = ["setpriv", $"--reuid={user}", $"--regid={user}", "--clear-groups", .. command];
                await Process.Start("chown", [$"{user}", folder.FullName]).WaitForExitAsync();
            }

            var start = new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardOutput = true, RedirectStandardError = true };
            using var process = Process.Start(start)!;
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync();
            process.ExitCode.ShouldBe(0, await output + await errors);
        }
        finally
        {
            new ProcessOwner(folder.FullName).KillLeftovers();
            folder.Delete(recursive: true);
        }
    }
}
