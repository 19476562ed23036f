using Paas.CodeDownloader.Tests.Fixtures;
using Paas.Contracts;

namespace Paas.CodeDownloader.Tests;

public sealed class SubmoduleTests : IAsyncLifetime
{
    private const string Token = "ghp_Sup3rS3cretT0ken";
    private readonly Downloads _downloads = new();
    private TestRepository _repository = null!;
    private TestRepository _library = null!;
    private GitHttpServer _server = null!;

    private string Url => $"{_server.Origin}/repository";

    public async ValueTask InitializeAsync()
    {
        _repository = _downloads.Repository();
        _library = _downloads.Repository("library");
        _server = await GitHttpServer.StartAsync(_downloads.Temp.Path);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _downloads.DisposeAsync();
    }

    [Theory]
    [InlineData("../library", null)]
    [InlineData("../library", Token)]
    [InlineData("{origin}/library", Token)]
    public async Task A_submodule_is_fetched_at_the_commit_that_the_tree_names(string url, string? token)
    {
        _server.Token = token;
        var named = _library.Commit("Named", ("x", "1"), ("deep/y", new string('y', 700)));
        _library.Commit("Later", ("x", "2"));
        _repository.Commit("Files", ("a", "a"), ("vendor/z", "z"));
        var commit = CommitSubmodule(_repository, "vendor/library", url.Replace("{origin}", _server.Origin, StringComparison.Ordinal), named);

        var source = await _downloads.FetchAsync(Url, commit, token: token);

        var files = await _downloads.ReadAsync(source);
        files.Remove(".gitmodules").ShouldBeTrue();
        files.ShouldBe(
            new Dictionary<string, string> { ["a"] = "a", ["vendor/z"] = "z", ["vendor/library/x"] = "1", ["vendor/library/deep/y"] = new string('y', 700) },
            ignoreOrder: true);
        _downloads.Log.ShouldContain($"Submodule vendor/library: {named[..7]} of {_server.Origin}/library");
    }

    [Fact]
    public async Task The_next_commit_fetches_a_submodule_only_if_it_has_moved()
    {
        var first = _library.Commit("First", ("x", "1"));
        await _downloads.FetchAsync(Url, CommitSubmodule(_repository, "lib", "../library", first));
        var asked = _server.Requests.Count(request => request.Contains("library", StringComparison.Ordinal));

        _repository.Git("commit", "--quiet", "--allow-empty", "-m", "Next");
        await _downloads.FetchAsync(Url, _repository.Head);
        _server.Requests.Count(request => request.Contains("library", StringComparison.Ordinal)).ShouldBe(asked);

        var second = _library.Commit("Second", ("x", "2"));
        var source = await _downloads.FetchAsync(Url, CommitSubmodule(_repository, "lib", "../library", second));
        (await _downloads.ReadAsync(source))["lib/x"].ShouldBe("2");
    }

    [Fact]
    public async Task Submodules_of_submodules_are_fetched_to_a_depth()
    {
        var repositories = Enumerable.Range(0, 5).Select(i => _downloads.Repository($"nested-{i}")).ToList();
        var inner = repositories[4].Commit("Innermost", ("x", "1"));
        for (var i = 3; i >= 0; i--)
            inner = CommitSubmodule(repositories[i], "in", $"../nested-{i + 1}", inner);

        var source = await _downloads.FetchAsync($"{_server.Origin}/nested-1", repositories[1].Head);
        (await _downloads.ReadAsync(source))["in/in/in/x"].ShouldBe("1");

        var failure = await Should.ThrowAsync<Hosting.Steps.StepFailedException>(_downloads.FetchAsync($"{_server.Origin}/nested-0", repositories[0].Head));
        failure.Reason.ShouldBe(FailureReason.SourceTooLarge);
    }

    [Fact]
    public async Task More_than_twenty_are_too_many()
    {
        var named = _library.Commit("Named", ("x", "1"));
        for (var i = 0; i < 21; i++)
            CommitSubmodule(_repository, $"lib-{i}", "../library", named);

        (await _downloads.FailAsync(Url, _repository.Head)).Message.ShouldContain("more than 20 submodules");
    }

    [Fact]
    public async Task A_commit_that_is_not_there_fails_with_the_submodules_name()
    {
        _library.Commit("Other", ("x", "1"));
        var commit = CommitSubmodule(_repository, "lib", "../library", new string('1', 40));

        var failure = await _downloads.FailAsync(Url, commit);

        failure.Reason.ShouldBe(FailureReason.CommitNotFound);
        failure.Message.ShouldStartWith("The submodule lib could not be fetched.");
    }

    [Fact]
    public async Task The_token_is_not_sent_to_another_host()
    {
        var named = _library.Commit("Named", ("x", "1"));
        await using var other = await GitHttpServer.StartAsync(_downloads.Temp.Path);
        var seen = new List<string>();
        other.Instead = context =>
        {
            seen.Add(context.Request.Headers.Authorization.ToString());
            return Task.FromResult(false);
        };
        var commit = CommitSubmodule(_repository, "lib", $"{other.Origin}/library", named);

        await _downloads.FetchAsync(Url, commit, token: Token);

        seen.ShouldNotBeEmpty();
        seen.ShouldAllBe(header => header == "");
    }

    [Theory]
    [InlineData("file:///etc")]
    [InlineData("ext::sh -c touch% /tmp/x")]
    [InlineData("--upload-pack=touch /tmp/x")]
    [InlineData("-oProxyCommand=x:y")]
    [InlineData("https://user:secret@git.example/x")]
    [InlineData("../../../../../..")]
    [InlineData("")]
    public async Task A_url_that_does_harm_is_refused(string url)
    {
        var commit = CommitSubmodule(_repository, "lib", url, new string('1', 40));

        var failure = await _downloads.FailAsync(Url, commit);

        failure.Reason.ShouldBe(FailureReason.RepositoryUrlRefused, failure.Message);
        failure.Message.ShouldStartWith("The submodule lib could not be fetched.");
    }

    [Fact]
    public async Task A_symlink_from_a_submodule_into_the_tree_around_it_is_kept_and_one_out_of_it_left_out()
    {
        _library.CommitLink("up", "../a");
        var named = _library.CommitLink("out", "../../a");
        _repository.Commit("Files", ("a", "a"));
        var commit = CommitSubmodule(_repository, "lib", "../library", named);

        var files = await _downloads.ReadAsync(await _downloads.FetchAsync(Url, commit));

        files["lib/up"].ShouldBe("-> ../a");
        files.ShouldNotContainKey("lib/out");
    }

    [Fact]
    public async Task What_is_too_large_together_is_refused()
    {
        await using var small = new Downloads(("Source:MaxFiles", "10"));
        var named = _library.Commit("Named", [.. Enumerable.Range(0, 8).Select(i => ($"{i}", "x"))]);
        _repository.Commit("Files", [.. Enumerable.Range(0, 8).Select(i => ($"{i}", "x"))]);
        var commit = CommitSubmodule(_repository, "lib", "../library", named);

        (await small.FailAsync(Url, commit)).Reason.ShouldBe(FailureReason.SourceTooLarge);
    }

    private static string CommitSubmodule(TestRepository repository, string path, string url, string commit)
    {
        var name = path.Replace('/', '-');
        File.AppendAllText(Path.Combine(repository.Folder, ".gitmodules"), $"[submodule \"{name}\"]\n\tpath = {path}\n\turl = \"{url}\"\n");
        repository.Git("add", ".gitmodules");
        repository.Git("update-index", "--add", "--cacheinfo", $"160000,{commit},{path}");
        repository.Git("commit", "--quiet", "-m", $"Add {path}");
        return repository.Head;
    }
}
