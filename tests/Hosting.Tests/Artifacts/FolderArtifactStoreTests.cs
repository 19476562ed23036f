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

    private Task<string> SaveAsync(string content) =>
        Store.SaveAsync(stream => stream.WriteAsync(Encoding.UTF8.GetBytes(content)).AsTask(), TestContext.Current.CancellationToken);

    private string[] Files() => Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories);

    public void Dispose() => _folder.Dispose();
}
