using System.Security.Cryptography;
using System.Text;
using Paas.Hosting.Artifacts;

namespace Paas.Hosting.Tests.Artifacts;

public sealed class FolderArtifactStoreTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private FolderArtifactStore Store => new(_folder.Path);

    [Fact]
    public async Task What_is_saved_is_known_by_its_digest_and_reads_back_as_it_was()
    {
        var digest = await SaveAsync("hello");

        digest.ShouldBe("sha256:" + Convert.ToHexStringLower(SHA256.HashData("hello"u8)));
        await using var stream = await Store.OpenAsync(digest, TestContext.Current.CancellationToken);
        stream.CanSeek.ShouldBeTrue();
        using var reader = new StreamReader(stream);
        (await reader.ReadToEndAsync(TestContext.Current.CancellationToken)).ShouldBe("hello");
    }

    [Fact]
    public async Task Saving_the_same_again_changes_nothing()
    {
        (await SaveAsync("twice")).ShouldBe(await SaveAsync("twice"));
        Files().ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_write_that_fails_leaves_nothing_behind()
    {
        await Should.ThrowAsync<IOException>(() => Store.SaveAsync(
            async stream =>
            {
                await stream.WriteAsync(new byte[100_000]);
                throw new IOException("The source ended early.");
            },
            TestContext.Current.CancellationToken));

        Files().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_canceled_write_leaves_nothing_behind()
    {
        using var cancellation = new CancellationTokenSource();
        await Should.ThrowAsync<OperationCanceledException>(() => Store.SaveAsync(
            async stream =>
            {
                await stream.WriteAsync(new byte[10]);
                await cancellation.CancelAsync();
            },
            cancellation.Token));

        Files().ShouldBeEmpty();
    }

    [Theory]
    [InlineData("sha256:0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("sha256:../../../../etc/passwd")]
    [InlineData("latest")]
    public async Task What_is_not_there_is_named(string digest)
    {
        var missing = await Should.ThrowAsync<ArtifactNotFoundException>(() => Store.OpenAsync(digest, TestContext.Current.CancellationToken));
        missing.Message.ShouldContain(digest);
    }

    [Fact]
    public async Task Saving_again_or_renewing_renews_the_time()
    {
        var (again, renewed) = (await SaveAsync("again"), await SaveAsync("renewed"));
        foreach (var file in Files())
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddDays(-2));
        (await ListAsync()).ShouldAllBe(artifact => artifact.SavedAt < DateTimeOffset.UtcNow.AddDays(-1));

        await SaveAsync("again");
        (await Store.RenewAsync(renewed, TestContext.Current.CancellationToken)).ShouldBe("renewed".Length);

        var listed = await ListAsync();
        listed.Select(artifact => artifact.Digest).ShouldBe([again, renewed], ignoreOrder: true);
        listed.ShouldAllBe(artifact => artifact.SavedAt > DateTimeOffset.UtcNow.AddHours(-1));
    }

    [Fact]
    public async Task What_is_removed_is_gone()
    {
        var (kept, removed) = (await SaveAsync("kept"), await SaveAsync("removed"));
        var listed = (await ListAsync()).Single(artifact => artifact.Digest == removed);

        (await Store.DeleteAsync(listed, TestContext.Current.CancellationToken)).ShouldBe("removed".Length);

        (await Store.DeleteAsync(listed, TestContext.Current.CancellationToken)).ShouldBeNull();
        await Should.ThrowAsync<ArtifactNotFoundException>(() => Store.OpenAsync(removed, TestContext.Current.CancellationToken));
        await Should.ThrowAsync<ArtifactNotFoundException>(() => Store.RenewAsync(removed, TestContext.Current.CancellationToken));
        (await ListAsync()).ShouldHaveSingleItem().Digest.ShouldBe(kept);
        Files().ShouldHaveSingleItem();
    }

    [Fact]
    public async Task What_was_saved_again_since_it_was_listed_stays()
    {
        var digest = await SaveAsync("again");
        File.SetLastWriteTimeUtc(Files().Single(), DateTime.UtcNow.AddDays(-2));
        var listed = (await ListAsync()).Single();
        await SaveAsync("again");

        (await Store.DeleteAsync(listed, TestContext.Current.CancellationToken)).ShouldBeNull();

        await using var stream = await Store.OpenAsync(digest, TestContext.Current.CancellationToken);
        stream.Length.ShouldBe("again".Length);
    }

    [Fact]
    public async Task A_save_and_a_removal_at_once_never_lose_what_was_saved()
    {
        var cancellation = TestContext.Current.CancellationToken;
        for (var round = 0; round < 300; round++)
        {
            var digest = await SaveAsync("contended");
            File.SetLastWriteTimeUtc(Files().Single(), DateTime.UtcNow.AddDays(-2));
            var listed = (await ListAsync()).Single();

            await Task.WhenAll(
                Task.Run(() => Store.DeleteAsync(listed, cancellation), cancellation),
                Task.Run(() => SaveAsync("contended"), cancellation));

            await using var stream = await Store.OpenAsync(digest, cancellation);
            Files().ShouldHaveSingleItem();
        }
    }

    [Fact]
    public async Task What_saves_that_were_cut_short_left_behind_is_removed()
    {
        await SaveAsync("whole");
        await File.WriteAllTextAsync(_folder["incoming/old"], "ha", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(_folder["incoming/new"], "hal", TestContext.Current.CancellationToken);
        File.SetLastWriteTimeUtc(_folder["incoming/old"], DateTime.UtcNow.AddDays(-2));

        await Store.RemoveLeftoversAsync(DateTimeOffset.UtcNow.AddDays(-1), TestContext.Current.CancellationToken);

        Directory.GetFiles(_folder["incoming"]).ShouldBe([_folder["incoming/new"]]);
        (await ListAsync()).ShouldHaveSingleItem();
    }

    private async Task<List<StoredArtifact>> ListAsync()
    {
        var found = new List<StoredArtifact>();
        await foreach (var artifact in Store.ListAsync(TestContext.Current.CancellationToken))
            found.Add(artifact);
        return found;
    }

    private Task<string> SaveAsync(string content) =>
        Store.SaveAsync(stream => stream.WriteAsync(Encoding.UTF8.GetBytes(content)).AsTask(), TestContext.Current.CancellationToken);

    private string[] Files() => Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories);

    public void Dispose() => _folder.Dispose();
}
