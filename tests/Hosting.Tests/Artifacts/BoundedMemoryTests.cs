using Paas.Servers;

namespace Paas.Hosting.Tests.Artifacts;

[CollectionDefinition(nameof(BoundedMemoryTests), DisableParallelization = true)]
public sealed class BoundedMemoryCollection;

/// <summary>Alone, because it counts what the whole process allocates.</summary>
[Collection(nameof(BoundedMemoryTests))]
public sealed class BoundedMemoryTests
{
    [Fact]
    public async Task A_large_artifact_passes_through_little_memory()
    {
        Assert.SkipUnless(RegistryServer.IsInstalled, "docker-registry and htpasswd (apache2-utils) are not installed here.");
        const int MiB = 1 << 20;
        await using var server = await RegistryServer.StartNewAsync();
        using var host = new RegistryHost(server.Url);
        using var other = new RegistryHost(server.Url);
        var before = GC.GetTotalAllocatedBytes(precise: true);

        var digest = await OciArtifactStoreTests.SaveAsync(host, seed: 3, 100 * MiB);
        await using var read = await other.Store.OpenAsync(digest, TestContext.Current.CancellationToken);

        read.Length.ShouldBe(100 * MiB);
        (GC.GetTotalAllocatedBytes(precise: true) - before).ShouldBeLessThan(10 * MiB);
    }
}
