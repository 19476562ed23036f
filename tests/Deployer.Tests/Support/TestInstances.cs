using Microsoft.Extensions.DependencyInjection;
using Paas.Contracts;

namespace Paas.Deployer.Tests.Support;

/// <summary>How the instances of a test's app are.</summary>
internal static class TestInstances
{
    /// <summary>For targets whose apps crash; looked at often, and soon stable.</summary>
    public static readonly (string, string?)[] WatchedClosely = [("Deployer:InstanceWatch", "00:00:00.2"), ("Deployer:StableAfter", "00:00:02")];

    public static async Task<IReadOnlyList<InstanceStatus>> InstancesAsync(this TestPlatform platform, string target)
    {
        var found = await platform.Services.GetRequiredService<OutputReader>().FindAsync(
            new FindInstances { Target = target, AppId = platform.App, WithLastLines = true }, TestContext.Current.CancellationToken);
        found.Failure?.Message.ShouldBeNull();
        return found.Instances;
    }

    public static async Task<InstanceStatus> UntilInstanceAsync(this TestPlatform platform, string target, Func<InstanceStatus, bool> condition, string what, double seconds = 60)
    {
        InstanceStatus? seen = null;
        await TestPlatform.UntilAsync(async () => (seen = (await platform.InstancesAsync(target)).FirstOrDefault(condition)) is not null, what, seconds);
        return seen!;
    }

    public static async Task<RecordAppEvent> UntilToldAsync(this TestPlatform platform, string kind, double seconds = 60)
    {
        await TestPlatform.UntilAsync(() => platform.Events.OfType<RecordAppEvent>().Any(told => told.Kind == kind), $"{kind} was told", seconds);
        return platform.Events.OfType<RecordAppEvent>().First(told => told.Kind == kind);
    }
}
