using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Steps;

namespace Paas.Hosting.Tests.Artifacts;

public sealed class ArtifactQuotaTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("paas-quota-");
    private readonly FolderArtifactStore _store;
    private readonly ArtifactQuota _quota;
    private readonly Guid _app = Guid.NewGuid();

    public ArtifactQuotaTests()
    {
        _store = new FolderArtifactStore(Path.Combine(_folder.FullName, "artifacts"));
        _quota = new ArtifactQuota(_store, Options.Create(new PaasOptions { DataDirectory = _folder.FullName }), Options.Create(new ArtifactsOptions { AppBytes = 1000 }));
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task An_app_that_has_stored_as_much_as_it_may_is_told_so_and_others_are_not()
    {
        await SaveAsync(600);
        await _quota.EnsureAsync(_app, Cancellation);
        await SaveAsync(400);

        var failure = await Should.ThrowAsync<StepFailedException>(() => _quota.EnsureAsync(_app, Cancellation));

        failure.Reason.ShouldBe(FailureReason.QuotaExceeded);
        failure.Message.ShouldContain("Artifacts__AppBytes");
        await _quota.EnsureAsync(Guid.NewGuid(), Cancellation);
    }

    [Fact]
    public async Task The_same_artifact_again_counts_once()
    {
        await SaveAsync(600);
        await SaveAsync(600);

        await _quota.EnsureAsync(_app, Cancellation);
    }

    [Fact]
    public async Task What_was_removed_from_the_store_no_longer_counts()
    {
        await SaveAsync(600);
        await SaveAsync(700);
        await foreach (var artifact in _store.ListAsync(Cancellation))
            await _store.DeleteAsync(artifact, Cancellation);

        await _quota.EnsureAsync(_app, Cancellation);
    }

    private async Task SaveAsync(int bytes) =>
        _quota.Note(_app, await _store.SaveAsync(stream => stream.WriteAsync(new byte[bytes]).AsTask(), Cancellation), bytes);
}
