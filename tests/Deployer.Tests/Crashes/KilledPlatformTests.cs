using System.Diagnostics;
using System.Text.Json;
using Paas.Contracts;
using Paas.Deployer.Tests.Support;
using Paas.Hosting.Processes;

namespace Paas.Deployer.Tests.Crashes;

/// <summary>The platform is killed with SIGKILL in the middle of a deployment; then it starts again and the command comes again.</summary>
public sealed class KilledPlatformTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("paas-deployer-").FullName;
    private readonly Guid _app = Guid.NewGuid();

    public void Dispose()
    {
        new ProcessOwner(_folder).KillLeftovers();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("Preparing release", 1)]
    [InlineData("Running the release command", 1)]
    [InlineData("migrating", 1)]
    [InlineData("Starting release", 1)]
    [InlineData("web.1 is healthy", 1)]
    [InlineData(CrashingPlatform.AtLastQuestion, 1)]
    [InlineData("Switching to release", 1)]
    [InlineData(CrashingPlatform.AtSwitch, 2)]
    [InlineData("has taken over", 2)]
    public async Task Killed_at_a_point_of_a_deployment_it_comes_back_and_completes_it(string point, int runsAfterRestart)
    {
        DeployRelease next;
        await using (var first = await TestPlatform.StartAsync(_folder, _app))
        {
            await first.DeployAsync(await first.WebAsync(1));
            var files = await first.PackAsync(("app.py", TestApp.Web), ("migrate.py", "print('migrating', flush=True)\nopen('../migrations', 'a').write('x')\n"));
            next = TestApp.Release(_app, 2, files, TestApp.Python() with { Release = TestApp.Command("python3", "migrate.py") });
        }

        await KillAtAsync(_folder, point, next);

        await using var platform = await TestPlatform.StartAsync(_folder, _app);
        await TestPlatform.UntilAsync(() => platform.Router.RouteOf(_app)?.Instances.Count == 1, "the app is back");
        (await platform.AskAsync()).GetProperty("release").GetString().ShouldBe($"v{runsAfterRestart}");
        await platform.DeployAsync(next);
        (await platform.AskAsync()).GetProperty("release").GetString().ShouldBe("v2");
        platform.Running().Count.ShouldBe(1);
        Directory.GetDirectories(Path.Combine(platform.AppFolder, "releases")).Select(Path.GetFileName).Order().ShouldBe(["v1", "v2"]);
        Directory.GetFiles(platform.AppFolder, "*.new").ShouldBeEmpty();
        // Only a try that was killed before the command had ended runs it again.
        if (point is not ("migrating" or "Running the release command"))
            File.ReadAllText(platform.InSlug(2, "../migrations")).ShouldBe("x");
    }

    /// <param name="folder">The data directory.</param>
    /// <param name="point">Where it is killed.</param>
    /// <param name="command">What it is to do.</param>
    /// <param name="engine">The Docker Engine of its apps, or the kubeconfig of their cluster; null for none.</param>
    internal static async Task KillAtAsync(string folder, string point, DeployRelease command, string? engine = null)
    {
        var deployment = Path.Combine(folder, "deployment.json");
        await File.WriteAllTextAsync(deployment, JsonSerializer.Serialize(command));
        await KillAsync([CrashingPlatform.Argument, folder, deployment, point, engine ?? ""]);
    }

    /// <summary>Runs this program anew, which is to kill itself.</summary>
    internal static async Task KillAsync(IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) is "dotnet" or "testhost")
            start.FileName = Path.ChangeExtension(typeof(KilledPlatformTests).Assembly.Location, null);
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(128 + 9, await output + await errors);
    }
}
