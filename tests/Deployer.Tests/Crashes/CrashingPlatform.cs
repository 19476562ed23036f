using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Paas.Contracts;
using Paas.Deployer.Tests.Support;

namespace Paas.Deployer.Tests.Crashes;

/// <summary>A platform in a process of its own, which kills itself with SIGKILL at a point of a deployment.</summary>
internal static class CrashingPlatform
{
    public const string Argument = "--crashing-platform";

    /// <summary>Instead of a line of the step's log: when the router has switched and not yet answered.</summary>
    public const string AtSwitch = "@switch";

    /// <summary>When the saga is asked the second or third time, before the switch.</summary>
    public const string AtLastQuestion = "@question";

    public static async Task<int> RunAsync(string dataDirectory, string deployment, string killAt, string engine)
    {
        var command = JsonSerializer.Deserialize<DeployRelease>(await File.ReadAllTextAsync(deployment))!;
        var isCluster = command.Target == Target.Kubernetes;
        var platform = isCluster
            ? await TestPlatform.StartAsync(dataDirectory, command.AppId, [.. Kubernetes.KubernetesPlatform.Settings(kubeconfig: engine)])
            : await TestPlatform.StartAsync(dataDirectory, command.AppId, ("Docker:Endpoint", engine));
        // The release before runs, as it does when a platform has been up for a while.
        if (!isCluster)
            await TestPlatform.UntilAsync(() => platform.Router.RouteOf(command.AppId)?.Instances.Count == 1, "the release before is back");
        if (killAt == AtSwitch)
            platform.Router.BeforeAnswer = route => route.Release == command.Release ? KillAsync() : Task.CompletedTask;
        if (killAt == AtLastQuestion)
            platform.Router.IsWanted = question => question < 2 || KillAsync().IsCompleted;
        var log = new TestLog
        {
            OnLine = line =>
            {
                if (line.Contains(killAt, StringComparison.Ordinal))
                    KillAsync();
            },
        };
        await platform.Services.GetRequiredService<ReleaseDeployer>().DeployAsync(command, log, CancellationToken.None);
        return 99; // it was to be killed before
    }

    private static Task KillAsync()
    {
        Process.GetCurrentProcess().Kill();
        Thread.Sleep(Timeout.Infinite);
        return Task.CompletedTask;
    }
}
