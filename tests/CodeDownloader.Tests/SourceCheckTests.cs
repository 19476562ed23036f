using System.Diagnostics;
using System.Globalization;
using System.Text;
using Paas.CodeDownloader.Checks;
using Paas.CodeDownloader.Tests.Fixtures;
using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.CodeDownloader.Tests;

public sealed class SourceCheckTests : IAsyncDisposable
{
    private readonly Downloads _downloads = new();
    private readonly TestRepository _repository;

    public SourceCheckTests() => _repository = _downloads.Repository();

    public ValueTask DisposeAsync() => _downloads.DisposeAsync();

    [Theory]
    [InlineData("link", "../outside")]
    [InlineData("a/b/link", "../../../outside")]
    [InlineData("link", "/etc/passwd")]
    [InlineData("venv/bin/python", "/usr/bin/python3")]
    [InlineData("a/link", "b/../../../x")]
    public async Task A_symlink_out_of_the_tree_is_left_out(string path, string target)
    {
        _repository.Commit("Files", ("a/a", new string('a', 700)), ("m", ""), ("z", "last"));
        var commit = _repository.CommitLink(path, target);

        var files = await _downloads.ReadAsync(await _downloads.FetchAsync(_repository.Url, commit));

        files.ShouldBe(new Dictionary<string, string> { ["a/a"] = new string('a', 700), ["m"] = "", ["z"] = "last" }, ignoreOrder: true);
        _downloads.Log.ShouldContain($"Symlinks that lead out of the repository are left out: {path}.");
    }

    [Fact]
    public async Task The_first_and_the_last_of_a_tree_can_be_left_out()
    {
        _repository.CommitLink("a", "/x");
        _repository.Commit("Between", ("b", new string('b', 513)));
        _repository.CommitLink("c", "/y");
        _repository.CommitLink(string.Join('/', Enumerable.Repeat("deep", 60)), "/" + new string('t', 300));
        var commit = _repository.CommitLink("z", "/x");

        var source = await _downloads.FetchAsync(_repository.Url, commit);

        (await _downloads.ReadAsync(source)).ShouldBe(new Dictionary<string, string> { ["b"] = new string('b', 513) }, ignoreOrder: true);
    }

    [Fact]
    public async Task A_symlink_that_leaves_by_way_of_another_is_left_out()
    {
        _repository.CommitLink("a/b/c/up", "../../..");
        _repository.CommitLink("abs", "/usr");
        _repository.CommitLink("by-way", "abs/bin");
        var commit = _repository.CommitLink("a/b/c/out", "up/../../etc");

        var files = await _downloads.ReadAsync(await _downloads.FetchAsync(_repository.Url, commit));

        files.ShouldBe(new Dictionary<string, string> { ["a/b/c/up"] = "-> ../../.." });
    }

    [Fact]
    public async Task Symlinks_within_the_tree_are_kept()
    {
        _repository.Commit("Files", ("a/b/file", "1"));
        _repository.CommitLink("a/b/root", "../..");
        _repository.CommitLink("link", "a/b/file");
        _repository.CommitLink("loop", "loop");
        var longTarget = "a/" + string.Concat(Enumerable.Repeat("./", 100)) + "b/file";
        var commit = _repository.CommitLink("a/long", "../" + longTarget);

        var files = await _downloads.ReadAsync(await _downloads.FetchAsync(_repository.Url, commit));

        files["link"].ShouldBe("-> a/b/file");
        files["a/b/root"].ShouldBe("-> ../..");
        files["a/long"].ShouldBe("-> ../" + longTarget);
    }

    [Fact]
    public void Symlinks_that_multiply_are_given_up_in_time()
    {
        var check = new SymlinkCheck(CancellationToken.None);
        for (var i = 0; i < 2_000; i++)
            check.Add($"l{i}", string.Join('/', Enumerable.Repeat($"l{(i + 1) % 2_000}", 200)));

        Should.Throw<StepFailedException>(check.FindEscaping).Message.ShouldContain("too many symlinks");
    }

    [Fact]
    public async Task Ten_thousand_links_to_one_long_target_are_given_up_in_time()
    {
        var target = string.Concat(Enumerable.Repeat("a/", 1_999)) + "a";
        var blob = _repository.Blob(target);
        var folder = _repository.GitWith(string.Concat(Enumerable.Range(0, 9_000).Select(i => $"120000 blob {blob}\tl{i}\n")), "mktree");
        var commit = _repository.CommitTree($"040000 tree {folder}\tlinks");
        var began = Stopwatch.StartNew();

        var failure = await _downloads.FailAsync(_repository.Url, commit);

        failure.Reason.ShouldBe(FailureReason.SourceRefused);
        began.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public void Looking_at_symlinks_ends_when_it_is_canceled()
    {
        using var canceled = new CancellationTokenSource();
        canceled.Cancel();
        var check = new SymlinkCheck(canceled.Token);
        check.Add("a", "b");
        Should.Throw<OperationCanceledException>(check.FindEscaping);
    }

    [Fact]
    public async Task Many_long_paths_are_too_much()
    {
        var blob = _repository.Blob("x");
        var tree = _repository.GitWith(string.Concat(Enumerable.Range(0, 6_000).Select(i => $"100644 blob {blob}\t{i}-{new string('f', 200)}\n")), "mktree");
        for (var depth = 0; depth < 15; depth++)
            tree = _repository.GitWith($"040000 tree {tree}\t{new string('d', 250)}\n", "mktree");
        var commit = _repository.CommitTree($"040000 tree {tree}\tdeep");

        var failure = await _downloads.FailAsync(_repository.Url, commit);

        failure.Reason.ShouldBe(FailureReason.SourceTooLarge);
        failure.Message.ShouldContain("paths");
    }

    [Theory]
    [InlineData("..")]
    [InlineData(".git")]
    [InlineData(".GIT")]
    [InlineData("a\u0001b")]
    public async Task A_name_that_does_harm_is_refused(string name)
    {
        var blob = _repository.Blob("harm");
        var commit = _repository.CommitTree($"100644 blob {blob}\t{name}");
        var below = _repository.CommitTree($"040000 tree {_repository.Git("rev-parse", commit + "^{tree}")}\tfolder");

        (await _downloads.FailAsync(_repository.Url, commit)).Reason.ShouldBe(FailureReason.SourceRefused);
        (await _downloads.FailAsync(_repository.Url, below)).Reason.ShouldBe(FailureReason.SourceRefused);
    }

    [Fact]
    public async Task A_path_that_is_there_twice_is_refused()
    {
        var blob = _repository.Blob("x");
        var link = _repository.Blob("elsewhere");
        var commit = _repository.CommitTree($"100644 blob {blob}\ta", $"120000 blob {link}\ta");

        (await _downloads.FailAsync(_repository.Url, commit)).Reason.ShouldBe(FailureReason.SourceRefused);
    }

    [Fact]
    public async Task Two_hundred_thousand_files_are_too_many()
    {
        var commit = _repository.FastImport(stream =>
        {
            using var writer = new StreamWriter(stream, new UTF8Encoding(false));
            writer.Write("blob\nmark :1\ndata 1\nx\ncommit refs/heads/main\ncommitter A <a@b> 1 +0000\ndata 4\nmany\n");
            for (var i = 0; i < 200_000; i++)
                writer.Write(string.Create(CultureInfo.InvariantCulture, $"M 644 :1 {i / 500}/{i}\n"));
        });

        var failure = await _downloads.FailAsync(_repository.Url, commit);

        failure.Reason.ShouldBe(FailureReason.SourceTooLarge);
        failure.Message.ShouldContain("more than 50,000 files");
    }

    [Fact]
    public async Task A_tree_that_unfolds_to_billions_of_empty_folders_is_refused_in_time()
    {
        var tree = _repository.GitWith("", "mktree");
        for (var level = 0; level < 10; level++)
        {
            var entries = string.Concat(Enumerable.Range(0, 10).Select(i => $"040000 tree {tree}\td{i}\n"));
            tree = _repository.GitWith(entries, "mktree");
        }

        var failure = await _downloads.FailAsync(_repository.Url, _repository.Git("commit-tree", tree, "-m", "Bomb"));

        failure.Reason.ShouldBe(FailureReason.SourceTooLarge);
        failure.Message.ShouldContain("folders");
    }

    [Fact]
    public async Task A_huge_file_is_named_and_never_unpacked()
    {
        _repository.Git("config", "core.bigFileThreshold", "1m");
        var commit = _repository.FastImport(stream =>
        {
            var zeros = new byte[1 << 20];
            stream.Write("blob\nmark :1\ndata 314572800\n"u8);
            for (var i = 0; i < 300; i++)
                stream.Write(zeros);
            stream.Write("\ncommit refs/heads/main\ncommitter A <a@b> 1 +0000\ndata 3\nbig\nM 644 :1 data/big.bin\n"u8);
        });

        var failure = await _downloads.FailAsync(_repository.Url, commit);

        failure.Reason.ShouldBe(FailureReason.SourceTooLarge);
        failure.Message.ShouldContain("data/big.bin has 300 MiB");
        new DirectoryInfo(_downloads.DataDirectory).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length).ShouldBeLessThan(5 << 20);
    }

    [Fact]
    public async Task All_files_together_may_be_too_large()
    {
        await using var downloads = new Downloads(("Source:MaxSourceBytes", "10"));
        var commit = _repository.Commit("Some", ("a", "123456"), ("b", "123456"));

        var failure = await downloads.FailAsync(_repository.Url, commit);

        failure.Reason.ShouldBe(FailureReason.SourceTooLarge);
        failure.Message.ShouldContain("10 bytes");
    }

    [Fact]
    public async Task A_fetch_that_receives_too_much_is_stopped()
    {
        await using var downloads = new Downloads(("Source:MaxFetchBytes", "1000000"));
        await File.WriteAllBytesAsync(Path.Combine(_repository.Folder, "noise"), Noise(48 << 20));
        _repository.Git("config", "core.compression", "0");
        var commit = _repository.CommitAll("Noise");

        // Again, lest a second try takes what the first has received.
        for (var attempt = 1; attempt <= 2; attempt++)
            (await downloads.FailAsync(_repository.Url, commit)).Reason.ShouldBe(FailureReason.SourceTooLarge);
        Directory.EnumerateFiles(downloads.Cache, "*tmp*", SearchOption.AllDirectories).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_archive_is_what_was_committed_whatever_the_attributes_say()
    {
        _repository.Commit("Attributes",
            (".gitattributes", "* export-subst text eol=crlf ident\nsecret export-ignore\n*.bin filter=lfs\nutf working-tree-encoding=UTF-16\n"),
            ("sub/.gitattributes", "* export-ignore\n"));
        var files = new Dictionary<string, string>
        {
            ["secret"] = "kept\n",
            ["subst"] = "$Format:%H$ $Id$\nsecond line\n",
            ["x.bin"] = "not filtered\n",
            ["utf"] = "plain\n",
            ["sub/file"] = "kept\n",
        };
        foreach (var (path, content) in files)
        {
            var blob = _repository.Blob(content);
            _repository.Git("update-index", "--add", "--cacheinfo", $"100644,{blob},{path}");
        }

        _repository.Git("commit", "--quiet", "-m", "Files");
        var stored = await _downloads.ReadAsync(await _downloads.FetchAsync(_repository.Url));

        foreach (var (path, content) in files)
            stored[path].ShouldBe(content);
    }

    [Fact]
    public async Task Modes_and_long_and_strange_names_are_kept()
    {
        var name = new string('n', 200) + "/" + new string('m', 200) + "/größe 🚀 \\ \"x\".txt";
        _repository.Commit("Files", (name, "1"), ("run.sh", "#!/bin/sh\n"));
        _repository.Git("update-index", "--chmod=+x", "run.sh");
        _repository.Git("commit", "--quiet", "-m", "Executable");

        var source = await _downloads.FetchAsync(_repository.Url);

        (await _downloads.ReadAsync(source))[name].ShouldBe("1");
    }

    [Fact]
    public async Task Submodules_and_lfs_pointers_are_warned_of()
    {
        var pointer = _repository.Blob("version https://git-lfs.github.com/spec/v1\noid sha256:" + new string('0', 64) + "\nsize 12345\n");
        var file = _repository.Blob("file");
        var commit = _repository.CommitTree(
            $"160000 commit {new string('1', 40)}\tvendored", $"100644 blob {pointer}\tmodel.bin", $"100644 blob {file}\treadme");

        var source = await _downloads.FetchAsync(_repository.Url, commit);

        (await _downloads.ReadAsync(source)).Keys.ShouldBe(["model.bin", "readme"], ignoreOrder: true);
        _downloads.Log.ShouldContain(" !     The commit holds submodules whose URL .gitmodules does not say; their folders stay empty: vendored");
        _downloads.Log.ShouldContain(" !     Files kept by Git LFS are not fetched, only their pointers: model.bin.");
    }

    [Fact]
    public async Task A_repository_with_sha256_names_is_refused_with_a_reason()
    {
        _repository.Git("init", "--quiet", "--object-format=sha256", "other");
        var url = new Uri(Path.Combine(_repository.Folder, "other")).AbsoluteUri;
        _repository.Git("-C", "other", "commit", "--quiet", "--allow-empty", "-m", "x");

        var failure = await Should.ThrowAsync<StepFailedException>(_downloads.FetchAsync(url, new string('1', 40)));

        failure.Reason.ShouldBe(FailureReason.SourceRefused);
    }

    private static byte[] Noise(int length)
    {
        var noise = new byte[length];
        new Random(1).NextBytes(noise);
        return noise;
    }
}
