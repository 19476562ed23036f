using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Paas.Hosting.Artifacts;
using Paas.Servers;

namespace Paas.Hosting.Tests.Artifacts;

/// <summary>The artifact store in a registry: a real one, which asks for name and password.</summary>
public sealed class OciArtifactStoreTests(RegistryServer server) : IClassFixture<RegistryServer>
{
    private const int MiB = 1 << 20;

    [Fact]
    public async Task What_one_host_saves_another_one_reads()
    {
        SkipWithoutRegistry();
        using var one = new RegistryHost(Repository());
        using var other = new RegistryHost(one.Address());

        var digest = await one.SaveAsync("hello");

        digest.ShouldBe("sha256:" + Convert.ToHexStringLower(SHA256.HashData("hello"u8)));
        (await other.ReadAsync(digest)).ShouldBe("hello");
        (await one.ReadAsync(digest)).ShouldBe("hello");
        (await other.ListAsync()).ShouldHaveSingleItem().Digest.ShouldBe(digest);
        one.Incoming.Concat(other.Incoming).ShouldBeEmpty();
        server.Uploads.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_same_content_is_uploaded_once()
    {
        SkipWithoutRegistry();
        using var one = new RegistryHost(Repository());
        using var other = new RegistryHost(one.Address());
        var first = one.Count(HttpMethod.Post);
        var second = other.Count(HttpMethod.Post);

        (await one.SaveAsync("twice")).ShouldBe(await other.SaveAsync("twice"));

        first().ShouldBe(2); // the content, and the empty configuration of the manifest
        second().ShouldBe(0);
        (await one.ListAsync()).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Many_may_save_and_read_the_same_at_once()
    {
        SkipWithoutRegistry();
        using var one = new RegistryHost(Repository());
        using var other = new RegistryHost(one.Address());
        var content = new string('x', 3 * MiB);

        var digests = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => (i % 2 == 0 ? one : other).SaveAsync(content)));

        digests.Distinct().ShouldHaveSingleItem();
        using var third = new RegistryHost(one.Address());
        foreach (var read in await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => third.ReadAsync(digests[0]))))
            read.ShouldBe(content);
        third.Incoming.ShouldBeEmpty();
        server.Uploads.ShouldBeEmpty();
    }

    [Fact]
    public async Task An_empty_artifact_is_one_too()
    {
        SkipWithoutRegistry();
        using var host = new RegistryHost(Repository());
        using var other = new RegistryHost(host.Address());
        (await other.ReadAsync(await host.SaveAsync(""))).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("sha256:0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("sha256:../../../../etc/passwd")]
    [InlineData("latest")]
    public async Task What_is_not_there_is_named(string digest)
    {
        SkipWithoutRegistry();
        using var host = new RegistryHost(Repository());
        (await Should.ThrowAsync<ArtifactNotFoundException>(() => host.ReadAsync(digest))).Message.ShouldContain(digest);
        await Should.ThrowAsync<ArtifactNotFoundException>(() => host.Store.RenewAsync(digest, TestContext.Current.CancellationToken));
        (await host.ListAsync()).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(RegistryServer.Username, "wrong", "refuses the user 'paas'")]
    [InlineData(null, null, "asks for credentials: set Artifacts__RegistryUsername")]
    public async Task A_registry_that_does_not_let_the_platform_in_is_named(string? username, string? password, string expected)
    {
        SkipWithoutRegistry();
        using var host = new RegistryHost(Repository(), username, password);

        foreach (var refused in new[]
                 {
                     await Should.ThrowAsync<ArtifactStoreException>(() => host.SaveAsync("x")),
                     await Should.ThrowAsync<ArtifactStoreException>(() => host.ReadAsync("sha256:" + new string('0', 64))),
                     await Should.ThrowAsync<ArtifactStoreException>(host.ListAsync),
                 })
        {
            refused.Message.ShouldContain(expected);
            refused.Message.ShouldContain(server.Url.Authority);
            refused.Message.ShouldNotContain("wrong");
        }

        host.Incoming.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_registry_that_is_down_is_named()
    {
        var nobody = new Uri($"http://127.0.0.1:{Ports.Free()}/");
        using var host = new RegistryHost(nobody);

        var down = await Should.ThrowAsync<ArtifactStoreException>(() => host.SaveAsync("x"));

        down.Message.ShouldBe($"The artifact registry {nobody}paas/artifacts cannot be reached: Connection refused. Look whether it runs, and whether Artifacts__Registry names it.");
        host.Incoming.ShouldBeEmpty();
    }

    [Fact]
    public async Task Something_else_than_a_registry_is_named()
    {
        SkipWithoutRegistry();
        using var host = new RegistryHost(Repository());
        host.OnRequest = (_, _) => Task.FromResult(new HttpResponseMessage { Content = new StringContent("<html>") });
        (await Should.ThrowAsync<ArtifactStoreException>(host.ListAsync)).Message.ShouldContain("does not speak like an OCI registry");
    }

    [Fact]
    public async Task A_registry_killed_in_mid_upload_has_nothing_of_it_and_takes_it_later()
    {
        SkipWithoutRegistry();
        await using var mortal = await RegistryServer.StartNewAsync();
        using var host = new RegistryHost(mortal.Url);
        var parts = 0;
        host.OnRequest = (request, send) =>
        {
            if (request.Method == HttpMethod.Patch && ++parts == 2)
                mortal.Kill();
            return send();
        };

        var broken = await Should.ThrowAsync<ArtifactStoreException>(() => SaveAsync(host, seed: 1, 70 * MiB));

        parts.ShouldBe(2);
        broken.Message.ShouldContain("cannot be reached");
        host.Incoming.ShouldBeEmpty();
        host.Cached.ShouldBeEmpty();
        await mortal.StartAsync();
        host.OnRequest = (_, send) => send();
        (await host.ListAsync()).ShouldBeEmpty();
        var digest = await SaveAsync(host, seed: 1, 70 * MiB);
        using var other = new RegistryHost(mortal.Url);
        await using var read = await other.Store.OpenAsync(digest, TestContext.Current.CancellationToken);
        read.Length.ShouldBe(70 * MiB);
    }

    [Fact]
    public async Task A_canceled_upload_is_taken_back()
    {
        SkipWithoutRegistry();
        await using var own = await RegistryServer.StartNewAsync();
        using var host = new RegistryHost(own.Url);
        using var cancellation = new CancellationTokenSource();
        var parts = 0;
        host.OnRequest = async (request, send) =>
        {
            if (request.Method == HttpMethod.Patch && ++parts == 2)
            {
                own.Uploads.Count.ShouldBe(1);
                await cancellation.CancelAsync();
            }

            return await send();
        };

        await Should.ThrowAsync<OperationCanceledException>(() => SaveAsync(host, seed: 2, 70 * MiB, cancellation.Token));

        parts.ShouldBe(2);
        own.Uploads.ShouldBeEmpty();
        host.Incoming.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_write_that_fails_sends_nothing()
    {
        SkipWithoutRegistry();
        using var host = new RegistryHost(Repository());
        host.OnRequest = (request, _) => throw new InvalidOperationException($"{request.Method} was sent.");

        await Should.ThrowAsync<IOException>(() => host.Store.SaveAsync(
            async stream =>
            {
                await stream.WriteAsync(new byte[100_000]);
                throw new IOException("The source ended early.");
            },
            TestContext.Current.CancellationToken));

        host.Incoming.ShouldBeEmpty();
        host.Cached.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_damaged_cache_entry_is_fetched_again()
    {
        SkipWithoutRegistry();
        using var host = new RegistryHost(Repository());
        var digest = await host.SaveAsync("as it was");
        var fetched = host.Count(HttpMethod.Get);
        await File.WriteAllTextAsync(host.CacheFile(digest), "as it is!", TestContext.Current.CancellationToken);

        (await host.ReadAsync(digest)).ShouldBe("as it was");
        (await host.ReadAsync(digest)).ShouldBe("as it was");

        fetched().ShouldBe(1);
    }

    [Fact]
    public async Task A_registry_whose_storage_is_damaged_is_named()
    {
        SkipWithoutRegistry();
        using var host = new RegistryHost(Repository());
        using var other = new RegistryHost(host.Address());
        var digest = await host.SaveAsync("whole");
        var hash = digest["sha256:".Length..];
        await File.WriteAllTextAsync(Path.Combine(server.Storage, "docker/registry/v2/blobs/sha256", hash[..2], hash, "data"), "hole!", TestContext.Current.CancellationToken);

        (await Should.ThrowAsync<ArtifactStoreException>(() => other.ReadAsync(digest))).Message.ShouldContain("its storage is damaged");

        other.Cached.ShouldBeEmpty();
        other.Incoming.ShouldBeEmpty();
    }

    [Fact]
    public async Task What_was_unused_for_longest_leaves_the_cache_first()
    {
        SkipWithoutRegistry();
        var clock = new SetClock(DateTimeOffset.UtcNow);
        using var writer = new RegistryHost(Repository());
        using var host = new RegistryHost(writer.Address(), cacheBytes: 250, clock: clock);
        var digests = new List<string>();
        foreach (var letter in "abc")
            digests.Add(await writer.SaveAsync(new string(letter, 100)));

        foreach (var digest in new[] { digests[0], digests[1], digests[0], digests[2] })
        {
            clock.Now += TimeSpan.FromMinutes(1);
            await host.ReadAsync(digest);
        }

        host.Cached.ShouldBe([digests[0][7..], digests[2][7..]], ignoreOrder: true);
        (await host.ReadAsync(digests[1])).ShouldBe(new string('b', 100));
    }

    [Fact]
    public async Task What_is_removed_goes_with_the_next_garbage_collection_and_the_rest_stays()
    {
        SkipWithoutRegistry();
        await using var own = await RegistryServer.StartNewAsync();
        using var host = new RegistryHost(own.Url);
        var (kept, removed) = (await host.SaveAsync("kept"), await host.SaveAsync("removed"));
        var listed = (await host.ListAsync()).Single(artifact => artifact.Digest == removed);

        (await host.Store.DeleteAsync(listed, TestContext.Current.CancellationToken)).ShouldBe("removed".Length);

        (await host.Store.DeleteAsync(listed, TestContext.Current.CancellationToken)).ShouldBeNull();
        (await host.ListAsync()).ShouldHaveSingleItem().Digest.ShouldBe(kept);
        await own.CollectGarbageAsync();
        using var other = new RegistryHost(own.Url);
        (await other.ReadAsync(kept)).ShouldBe("kept");
        await Should.ThrowAsync<ArtifactNotFoundException>(() => other.ReadAsync(removed));
        // The configuration of all manifests is still there, too: a new one can be stored.
        await other.SaveAsync("removed");
        (await other.ListAsync()).Count.ShouldBe(2);
    }

    [Fact]
    public async Task What_was_saved_again_since_it_was_listed_stays()
    {
        SkipWithoutRegistry();
        await using var own = await RegistryServer.StartNewAsync();
        var clock = new SetClock(DateTimeOffset.UtcNow);
        using var host = new RegistryHost(own.Url, clock: clock);
        var (again, renewed) = (await host.SaveAsync("saved again"), await host.SaveAsync("renewed"));
        var listed = await host.ListAsync();
        clock.Now += TimeSpan.FromHours(3);
        await host.SaveAsync("saved again");
        (await host.Store.RenewAsync(renewed, TestContext.Current.CancellationToken)).ShouldBe("renewed".Length);

        foreach (var artifact in listed)
            (await host.Store.DeleteAsync(artifact, TestContext.Current.CancellationToken)).ShouldNotBeNull();

        await own.CollectGarbageAsync();
        var left = await host.ListAsync();
        left.Select(artifact => artifact.Digest).ShouldBe([again, renewed], ignoreOrder: true);
        left.ShouldAllBe(artifact => artifact.SavedAt >= clock.Now && artifact.SavedAt <= clock.Now.AddHours(1));
        using var other = new RegistryHost(own.Url);
        (await other.ReadAsync(again)).ShouldBe("saved again");
        (await other.ReadAsync(renewed)).ShouldBe("renewed");
    }

    [Fact]
    public async Task A_registry_that_lets_nothing_be_removed_is_named()
    {
        SkipWithoutRegistry();
        await using var own = await RegistryServer.StartNewAsync(allowsDeletion: false);
        using var host = new RegistryHost(own.Url);
        await host.SaveAsync("for ever");
        var listed = (await host.ListAsync()).ShouldHaveSingleItem();

        var refused = await Should.ThrowAsync<ArtifactDeletionRefusedException>(() => host.Store.DeleteAsync(listed, TestContext.Current.CancellationToken));

        refused.Message.ShouldContain("REGISTRY_STORAGE_DELETE_ENABLED=true");
    }

    [Fact]
    public async Task A_long_list_is_read_page_by_page()
    {
        SkipWithoutRegistry();
        using var host = new RegistryHost(Repository());
        var saved = new List<string>();
        for (var i = 0; i < 5; i++)
            saved.Add(await host.SaveAsync($"artifact {i}"));
        var asked = 0;
        // The registry of Debian has no pages: its list is cut here, as newer ones do it.
        host.OnRequest = async (request, send) =>
        {
            asked++;
            var response = await send();
            var tags = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("tags").EnumerateArray().Select(tag => tag.GetString()!).ToList();
            var last = request.RequestUri!.Query.Split("last=") is [_, var name] ? name : "";
            var page = tags.Order(StringComparer.Ordinal).SkipWhile(tag => string.CompareOrdinal(tag, last) <= 0).Take(2).ToArray();
            var answer = new HttpResponseMessage { Content = new StringContent(JsonSerializer.Serialize(new { name = "x", tags = page }), Encoding.UTF8, "application/json") };
            if (page is [_, var end])
                answer.Headers.TryAddWithoutValidation("Link", $"<{request.RequestUri.AbsolutePath}?n=2&last={end}>; rel=\"next\"");
            return answer;
        };

        (await host.ListAsync()).Select(artifact => artifact.Digest).ShouldBe(saved, ignoreOrder: true);

        asked.ShouldBe(3);
    }

    [Fact]
    public async Task A_token_server_is_asked_for_a_token()
    {
        SkipWithoutRegistry();
        await using var tokens = await TokenServer.StartAsync();
        await using var own = await RegistryServer.StartNewAsync(auth: tokens.RegistryAuth);
        using var host = new RegistryHost(own.Url);
        using var stranger = new RegistryHost(own.Url, password: "wrong");

        var digest = await host.SaveAsync("let in");
        (await host.Store.DeleteAsync((await host.ListAsync()).Single(), TestContext.Current.CancellationToken)).ShouldBe("let in".Length);

        tokens.Given.ShouldBe(1);
        (await Should.ThrowAsync<ArtifactStoreException>(() => stranger.ReadAsync(digest))).Message.ShouldContain("refuses the user 'paas'");
    }

    internal static async Task<string> SaveAsync(RegistryHost host, int seed, int bytes, CancellationToken cancellation = default) =>
        await host.Store.SaveAsync(
            async stream =>
            {
                var random = new Random(seed);
                var block = new byte[64 * 1024];
                for (var written = 0; written < bytes; written += block.Length)
                {
                    random.NextBytes(block);
                    await stream.WriteAsync(block.AsMemory(0, Math.Min(block.Length, bytes - written)), cancellation);
                }
            },
            cancellation);

    /// <summary>A repository of a test's own.</summary>
    private Uri Repository() => new(server.Url, $"test/{Guid.NewGuid():N}");

    private static void SkipWithoutRegistry() =>
        Assert.SkipUnless(RegistryServer.IsInstalled, "docker-registry and htpasswd (apache2-utils) are not installed here.");
}
