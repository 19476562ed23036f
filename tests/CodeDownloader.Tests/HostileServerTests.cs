using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Paas.CodeDownloader.Git;
using Paas.CodeDownloader.Tests.Fixtures;
using Paas.Contracts;

namespace Paas.CodeDownloader.Tests;

public sealed class HostileServerTests : IAsyncLifetime
{
    private readonly Downloads _downloads = new();
    private TestRepository _repository = null!;
    private GitHttpServer _server = null!;

    private string Url => $"{_server.Origin}/repository";

    public async ValueTask InitializeAsync()
    {
        _repository = _downloads.Repository();
        _server = await GitHttpServer.StartAsync(_downloads.Temp.Path);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _downloads.DisposeAsync();
    }

    [Theory]
    [InlineData(100)] // more than a piece of memory may have
    [InlineData(15)] // less than that, but not as an object of this size
    public async Task A_pack_that_unfolds_to_much_more_than_itself_is_refused(int times)
    {
        var pack = HostileGit.DeltaBomb(times);
        pack.Length.ShouldBeLessThan(32 << 10);
        _server.Instead = HostileGit.WithPack(pack);

        using var watch = new MemoryWatch(_downloads.App);
        var failure = await _downloads.FailAsync(Url, HostileGit.Commit);

        failure.Reason.ShouldBeOneOf(FailureReason.SourceTooLarge, FailureReason.SourceRefused);
        watch.Peak.ShouldBeLessThan(1L << 30);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_list_of_refs_without_end_is_refused(bool inVersion2)
    {
        _server.Instead = HostileGit.WithEndlessRefs(inVersion2);

        using var watch = new MemoryWatch(_downloads.App);
        var failure = await _downloads.FailAsync(Url, null, "main");

        failure.Reason.ShouldBe(FailureReason.SourceTooLarge);
        watch.Peak.ShouldBeLessThan(512L << 20);
    }

    [Fact]
    public async Task A_list_of_refs_of_more_than_16_MiB_is_refused()
    {
        var commit = _repository.Commit("First", ("a", "1"));
        await File.WriteAllLinesAsync(
            Path.Combine(_repository.Folder, ".git", "packed-refs"),
            ["# pack-refs with: peeled fully-peeled sorted ", .. Enumerable.Range(100_000, 80_000).Select(i => $"{commit} refs/tags/{i}-{new string('t', 180)}")]);

        var failure = await _downloads.FailAsync(Url, null, "missing");

        failure.Reason.ShouldBe(FailureReason.SourceTooLarge);
        failure.Message.ShouldContain("16 MiB");
    }

    public static TheoryData<string> BrokenPacks => ["no pack at all", "cut short", "not compressed", "wrong checksum", "empty"];

    [Theory]
    [MemberData(nameof(BrokenPacks))]
    public async Task What_cannot_be_unpacked_is_the_repositorys_failure(string what)
    {
        var whole = HostileGit.Pack([0x78, 0x9c, 0x4b, 0x4c, 0x4a, 0x4e, 0x49, 0x05, 0x00, 0x05, 0xc8, 0x01, 0xf0]);
        _server.Instead = HostileGit.WithPack(what switch
        {
            "no pack at all" => "<html>Welcome</html>"u8.ToArray(),
            "cut short" => HostileGit.DeltaBomb(1)[..1_000],
            "not compressed" => HostileGit.Pack("not compressed at all"u8.ToArray()),
            "wrong checksum" => [.. whole[..^1], (byte)(whole[^1] ^ 1)],
            _ => [],
        });

        var failure = await _downloads.FailAsync(Url, HostileGit.Commit);

        failure.Reason.ShouldBe(FailureReason.SourceRefused, failure.Message);
        failure.Message.ShouldContain("is not a repository that git can unpack");
    }

    [Theory]
    [InlineData("zzzz not a packet")]
    [InlineData("001e# service=git-upload-pack\n0000000eversion 2\nzzzz")]
    [InlineData("001e# service=git-upload-pack\n00000032short refs/heads/main and nothing else at all\n0000")]
    [InlineData("<html>Welcome</html>")]
    public async Task A_server_that_does_not_speak_git_is_the_repositorys_failure(string answer)
    {
        _server.Instead = async context =>
        {
            context.Response.ContentType = "application/x-git-upload-pack-advertisement";
            await context.Response.WriteAsync(answer);
            return true;
        };

        var failure = await _downloads.FailAsync(Url, HostileGit.Commit);

        failure.Reason.ShouldBeOneOf(FailureReason.SourceRefused, FailureReason.RepositoryNotFound);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(429)]
    public async Task A_server_in_trouble_is_asked_again_later(int status)
    {
        _server.Instead = context =>
        {
            context.Response.StatusCode = status;
            return Task.FromResult(true);
        };

        await Should.ThrowAsync<CodeDownloadException>(_downloads.FetchAsync(Url, HostileGit.Commit));
    }

    [Fact]
    public async Task Two_hundred_megabytes_are_fetched_within_the_limits()
    {
        var random = new Random(1);
        foreach (var i in Enumerable.Range(0, 4))
        {
            var content = new byte[50 << 20];
            random.NextBytes(content);
            await File.WriteAllBytesAsync(Path.Combine(_repository.Folder, $"file-{i}"), content);
        }

        _repository.Git("config", "core.compression", "0");
        var first = _repository.CommitAll("Large files");
        await _downloads.FetchAsync(Url, first);
        await File.AppendAllTextAsync(Path.Combine(_repository.Folder, "file-1"), "a little more");
        var second = _repository.CommitAll("A little more");

        (await _downloads.FetchAsync(Url, second)).Commit.ShouldBe(second);
    }

    /// <summary>Watches how much memory the processes of an app's downloads have at most.</summary>
    private sealed class MemoryWatch : IDisposable
    {
        private readonly CancellationTokenSource _end = new();
        private readonly Task _watching;

        public MemoryWatch(Guid app) => _watching = Task.Run(() => WatchAsync(app.ToString()));

        public long Peak { get; private set; }

        public void Dispose()
        {
            _end.Cancel();
            _watching.Wait();
            _end.Dispose();
        }

        private async Task WatchAsync(string app)
        {
            while (!_end.IsCancellationRequested)
            {
                foreach (var process in Process.GetProcessesByName("git").Concat(Process.GetProcessesByName("git-remote-http")))
                {
                    using (process)
                    {
                        try
                        {
                            var environment = await File.ReadAllTextAsync($"/proc/{process.Id}/environ");
                            if (environment.Contains(app, StringComparison.Ordinal))
                                Peak = Math.Max(Peak, process.WorkingSet64);
                        }
                        catch (Exception exception) when (exception is IOException or InvalidOperationException or UnauthorizedAccessException)
                        {
                            continue; // it has ended
                        }
                    }
                }

                await Task.Delay(20);
            }
        }
    }
}
