using Microsoft.Extensions.DependencyInjection;
using Paas.CodeDownloader.Tests.Fixtures;
using Paas.Contracts;

namespace Paas.CodeDownloader.Tests;

public sealed class RepositoryInspectorTests : IAsyncLifetime
{
    private const string Token = "ghp_Sup3rS3cretT0ken";
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

    [Fact]
    public async Task The_default_branch_is_found()
    {
        _repository.Commit("First", ("a", "1"));
        _repository.Git("branch", "-m", "main", "trunk/one");

        var found = await InspectAsync(Url);

        found.DefaultBranch.ShouldBe("trunk/one");
        found.Problem.ShouldBeNull();
        found.IsEmpty.ShouldBeFalse();
    }

    [Theory]
    [InlineData("main", true)]
    [InlineData("other", false)]
    [InlineData("in", false)]
    public async Task A_branch_is_found_by_its_whole_name(string branch, bool exists)
    {
        _repository.Commit("First", ("a", "1"));
        (await InspectAsync(Url, branch)).BranchExists.ShouldBe(exists);
    }

    [Fact]
    public async Task An_empty_repository_is_told()
    {
        var found = await InspectAsync(Url, "main");
        found.IsEmpty.ShouldBeTrue();
        found.Problem.ShouldBeNull();
    }

    [Fact]
    public async Task A_private_repository_is_looked_at_with_its_token()
    {
        _repository.Commit("First", ("a", "1"));
        _server.Token = Token;

        (await InspectAsync(Url)).Problem!.ShouldContain("asks for credentials");
        (await InspectAsync(Url, token: Token)).DefaultBranch.ShouldBe("main");
    }

    [Theory]
    [InlineData("{origin}/nothing", "There is no git repository")]
    [InlineData("ext::sh -c x", "spaces")]
    [InlineData("http://127.0.0.1:1/x", "could not be reached")]
    public async Task What_is_wrong_is_told_in_a_sentence(string url, string sentence) =>
        (await InspectAsync(url.Replace("{origin}", _server.Origin, StringComparison.Ordinal))).Problem!.ShouldContain(sentence);

    private Task<RepositoryInspected> InspectAsync(string url, string? branch = null, string? token = null) =>
        _downloads.Services.GetRequiredService<RepositoryInspector>().InspectAsync(
            new InspectRepository { Repository = url, Branch = branch, SealedRepositoryToken = token is null ? null : _downloads.Seal(token) },
            TestContext.Current.CancellationToken);
}
