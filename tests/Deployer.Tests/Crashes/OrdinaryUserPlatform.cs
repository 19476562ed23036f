using Microsoft.Extensions.DependencyInjection;
using Paas.Contracts;
using Paas.Deployer.Tests.Local;
using Paas.Deployer.Tests.Support;
using Paas.Hosting.Processes;

namespace Paas.Deployer.Tests.Crashes;

/// <summary>A deployer in a process of a user without any rights.</summary>
internal static class OrdinaryUserPlatform
{
    public const string Argument = "--ordinary-user";

    private const string Escaped = "1000.06";

    public static async Task<int> RunAsync(string dataDirectory)
    {
        await using var platform = await TestPlatform.StartAsync(dataDirectory);
        platform.Services.GetRequiredService<Sandbox>().State.ShouldBe(new SandboxState(true, null));
        var secret = Path.Combine(dataDirectory, "paas.db");
        await File.WriteAllTextAsync(secret, "secret");
        var release = TestApp.Release(
            platform.App, 1, await platform.PackAsync(("app.py", TestApp.Web), ("escape.py", WallTests.Escape), ("spy.py", WallTests.Spy)),
            TestApp.Python(env: ("OWN", "mine")));
        await platform.DeployAsync(release);
        (await platform.AskAsync()).GetProperty("release").GetString().ShouldBe("v1");

        var runs = new TestRuns(platform, Target.Local);
        (await runs.RunAsync(runs.Command(release, "python3", "spy.py", "nothing", secret, Path.Combine(dataDirectory, "keys"))))
            .Lines.Select(line => line.Text).ShouldBe(["done import mine"]);
        (await runs.RunAsync(runs.Command(release, "python3", "escape.py", Escaped))).Run.ExitCode.ShouldBe(0);
        TestPlatform.Running($"sleep {Escaped}").ShouldBeEmpty();
        (await runs.RunAsync(runs.Command(release, "sh", "-c", "exit 5"))).Run.ExitCode.ShouldBe(5);
        return 0;
    }
}
