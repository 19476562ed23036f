using System.Diagnostics;
using System.Text.Json;
using Paas.Contracts;
using Paas.Deployer.Tests.Support;

namespace Paas.Deployer.Tests.Crashes;

/// <summary>A deployer in a process of its own, which starts runs and kills itself with SIGKILL.</summary>
internal static class CrashingRuns
{
    public const string Argument = "--crashing-runs";

    public static async Task<int> RunAsync(string dataDirectory, string commands, string engine)
    {
        var all = JsonSerializer.Deserialize<List<StartRun>>(await File.ReadAllTextAsync(commands))!;
        var platform = await TestPlatform.StartAsync(dataDirectory, all[0].AppId, ("Docker:Endpoint", engine));
        var runs = new TestRuns(platform, all[0].Target);
        foreach (var command in all)
            await runs.StartAsync(command);
        Process.GetCurrentProcess().Kill();
        return 99;
    }

    /// <summary>Starts runs, and kills the deployer when they have started.</summary>
    /// <param name="folder">The data directory.</param>
    /// <param name="engine">The Docker Engine; empty for none.</param>
    /// <param name="commands">The runs.</param>
    public static async Task KillAfterAsync(string folder, string engine, IReadOnlyList<StartRun> commands)
    {
        var file = Path.Combine(folder, "runs.json");
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(commands));
        await KilledPlatformTests.KillAsync([Argument, folder, file, engine]);
    }
}
