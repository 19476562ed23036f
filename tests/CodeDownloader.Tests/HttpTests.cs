using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Paas.CodeDownloader.Git;
using Paas.CodeDownloader.Tests.Fixtures;
using Paas.Contracts;

namespace Paas.CodeDownloader.Tests;

public sealed class HttpTests : IAsyncLifetime
{
    private const string Token = "ghp_Sup3rS3cretT0ken";
    private Downloads _downloads = null!;
    private TestRepository _repository = null!;
    private GitHttpServer _server = null!;

    private string Url => $"{_server.Origin}/repository";

    public async ValueTask InitializeAsync()
    {
        _downloads = new Downloads(("Source:FetchTimeout", "00:00:20"));
        _repository = _downloads.Repository();
        _repository.Commit("Over http", ("a", "1"), ("b/c", "2"));
        _server = await GitHttpServer.StartAsync(_downloads.Temp.Path);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _downloads.DisposeAsync();
    }

    [Fact]
    public async Task A_commit_is_fetched_over_http()
    {
        var pushed = _repository.Head;
        _repository.Commit("Later", ("a", "changed"));

        var source = await _downloads.FetchAsync(Url, pushed);

        (await _downloads.ReadAsync(source)).ShouldBe(new Dictionary<string, string> { ["a"] = "1", ["b/c"] = "2" }, ignoreOrder: true);
    }

    [Fact]
    public async Task A_branch_is_resolved_over_http() =>
        (await _downloads.FetchAsync(Url, null, "main")).Commit.ShouldBe(_repository.Head);

    [Fact]
    public async Task A_private_repository_is_fetched_with_the_token_which_is_seen_nowhere()
    {
        _server.Token = Token;
        var seen = new List<string>();
        _server.Instead = _ =>
        {
            // At this moment git is waiting for an answer, with whatever arguments it was given.
            seen.AddRange(CommandLines());
            return Task.FromResult(false);
        };

        var source = await _downloads.FetchAsync(Url, _repository.Head, null, Token);

        source.Commit.ShouldBe(_repository.Head);
        seen.ShouldContain(line => line.Contains("remote-http"));
        ShouldHoldNoToken(string.Join('\n', seen));
        ShouldHoldNoToken(_downloads.Log);
        foreach (var file in Directory.EnumerateFiles(_downloads.DataDirectory, "*", SearchOption.AllDirectories))
            ShouldHoldNoToken(await File.ReadAllTextAsync(file));
    }

    [Fact]
    public async Task A_private_repository_without_a_token_needs_credentials()
    {
        _server.Token = Token;

        foreach (var commit in new[] { null, _repository.Head })
        {
            var failure = await _downloads.FailAsync(Url, commit);
            failure.Reason.ShouldBe(FailureReason.RepositoryNeedsCredentials);
            failure.Message.ShouldContain("asks for credentials");
        }
    }

    [Fact]
    public async Task A_wrong_token_is_told_from_a_missing_one()
    {
        _server.Token = "another";

        var failure = await _downloads.FailAsync(Url, _repository.Head, null, Token);

        failure.Reason.ShouldBe(FailureReason.RepositoryNeedsCredentials);
        failure.Message.ShouldContain("refused the app's repository token");
        ShouldHoldNoToken(failure.Message + _downloads.Log);
    }

    [Theory]
    [InlineData("tok\nen")]
    [InlineData("  ")]
    public async Task A_token_that_would_break_the_header_is_refused(string token) =>
        (await _downloads.FailAsync(Url, _repository.Head, null, token)).Reason.ShouldBe(FailureReason.RepositoryNeedsCredentials);

    [Fact]
    public async Task A_denied_access_needs_credentials()
    {
        _server.Instead = context => Answer(context, 403);

        (await _downloads.FailAsync(Url, _repository.Head)).Reason.ShouldBe(FailureReason.RepositoryNeedsCredentials);
    }

    [Fact]
    public async Task A_repository_that_is_not_there_is_not_found()
    {
        foreach (var commit in new[] { null, _repository.Head })
            (await _downloads.FailAsync($"{_server.Origin}/nowhere", commit)).Reason.ShouldBe(FailureReason.RepositoryNotFound);
    }

    [Fact]
    public async Task A_web_page_is_not_a_repository()
    {
        _server.Instead = async context =>
        {
            context.Response.ContentType = "text/html";
            await context.Response.WriteAsync("<!doctype html>\n<html>\n<p>Welcome</p>\n</html>\n");
            return true;
        };

        (await _downloads.FailAsync(Url, _repository.Head)).Reason.ShouldBe(FailureReason.RepositoryNotFound);
    }

    [Fact]
    public async Task A_commit_that_is_not_there_is_not_found() =>
        (await _downloads.FailAsync(Url, new string('1', 40))).Reason.ShouldBe(FailureReason.CommitNotFound);

    [Fact]
    public async Task A_server_error_is_a_fault_and_the_next_try_succeeds()
    {
        var broken = true;
        _server.Instead = context => broken ? Answer(context, 503) : Task.FromResult(false);

        var fault = await Should.ThrowAsync<CodeDownloadException>(_downloads.FetchAsync(Url, _repository.Head));
        fault.Message.ShouldContain("503");
        broken = false;
        (await _downloads.FetchAsync(Url, _repository.Head)).Commit.ShouldBe(_repository.Head);
    }

    [Fact]
    public async Task A_connection_that_breaks_in_the_middle_is_a_fault_and_the_next_try_succeeds()
    {
        var broken = true;
        _server.Instead = async context =>
        {
            if (!broken || context.Request.Method != "POST")
                return false;
            context.Response.ContentType = "application/x-git-upload-pack-result";
            await context.Response.WriteAsync("000dpackfile\n00");
            await context.Response.Body.FlushAsync();
            context.Abort();
            return true;
        };

        await Should.ThrowAsync<CodeDownloadException>(_downloads.FetchAsync(Url, _repository.Head));
        broken = false;
        (await _downloads.FetchAsync(Url, _repository.Head)).Commit.ShouldBe(_repository.Head);
    }

    [Fact]
    public async Task A_git_that_is_killed_in_the_middle_does_not_harm_the_next_try()
    {
        await _downloads.FetchAsync(Url);
        var noise = new byte[3_000_000];
        new Random(1).NextBytes(noise);
        await File.WriteAllBytesAsync(Path.Combine(_repository.Folder, "noise"), noise);
        var commit = _repository.CommitAll("Noise");
        _server.StopAfter = 1_000_000;
        var fetching = _downloads.FetchAsync(Url, commit);
        await _server.Stopped.WaitAsync(TimeSpan.FromSeconds(15));

        foreach (var pid in Processes().Where(process => process.CommandLine.Contains(_downloads.App.ToString())).Select(process => process.Pid))
            Process.Start("kill", ["-9", $"{pid}"]).WaitForExit();

        await Should.ThrowAsync<Exception>(fetching);
        _server.StopAfter = null;
        (await _downloads.FetchAsync(Url, commit)).Commit.ShouldBe(commit);
        Directory.EnumerateFiles(_downloads.Cache, "*tmp*", SearchOption.AllDirectories).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("http://127.0.0.1:1/repository")]
    [InlineData("http://host.invalid/repository")]
    public async Task A_server_that_cannot_be_reached_is_a_fault(string url)
    {
        var fault = await Should.ThrowAsync<CodeDownloadException>(_downloads.FetchAsync(url, _repository.Head));
        fault.Message.ShouldContain(new Uri(url).Host);
    }

    [Fact]
    public async Task A_server_that_hangs_runs_into_the_timeout()
    {
        await using var downloads = new Downloads(("Source:FetchTimeout", "00:00:01"));
        _server.Instead = Hang;

        var fault = await Should.ThrowAsync<CodeDownloadException>(downloads.FetchAsync(Url, _repository.Head));

        fault.Message.ShouldContain("longer than 1 s");
        CommandLines().ShouldNotContain(line => line.Contains(downloads.App.ToString()));
    }

    [Fact]
    public async Task Cancellation_ends_git_at_once_and_the_next_try_succeeds()
    {
        using var cancellation = new CancellationTokenSource();
        var asked = new TaskCompletionSource();
        _server.Instead = context =>
        {
            asked.TrySetResult();
            return Hang(context);
        };
        var fetching = _downloads.FetchAsync(Url, _repository.Head, cancellation: cancellation.Token);
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(10));

        await cancellation.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(fetching.WaitAsync(TimeSpan.FromSeconds(5)));
        CommandLines().ShouldNotContain(line => line.Contains(_downloads.App.ToString()));
        _downloads.StoredArtifacts().ShouldBe(0);
        _server.Instead = null;
        (await _downloads.FetchAsync(Url, _repository.Head)).Commit.ShouldBe(_repository.Head);
    }

    [Fact]
    public async Task A_renamed_repository_is_followed_on_its_host()
    {
        _server.Instead = context => Redirect(context, "/old", $"{_server.Origin}/repository");

        var source = await _downloads.FetchAsync($"{_server.Origin}/old", null, "main");

        source.Commit.ShouldBe(_repository.Head);
        _downloads.Log.ShouldContain($"has moved to {Url}");
    }

    [Fact]
    public async Task A_redirect_to_another_host_is_not_followed_nor_given_the_token()
    {
        await using var other = await GitHttpServer.StartAsync(_downloads.Temp.Path);
        _server.Instead = context => Redirect(context, "/repository", $"{other.Origin}/repository");

        var failure = await _downloads.FailAsync(Url, _repository.Head, null, Token);

        failure.Reason.ShouldBe(FailureReason.RepositoryUrlRefused);
        failure.Message.ShouldContain(other.Origin);
        other.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_redirect_in_a_circle_ends()
    {
        _server.Instead = context => Redirect(context, "/repository", Url);

        (await _downloads.FailAsync(Url, _repository.Head)).Reason.ShouldBe(FailureReason.RepositoryNotFound);
    }

    [Fact]
    public async Task A_server_without_single_commits_gives_its_branches()
    {
        // The dumb protocol: plain files, neither shallow nor by commit.
        var pushed = _repository.Head;
        _repository.Commit("Later", ("a", "changed"));
        _repository.Git("update-server-info");
        _server.Instead = async context =>
        {
            var file = Path.Combine(_repository.Folder, ".git", context.Request.Path.Value!["/repository/".Length..]);
            if (!File.Exists(file))
                return await Answer(context, 404);
            context.Response.ContentType = "text/plain";
            await context.Response.SendFileAsync(file);
            return true;
        };

        var source = await _downloads.FetchAsync(Url, pushed, "refs/heads/main");

        (await _downloads.ReadAsync(source))["a"].ShouldBe("1");
        (await _downloads.FetchAsync(Url, null, "main")).Commit.ShouldBe(_repository.Head);
        (await Should.ThrowAsync<Hosting.Steps.StepFailedException>(_downloads.FetchAsync(Url, new string('1', 40))))
            .Reason.ShouldBe(FailureReason.CommitNotFound);
    }

    [Fact]
    public async Task A_host_that_is_not_allowed_is_never_asked()
    {
        await using var downloads = new Downloads(("Source:AllowedHosts", "github.com, gitlab.com"));

        var failure = await downloads.FailAsync(Url, _repository.Head);

        failure.Reason.ShouldBe(FailureReason.RepositoryUrlRefused);
        failure.Message.ShouldContain("github.com, gitlab.com");
        _server.Requests.ShouldBeEmpty();
    }

    private static Task<bool> Answer(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        return Task.FromResult(true);
    }

    private static Task<bool> Redirect(HttpContext context, string from, string to)
    {
        if (!context.Request.Path.StartsWithSegments(from, out var rest))
            return Task.FromResult(false);
        context.Response.Redirect(to + rest + context.Request.QueryString, permanent: true);
        return Task.FromResult(true);
    }

    private static async Task<bool> Hang(HttpContext context)
    {
        var gone = new TaskCompletionSource();
        await using var registration = context.RequestAborted.Register(gone.SetResult);
        await gone.Task;
        return true;
    }

    private static void ShouldHoldNoToken(string text)
    {
        text.Contains(Token, StringComparison.Ordinal).ShouldBeFalse();
        text.Contains(Convert.ToBase64String("x-access-token:"u8.ToArray().Concat(System.Text.Encoding.UTF8.GetBytes(Token)).ToArray())).ShouldBeFalse();
        text.Contains("Authorization", StringComparison.OrdinalIgnoreCase).ShouldBeFalse();
    }

    /// <summary>Those of the processes that this one has started, and that they have.</summary>
    private static List<string> CommandLines()
    {
        var processes = Processes();
        var parents = processes.ToDictionary(process => process.Pid, process => ParentOf(process.Pid));
        return [.. processes.Where(process => IsOwn(process.Pid)).Select(process => process.CommandLine)];

        bool IsOwn(int pid) => parents.TryGetValue(pid, out var parent) && (parent == Environment.ProcessId || IsOwn(parent));
    }

    private static int ParentOf(int pid)
    {
        try
        {
            // After the name in brackets, which may hold anything: the state, then the parent.
            return int.Parse(File.ReadAllText($"/proc/{pid}/stat").Split(')')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0; // it has ended meanwhile
        }
    }

    private static List<(int Pid, string CommandLine)> Processes()
    {
        var processes = new List<(int, string)>();
        foreach (var folder in Directory.EnumerateDirectories("/proc").Where(folder => char.IsDigit(Path.GetFileName(folder)[0])))
        {
            try
            {
                processes.Add((int.Parse(Path.GetFileName(folder)), File.ReadAllText(Path.Combine(folder, "cmdline")).Replace('\0', ' ')));
            }
            catch (IOException)
            {
                continue; // it has ended meanwhile
            }
        }

        return processes;
    }
}
