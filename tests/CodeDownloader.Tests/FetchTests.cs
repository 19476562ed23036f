using Paas.CodeDownloader.Tests.Fixtures;
using Paas.Contracts;

namespace Paas.CodeDownloader.Tests;

public sealed class FetchTests : IAsyncDisposable
{
    private readonly Downloads _downloads = new();
    private readonly TestRepository _repository;

    public FetchTests() => _repository = _downloads.Repository();

    public ValueTask DisposeAsync() => _downloads.DisposeAsync();

    [Fact]
    public async Task The_files_of_the_commit_are_stored_with_what_is_known_of_it()
    {
        var commit = _repository.Commit("Add a shop\n\nWith a body.", ("app.py", "print(1)\n"), ("lib/a.py", "pass\n"));

        var source = await _downloads.FetchAsync(_repository.Url, commit);

        source.Commit.ShouldBe(commit);
        source.CommitMessage.ShouldBe("Add a shop");
        source.CommitAuthor.ShouldBe("Ann Author");
        source.SourceDigest.ShouldStartWith("sha256:");
        (await _downloads.ReadAsync(source)).ShouldBe(new Dictionary<string, string> { ["app.py"] = "print(1)\n", ["lib/a.py"] = "pass\n" }, ignoreOrder: true);
        _downloads.Log.ShouldContain($"-----> Fetching {commit[..7]} from {_repository.Url}");
        _downloads.Log.ShouldContain("2 files, 14 bytes");
        _downloads.Log.ShouldContain("\"Add a shop\" by Ann Author");
    }

    [Fact]
    public async Task The_pushed_commit_is_fetched_even_when_the_branch_has_moved_on()
    {
        var pushed = _repository.Commit("First", ("a", "1"));
        _repository.Commit("Second", ("a", "2"));

        var source = await _downloads.FetchAsync(_repository.Url, pushed.ToUpperInvariant(), "refs/heads/main");

        source.Commit.ShouldBe(pushed);
        (await _downloads.ReadAsync(source))["a"].ShouldBe("1");
    }

    [Fact]
    public async Task A_commit_that_was_force_pushed_away_is_fetched_while_it_exists_and_missed_afterwards()
    {
        _repository.Commit("Base", ("a", "1"));
        var away = _repository.Commit("Away", ("a", "2"));
        var alsoAway = _repository.Commit("Also away", ("a", "3"));
        _repository.Git("reset", "--quiet", "--hard", "HEAD~2");

        (await _downloads.ReadAsync(await _downloads.FetchAsync(_repository.Url, away)))["a"].ShouldBe("2");

        _repository.Git("reflog", "expire", "--expire=now", "--all");
        _repository.Git("gc", "--quiet", "--prune=now");
        var failure = await Should.ThrowAsync<Hosting.Steps.StepFailedException>(_downloads.FetchAsync(_repository.Url, alsoAway));
        failure.Reason.ShouldBe(FailureReason.CommitNotFound);
        failure.Message.ShouldContain(alsoAway);
    }

    [Theory]
    [InlineData("feature/log-in", "feature")]
    [InlineData("refs/heads/feature/log-in", "feature")]
    [InlineData("light", "main")]
    [InlineData("annotated", "main")]
    [InlineData("refs/tags/annotated", "main")]
    [InlineData("both", "feature")]
    [InlineData("odd;$(touch)'\"&|<>!#%ü🚀", "feature")]
    [InlineData("HEAD", "main")]
    [InlineData(null, "main")]
    public async Task A_ref_is_resolved_to_its_commit(string? reference, string expected)
    {
        var commits = new Dictionary<string, string> { ["main"] = _repository.Commit("On main", ("a", "main")) };
        _repository.Git("tag", "light");
        _repository.Git("tag", "-a", "annotated", "-m", "A tag");
        _repository.Git("tag", "both");
        _repository.Git("checkout", "--quiet", "-b", "feature/log-in");
        commits["feature"] = _repository.Commit("On a branch", ("a", "feature"));
        _repository.Git("branch", "both");
        _repository.Git("branch", "odd;$(touch)'\"&|<>!#%ü🚀");
        _repository.Git("branch", "decoy/refs/heads/feature/log-in", "main");
        _repository.Git("checkout", "--quiet", "main");

        var source = await _downloads.FetchAsync(_repository.Url, null, reference);

        source.Commit.ShouldBe(commits[expected]);
        (await _downloads.ReadAsync(source))["a"].ShouldBe(expected);
    }

    [Fact]
    public async Task The_id_of_an_annotated_tag_stands_for_its_commit()
    {
        var commit = _repository.Commit("Tagged", ("a", "1"));
        _repository.Git("tag", "-a", "v1", "-m", "A tag");

        (await _downloads.FetchAsync(_repository.Url, _repository.Git("rev-parse", "v1"), "refs/tags/v1")).Commit.ShouldBe(commit);
    }

    [Fact]
    public async Task Something_that_is_no_commit_is_refused()
    {
        _repository.Commit("A commit", ("a", "1"));

        var failure = await _downloads.FailAsync(_repository.Url, _repository.Git("rev-parse", "HEAD^{tree}"));

        failure.Reason.ShouldBe(FailureReason.CommitNotFound);
    }

    [Fact]
    public async Task A_repository_that_does_not_exist_is_named()
    {
        var url = new Uri(_downloads.Temp.Sub("nowhere")).AbsoluteUri;

        foreach (var commit in new[] { null, new string('1', 40) })
        {
            var failure = await _downloads.FailAsync(url, commit);
            failure.Reason.ShouldBe(FailureReason.RepositoryNotFound);
            failure.Message.ShouldContain(url);
        }
    }

    [Fact]
    public async Task An_empty_repository_is_called_empty()
    {
        foreach (var (commit, reference) in new[] { (null, null), (null, "main"), (new string('1', 40), (string?)null) })
            (await _downloads.FailAsync(_repository.Url, commit, reference)).Reason.ShouldBe(FailureReason.RepositoryEmpty);
    }

    [Fact]
    public async Task A_branch_that_does_not_exist_is_answered_with_those_that_do()
    {
        _repository.Commit("A commit", ("a", "1"));

        var failure = await _downloads.FailAsync(_repository.Url, null, "mian");

        failure.Reason.ShouldBe(FailureReason.RefNotFound);
        failure.Message.ShouldContain("'mian'");
        failure.Message.ShouldContain("main");
    }

    [Theory]
    [InlineData("--upload-pack=touch x")]
    [InlineData("a..b")]
    [InlineData("+refs/heads/*:refs/heads/*")]
    public async Task A_ref_git_would_not_allow_is_refused(string reference)
    {
        _repository.Commit("A commit", ("a", "1"));

        (await _downloads.FailAsync(_repository.Url, null, reference)).Reason.ShouldBe(FailureReason.RefNotFound);
        (await _downloads.FailAsync(_repository.Url, _repository.Head, reference)).Reason.ShouldBe(FailureReason.RefNotFound);
    }

    [Theory]
    [InlineData("abc1234")]
    [InlineData("--output=/tmp/x")]
    [InlineData("")]
    public async Task A_commit_has_forty_digits(string commit) =>
        (await _downloads.FailAsync(_repository.Url, commit)).Reason.ShouldBe(FailureReason.CommitNotFound);

    [Fact]
    public async Task Hostile_urls_are_refused_and_start_nothing()
    {
        var witness = _downloads.Temp.Sub("witness");
        foreach (var url in new[] { $"--upload-pack=touch {witness}", $"ext::touch {witness}", $"http::http://x/{witness}", $"ssh://-oProxyCommand=touch%20{witness}/x" })
            (await _downloads.FailAsync(url, new string('1', 40))).Reason.ShouldBe(FailureReason.RepositoryUrlRefused);
        File.Exists(witness).ShouldBeFalse();
    }

    [Fact]
    public async Task A_long_message_is_shortened_and_a_missing_one_is_null()
    {
        _repository.Commit(new string('x', 98) + "🚀🚀 and on", ("a", "1"));
        (await _downloads.FetchAsync(_repository.Url)).CommitMessage.ShouldBe(new string('x', 98) + "…");

        _repository.Git("commit", "--quiet", "--allow-empty", "--allow-empty-message", "-m", "");
        (await _downloads.FetchAsync(_repository.Url)).CommitMessage.ShouldBeNull();
    }
}
