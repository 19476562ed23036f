using System.Globalization;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Paas.CodeDownloader.Tests.Fixtures;
using Paas.Contracts;
using Paas.Hosting.Processes;

namespace Paas.CodeDownloader.Tests;

public sealed class CacheTests : IAsyncDisposable
{
    private readonly Downloads _downloads = new();
    private readonly TestRepository _repository;

    public CacheTests() => _repository = _downloads.Repository();

    public ValueTask DisposeAsync() => _downloads.DisposeAsync();

    [Fact]
    public async Task The_second_fetch_receives_only_what_has_changed()
    {
        _repository.FastImport(stream =>
        {
            var noise = new byte[1_000];
            var random = new Random(1);
            stream.Write("commit refs/heads/main\ncommitter A <a@b> 1 +0000\ndata 5\nlarge\n"u8);
            for (var i = 0; i < 5_000; i++)
            {
                random.NextBytes(noise);
                stream.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"M 644 inline {i / 50}/{i}\ndata 1000\n")));
                stream.Write(noise);
            }
        });
        _repository.Git("reset", "--quiet", "--hard", "main");
        await _downloads.FetchAsync(_repository.Url);
        var first = PackBytes();

        _repository.Commit("Small", ("7/350", "changed"));
        await _downloads.FetchAsync(_repository.Url);

        first.ShouldBeGreaterThan(5_000_000);
        (PackBytes() - first).ShouldBeLessThan(50_000);
    }

    [Fact]
    public async Task A_commit_fetched_before_is_not_fetched_again()
    {
        var commit = _repository.Commit("Once", ("a", "1"));
        var first = await _downloads.FetchAsync(_repository.Url, commit);
        Directory.Delete(_repository.Folder, recursive: true);
        _downloads.RemoveArtifacts();

        (await _downloads.FetchAsync(_repository.Url, commit)).SourceDigest.ShouldBe(first.SourceDigest);
        _downloads.Log.ShouldContain("fetched before");
        _downloads.StoredArtifacts().ShouldBe(1);
    }

    [Fact]
    public async Task A_commit_that_is_stored_is_not_read_again_and_the_log_says_the_same()
    {
        var commit = _repository.Commit("Once", ("model.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n"));
        var first = await _downloads.FetchAsync(_repository.Url, commit);
        var told = _downloads.Log.Split('\n').Where(line => line.StartsWith("   ", StringComparison.Ordinal) || line.StartsWith(" ! ", StringComparison.Ordinal)).Skip(1).ToList();
        told.ShouldContain(line => line.Contains("Git LFS", StringComparison.Ordinal));
        Directory.Delete(Path.Combine(_downloads.Cache, "objects"), recursive: true);

        (await _downloads.FetchAsync(_repository.Url, commit)).ShouldBe(first);

        _downloads.Log.Split('\n')[^told.Count..].ShouldBe(told);
    }

    [Fact]
    public async Task A_commit_that_is_stored_is_looked_at_again_when_less_is_allowed()
    {
        var commit = _repository.Commit("Large", ("a", new string('x', 5_000)));
        await _downloads.FetchAsync(_repository.Url, commit);
        await using var stricter = _downloads.Build(("Source:MaxSourceBytes", "1000"));

        (await Should.ThrowAsync<Hosting.Steps.StepFailedException>(
            stricter.GetRequiredService<SourceDownloader>().DownloadAsync(_downloads.Command(_repository.Url, commit), _downloads, default)))
            .Reason.ShouldBe(FailureReason.SourceTooLarge);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("nonsense")]
    public async Task What_was_noted_of_a_stored_commit_may_be_damaged(string note)
    {
        var commit = _repository.Commit("Once", ("a", "1"));
        var first = await _downloads.FetchAsync(_repository.Url, commit);
        await File.WriteAllTextAsync(Path.Combine(_downloads.Cache, "paas-stored.json"), note);

        (await _downloads.FetchAsync(_repository.Url, commit)).ShouldBe(first);
    }

    [Fact]
    public async Task Another_repository_of_the_same_app_begins_with_an_empty_cache()
    {
        var commit = _repository.Commit("Here", ("a", "1"));
        await _downloads.FetchAsync(_repository.Url, commit);
        var other = _downloads.Repository("other");
        other.Commit("There", ("a", "2"));

        (await Should.ThrowAsync<Hosting.Steps.StepFailedException>(_downloads.FetchAsync(other.Url, commit)))
            .Reason.ShouldBe(FailureReason.CommitNotFound);
    }

    [Theory]
    [InlineData("shallow.lock")]
    [InlineData("packed-refs.lock")]
    [InlineData("HEAD.lock")]
    [InlineData("config.lock")]
    [InlineData("gc.pid")]
    [InlineData("refs/paas/last.lock")]
    [InlineData("objects/pack/tmp_pack_abc123")]
    [InlineData("objects/pack/.tmp-1-pack-abc.pack")]
    [InlineData("objects/12/tmp_obj_abc123")]
    public async Task What_a_killed_git_leaves_behind_is_removed(string leftover)
    {
        _repository.Commit("First", ("a", "1"));
        await _downloads.FetchAsync(_repository.Url);
        var file = Path.Combine(_downloads.Cache, leftover);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllTextAsync(file, "half");
        _repository.Commit("Second", ("a", "2"));

        var source = await _downloads.FetchAsync(_repository.Url);

        source.Commit.ShouldBe(_repository.Head);
        File.Exists(file).ShouldBeFalse();
        _downloads.Log.ShouldNotContain("damaged");
    }

    [Theory]
    [InlineData("HEAD", "nonsense")]
    [InlineData("HEAD", null)]
    [InlineData("config", "[core\nnonsense")]
    [InlineData("shallow", "nonsense")]
    [InlineData("shallow", null)]
    [InlineData("refs/paas/last", "nonsense")]
    [InlineData("refs/paas/last", "1111111111111111111111111111111111111111\n")]
    [InlineData("paas-repository", "")]
    [InlineData("objects/pack/*.pack", "nonsense")]
    [InlineData("objects/pack/*.pack", null)]
    [InlineData("objects/pack/*.idx", "nonsense")]
    [InlineData("objects/pack/*.idx", null)]
    public async Task A_damaged_cache_is_made_anew(string path, string? content)
    {
        _repository.Commit("First", ("a", "1"));
        await _downloads.FetchAsync(_repository.Url);
        foreach (var file in Directory.GetFiles(Path.Combine(_downloads.Cache, Path.GetDirectoryName(path)!), Path.GetFileName(path)))
        {
            File.Delete(file);
            if (content is not null)
                await File.WriteAllTextAsync(file, content);
        }

        _downloads.RemoveArtifacts();
        // The same commit, from the cache; then another, by a fetch.
        (await _downloads.FetchAsync(_repository.Url)).Commit.ShouldBe(_repository.Head);
        _repository.Commit("Second", ("b", "2"));
        (await _downloads.ReadAsync(await _downloads.FetchAsync(_repository.Url))).Keys.ShouldBe(["a", "b"], ignoreOrder: true);
    }

    [Theory]
    [InlineData("objects/pack/*.pack")]
    [InlineData("shallow")]
    [InlineData("refs/paas/last")]
    public async Task A_damaged_cache_does_not_stand_in_the_way_of_the_next_commit(string path)
    {
        _repository.Commit("First", ("a", "1"));
        await _downloads.FetchAsync(_repository.Url);
        foreach (var file in Directory.GetFiles(Path.Combine(_downloads.Cache, Path.GetDirectoryName(path)!), Path.GetFileName(path)))
            File.Delete(file);
        _repository.Commit("Second", ("b", "2"));

        (await _downloads.ReadAsync(await _downloads.FetchAsync(_repository.Url))).Keys.ShouldBe(["a", "b"], ignoreOrder: true);
    }

    [Fact]
    public async Task A_file_that_is_damaged_in_the_cache_is_fetched_anew()
    {
        var noise = new byte[300_000];
        new Random(1).NextBytes(noise);
        await File.WriteAllBytesAsync(Path.Combine(_repository.Folder, "noise"), noise);
        var commit = _repository.CommitAll("Noise");
        var first = await _downloads.FetchAsync(_repository.Url, commit);
        var pack = Directory.GetFiles(Path.Combine(_downloads.Cache, "objects", "pack"), "*.pack").Single();
        var bytes = await File.ReadAllBytesAsync(pack);
        bytes.AsSpan(bytes.Length / 2, 1_000).Clear();
        File.Delete(pack);
        await File.WriteAllBytesAsync(pack, bytes);
        _downloads.RemoveArtifacts();

        (await _downloads.FetchAsync(_repository.Url, commit)).SourceDigest.ShouldBe(first.SourceDigest);
        _downloads.Log.ShouldContain("What was fetched before is damaged");
    }

    [Fact]
    public async Task A_git_that_a_killed_platform_has_left_running_is_ended()
    {
        _repository.Commit("First", ("a", "1"));
        Directory.CreateDirectory(_downloads.DataDirectory);
        await using var orphan = ChildProcess.Start(new ProcessOwner(_downloads.DataDirectory), new ChildProcessStart
        {
            Command = "sleep",
            Arguments = ["1000"],
            WorkingDirectory = "/",
            Environment = new Dictionary<string, string> { ["PATH"] = "/usr/bin:/bin" },
            BelongsTo = $"git-{_downloads.App}",
        });

        await _downloads.FetchAsync(_repository.Url);

        (await orphan.Exited.WaitAsync(TimeSpan.FromSeconds(10))).ShouldBe(128 + 9);
    }

    [Fact]
    public async Task A_half_made_cache_is_made_anew()
    {
        _repository.Commit("First", ("a", "1"));
        Directory.CreateDirectory(Path.Combine(_downloads.Cache, "objects"));
        await File.WriteAllTextAsync(Path.Combine(_downloads.Cache, "config.lock"), "");

        (await _downloads.FetchAsync(_repository.Url)).Commit.ShouldBe(_repository.Head);
    }

    [Fact]
    public async Task Many_downloads_of_one_app_at_once_do_not_harm_each_other()
    {
        var commits = Enumerable.Range(0, 4).Select(i => _repository.Commit($"Number {i}", ("a", $"{i}"))).ToList();
        await using var otherProcess = _downloads.Build();
        var downloaders = new[] { _downloads.Downloader, otherProcess.GetRequiredService<SourceDownloader>() };

        var sources = await Task.WhenAll(commits.SelectMany(commit => downloaders.Select(downloader =>
            Task.Run(() => downloader.DownloadAsync(_downloads.Command(_repository.Url, commit), _downloads, default)))));

        for (var i = 0; i < sources.Length; i++)
        {
            sources[i].Commit.ShouldBe(commits[i / 2]);
            (await _downloads.ReadAsync(sources[i]))["a"].ShouldBe($"{i / 2}");
        }
    }

    [Fact]
    public async Task A_cache_with_many_packs_is_packed_anew_and_keeps_the_last_commit()
    {
        await using var downloads = new Downloads(("CodeDownloader:RepackAfter", "3"));
        for (var i = 0; i < 7; i++)
        {
            _repository.Commit($"Number {i}", ("a", $"{i}"), ($"b{i}", "x"));
            var source = await downloads.FetchAsync(_repository.Url);
            (await downloads.ReadAsync(source))["a"].ShouldBe($"{i}");
            Directory.GetFiles(Path.Combine(downloads.Cache, "objects", "pack"), "*.pack").Length.ShouldBeLessThan(3);
        }

        downloads.Log.ShouldNotContain("could not be packed");
        downloads.Log.ShouldNotContain("damaged");
    }

    [Fact]
    public async Task A_cache_nobody_uses_is_removed()
    {
        _repository.Commit("A commit", ("a", "1"));
        await _downloads.FetchAsync(_repository.Url);
        var root = Path.GetDirectoryName(_downloads.Cache)!;
        var unused = Path.Combine(root, Guid.NewGuid().ToString());
        Directory.CreateDirectory(unused);
        await File.WriteAllTextAsync(unused + ".lock", "");
        File.SetLastWriteTimeUtc(unused + ".lock", DateTime.UtcNow.AddDays(-31));
        await using var restarted = _downloads.Build();

        await restarted.GetRequiredService<SourceDownloader>().DownloadAsync(_downloads.Command(_repository.Url), _downloads, default);

        Directory.Exists(unused).ShouldBeFalse();
        Directory.Exists(_downloads.Cache).ShouldBeTrue();
    }

    private long PackBytes() => new DirectoryInfo(Path.Combine(_downloads.Cache, "objects", "pack")).GetFiles("*.pack").Sum(file => file.Length);
}
