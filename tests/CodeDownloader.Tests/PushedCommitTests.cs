using Paas.CodeDownloader.Tests.Fixtures;

namespace Paas.CodeDownloader.Tests;

public sealed class PushedCommitTests : IAsyncLifetime
{
    private const string Branch = "refs/heads/main";
    private readonly Downloads _downloads = new(("CodeDownloader:HeadPatience", "00:00:30"));
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

    [Fact]
    public async Task A_pushed_commit_that_the_branch_points_to_is_fetched_in_one_conversation()
    {
        var commit = _repository.Commit("Pushed", ("a", "1"));

        var source = await FetchAsync(commit);

        source.Commit.ShouldBe(commit);
        (await _downloads.ReadAsync(source))["a"].ShouldBe("1");
        _server.Requests.Count(request => request.Contains("info/refs", StringComparison.Ordinal)).ShouldBe(1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_pushed_commit_that_the_branch_no_longer_points_to_is_overtaken(bool fetchedBefore)
    {
        var old = _repository.Commit("Old", ("a", "1"));
        if (fetchedBefore)
            await FetchAsync(old);
        var head = _repository.Commit("New", ("a", "2"));

        (await OvertakenAsync(old)).ShouldBe(head);
    }

    [Fact]
    public async Task A_commit_is_fetched_that_the_branch_was_put_back_to()
    {
        var first = _repository.Commit("First", ("a", "1"));
        var second = _repository.Commit("Second", ("a", "2"));
        await FetchAsync(second);
        _repository.Git("reset", "--quiet", "--hard", first);

        (await FetchAsync(first, pushedFrom: second)).Commit.ShouldBe(first);
        (await OvertakenAsync(second)).ShouldBe(first);
    }

    [Fact]
    public async Task A_push_is_overtaken_when_its_branch_is_gone()
    {
        var commit = _repository.Commit("Pushed", ("a", "1"));
        _repository.Git("checkout", "--quiet", "-b", "other");
        _repository.Git("branch", "-D", "main");

        (await OvertakenAsync(commit)).ShouldBeNull();
        (await Should.ThrowAsync<PushOvertakenException>(FetchAsync(commit))).Head.ShouldBeNull();
    }

    [Fact]
    public async Task A_push_that_the_git_host_does_not_show_yet_is_waited_for()
    {
        var before = _repository.Commit("Before", ("a", "1"));
        var pushed = _repository.Commit("Pushed", ("a", "2"));
        _repository.Git("update-ref", Branch, before);
        var looks = 0;
        _server.Instead = context =>
        {
            if (context.Request.Path.Value!.EndsWith("info/refs", StringComparison.Ordinal) && ++looks == 2)
                _repository.Git("update-ref", Branch, pushed);
            return Task.FromResult(false);
        };

        var source = await FetchAsync(pushed, pushedFrom: before);

        (await _downloads.ReadAsync(source))["a"].ShouldBe("2");
        _downloads.Log.ShouldContain("does not show the push yet");
    }

    [Fact]
    public async Task A_commit_without_the_branch_in_question_is_fetched_wherever_it_is()
    {
        var old = _repository.Commit("Old", ("a", "1"));
        _repository.Commit("New", ("a", "2"));

        (await _downloads.FetchAsync(Url, old, Branch)).Commit.ShouldBe(old);
    }

    private async Task<string?> OvertakenAsync(string commit) => (await Should.ThrowAsync<PushOvertakenException>(FetchAsync(commit))).Head;

    private Task<DownloadedSource> FetchAsync(string commit, string? pushedFrom = null) => _downloads.Downloader.DownloadAsync(
        _downloads.Command(Url, commit, Branch) with { OnlyIfHead = true, PushedFrom = pushedFrom }, _downloads, TestContext.Current.CancellationToken);
}
