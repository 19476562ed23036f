using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using Paas.Contracts;
using Paas.Contracts.Api;

namespace Paas.EndToEnd.Tests.BadInput;

/// <summary>Repositories that are not there, not for us, or want to harm.</summary>
public sealed class RepositoryTests(SharedPlatform shared) : IClassFixture<SharedPlatform>
{
    private Platform Platform => shared.Platform;

    [Fact]
    public async Task One_that_does_not_exist()
    {
        await CreateAsync("missing", "file:///srv/nobody/has/this");

        var deployment = await Platform.DeployAsync("missing", new CreateDeploymentRequest());

        await deployment.ShouldHaveFailedAsync(Platform, Step.DownloadCode, FailureReason.RepositoryNotFound, "no git repository at file:///srv/nobody/has/this");
    }

    [Fact]
    public async Task One_that_needs_credentials()
    {
        await using var server = new ClosedDoor();
        await CreateAsync("private", server.Url + "acme/private");

        var deployment = await Platform.DeployAsync("private", new CreateDeploymentRequest());

        await deployment.ShouldHaveFailedAsync(
            Platform, Step.DownloadCode, FailureReason.RepositoryNeedsCredentials, "asks for credentials", "give the app a repository token");
    }

    [Fact]
    public async Task One_that_is_empty()
    {
        using var repository = new Repository();
        await Platform.CreateAppAsync("empty", repository);

        var deployment = await Platform.DeployAsync("empty", new CreateDeploymentRequest { Ref = "main" });

        await deployment.ShouldHaveFailedAsync(Platform, Step.DownloadCode, FailureReason.RepositoryEmpty, repository.Url, "is empty");
    }

    [Fact]
    public async Task A_commit_and_a_branch_that_are_not_there()
    {
        using var repository = Repository.Static("here");
        var app = await Platform.CreateAppAsync("gone", repository);
        (await Platform.DeployAsync(app, repository)).State.ShouldBe(DeploymentStates.Succeeded);
        var sha = new string('a', 40);

        var commit = await Platform.DeployAsync("gone", new CreateDeploymentRequest { Commit = sha });
        var branch = await Platform.DeployAsync("gone", new CreateDeploymentRequest { Ref = "no-such-branch" });

        await commit.ShouldHaveFailedAsync(Platform, Step.DownloadCode, FailureReason.CommitNotFound, sha, "forced push");
        await branch.ShouldHaveFailedAsync(Platform, Step.DownloadCode, FailureReason.RefNotFound, "'no-such-branch'", "main");
        (await Platform.GetAppAsync("gone")).Body.ShouldBe("here");
    }

    [Theory]
    [InlineData("ext::sh -c touch% {marker}")]
    [InlineData("ext::touch {marker}")]
    [InlineData("--upload-pack=touch {marker}")]
    [InlineData("--upload-pack=touch${IFS}{marker}")]
    [InlineData("-u/bin/sh")]
    [InlineData("ssh://-oProxyCommand=touch%20{marker}/acme/shop")]
    [InlineData("-oProxyCommand=touch {marker}:acme/shop")]
    [InlineData("https://github.com/acme/shop;touch {marker}")]
    [InlineData("fd::0")]
    [InlineData("/etc")]
    [InlineData("")]
    public async Task An_url_that_hides_a_command_is_refused_and_runs_nothing(string url)
    {
        var marker = Path.Combine(Platform.DataDirectory, "marker");
        using var response = await Platform.Http.PostAsJsonAsync("/v1/apps", new CreateAppRequest { Name = "hidden", Repository = url.Replace("{marker}", marker) });

        await response.ShouldRefuseAsync("repository", "https");
        (await response.Content.ReadAsStringAsync()).ShouldNotContain(marker);
        File.Exists(marker).ShouldBeFalse();
        (await Platform.Http.GetAsync("/v1/apps/hidden")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_symlink_out_of_the_tree_is_left_out()
    {
        using var repository = Repository.Static("before");
        var app = await Platform.CreateAppAsync("symlink", repository);
        (await Platform.DeployAsync(app, repository)).State.ShouldBe(DeploymentStates.Succeeded);
        File.CreateSymbolicLink(Path.Combine(repository.Path, "passwords"), "../../../../etc/passwd");
        repository.Commit(("index.html", "after"));

        var deployment = await Platform.DeployAsync(app, repository);

        deployment.State.ShouldBe(DeploymentStates.Succeeded);
        (await Platform.LogAsync(deployment.Id)).ShouldContain("Symlinks that lead out of the repository are left out: passwords");
        (await Platform.GetAppAsync("symlink")).Body.ShouldBe("after");
        (await Platform.GetAppAsync("symlink", "/passwords")).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Two_hundred_thousand_files()
    {
        using var repository = new Repository();
        repository.FastImport(stream =>
        {
            using var text = new StreamWriter(stream, leaveOpen: true);
            text.Write("blob\nmark :1\ndata 1\nx\ncommit refs/heads/main\ncommitter Test <test@example.com> 1 +0000\ndata 4\nmany\n");
            for (var i = 0; i < 200_000; i++)
                text.Write($"M 100644 :1 folder-{i / 1_000}/file-{i}\n");
        });
        var app = await Platform.CreateAppAsync("many-files", repository);

        var deployment = await Platform.DeployAsync(app, repository);

        await deployment.ShouldHaveFailedAsync(Platform, Step.DownloadCode, FailureReason.SourceTooLarge, "more than 50,000 files", "Source__MaxFiles");
    }

    [Fact]
    public async Task A_file_of_two_gigabytes()
    {
        const long bytes = 2L << 30;
        using var repository = new Repository();
        repository.FastImport(stream =>
        {
            stream.Write(Encoding.ASCII.GetBytes($"commit refs/heads/main\ncommitter Test <test@example.com> 1 +0000\ndata 5\nlarge\nM 100644 inline dump.sql\ndata {bytes}\n"));
            var zeros = new byte[1 << 20];
            for (long written = 0; written < bytes; written += zeros.Length)
                stream.Write(zeros);
            stream.Write("\n"u8);
        });
        var app = await Platform.CreateAppAsync("large-file", repository);
        var before = Platform.ResidentBytes();

        var deployment = await Platform.DeployAsync(app, repository);

        await deployment.ShouldHaveFailedAsync(Platform, Step.DownloadCode, FailureReason.SourceTooLarge, "dump.sql", "2 GiB", "256 MiB");
        (Platform.ResidentBytes() - before).ShouldBeLessThan(150L << 20);
    }

    private async Task CreateAsync(string name, string url)
    {
        using var response = await Platform.Http.PostAsJsonAsync("/v1/apps", new CreateAppRequest { Name = name, Repository = url });
        response.StatusCode.ShouldBe(HttpStatusCode.Created, await response.Content.ReadAsStringAsync());
    }

    /// <summary>A git host that lets nobody in.</summary>
    private sealed class ClosedDoor : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly Task _answers;

        public ClosedDoor()
        {
            _listener.Start();
            _answers = AnswerAsync();
        }

        public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/";

        public async ValueTask DisposeAsync()
        {
            _listener.Stop();
            await _answers;
        }

        private async Task AnswerAsync()
        {
            try
            {
                while (true)
                {
                    using var client = await _listener.AcceptTcpClientAsync();
                    using var reader = new StreamReader(client.GetStream());
                    while (await reader.ReadLineAsync() is { Length: > 0 })
                    {
                    }

                    await client.GetStream().WriteAsync(
                        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"git\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray());
                }
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                // the test is over
            }
        }
    }
}
