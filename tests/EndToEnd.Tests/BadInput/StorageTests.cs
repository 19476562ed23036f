using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using Paas.Contracts.Api;

namespace Paas.EndToEnd.Tests.BadInput;

/// <summary>A data directory that is full, read-only, damaged or another platform's, and a port that is taken.</summary>
public sealed class StorageTests
{
    [Fact]
    public async Task On_a_full_disk_the_platform_says_so_and_does_not_start()
    {
        using var disk = SmallDisk.Mount("2m");
        disk.Fill();

        await ShouldEndAsync(disk.Folder, "is full");
    }

    [Fact]
    public async Task On_a_disk_that_becomes_full_at_the_start_it_says_so_too()
    {
        using var disk = SmallDisk.Mount("260k");

        await ShouldEndAsync(disk.Folder, "is full");
    }

    [Fact]
    public async Task On_a_read_only_disk_it_says_so_and_does_not_start()
    {
        using var disk = SmallDisk.Mount("2m");
        disk.MakeReadOnly();

        await ShouldEndAsync(disk.Folder, "read-only");
        await ShouldEndAsync(Path.Combine(disk.Folder, "below"), "read-only");
    }

    [Fact]
    public async Task A_disk_that_becomes_full_stops_nothing_for_good_and_damages_nothing()
    {
        using var disk = SmallDisk.Mount("64m");
        await using var platform = await Platform.StartOnAsync(disk.Folder, ("Steps__DownloadCode__Redelivery__0", "00:00:01"));
        using var repository = Repository.Static("before");
        var app = await platform.CreateAppAsync("survivor", repository);
        var first = await platform.DeployAsync(app, repository);
        first.State.ShouldBe(DeploymentStates.Succeeded);

        disk.Fill();
        repository.Commit(("index.html", "during"), ("more.txt", new string('x', 1 << 20)));
        using var push = await platform.PushAsync(repository, app.WebhookSecret);
        var accepted = push.StatusCode == HttpStatusCode.Accepted;
        if (!accepted)
        {
            push.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable, platform.Output);
            push.Headers.RetryAfter.ShouldNotBeNull();
            (await push.Content.ReadAsStringAsync()).ShouldContain("database cannot be");
        }

        (await platform.GetAppAsync("survivor")).Body.ShouldBe("before");
        (await platform.Http.GetAsync("/health/live")).StatusCode.ShouldBe(HttpStatusCode.OK);

        disk.MakeRoom();
        if (accepted)
        {
            // What was accepted is not lost: it goes on by itself, or an operator is told why it did not.
            var during = await platform.EndOfAsync(await platform.DeploymentOfAsync("survivor", repository.Head));
            during.State.ShouldBeOneOf(DeploymentStates.Succeeded, DeploymentStates.Faulted);
            during.Failure?.Message.ShouldContain("disk");
        }

        repository.Commit(("index.html", "after"));
        (await platform.DeployAsync(app, repository)).State.ShouldBe(DeploymentStates.Succeeded);
        (await platform.GetAppAsync("survivor")).Body.ShouldBe("after");

        (await platform.StopAsync()).ShouldBe(0, platform.Output);
        Tool.Run("python3", "-c", "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('PRAGMA integrity_check').fetchone()[0])", Path.Combine(disk.Folder, "paas.db"))
            .Trim().ShouldBe("ok");
        await platform.StartAgainAsync();
        (await platform.Http.GetFromJsonAsync<Page<DeploymentResponse>>("/v1/apps/survivor/deployments"))!.Items[^1].ShouldBeEquivalentTo(first);
        await Platform.UntilAsync(async () => (await platform.GetAppAsync("survivor")).Body == "after", "the app runs again");
        await Leftovers.ShouldBeNoneAsync(platform);
    }

    [Fact]
    public async Task Two_platforms_do_not_share_a_data_directory()
    {
        await using var platform = await Platform.StartAsync();

        await ShouldEndAsync(platform.DataDirectory, "Another platform uses the data directory");

        (await platform.Http.GetAsync("/v1/apps")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_data_directory_that_others_can_read_is_closed_with_all_that_is_in_it()
    {
        using var folder = new Folder();
        Tool.Run("chmod", "755", folder.Path);
        await using (var platform = await Platform.StartOnAsync(folder.Path, ("PAAS_TESTS_UMASK", "0000")))
        {
            Tool.Run("find", folder.Path, "-maxdepth", "0", "-printf", "%m").Trim().ShouldBe("700");
            // Whatever the umask: the database, what is beside it, the keys, and the token of this machine.
            Tool.Run("find", folder.Path, "(", "-name", "paas.db*", "-o", "-name", "*.xml", "-o", "-name", "local-access.json", ")", "-printf", "%f %m\n")
                .Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBeGreaterThanOrEqualTo(4);
            Tool.Run("find", folder.Path, "(", "-name", "paas.db*", "-o", "-name", "*.xml", "-o", "-name", "local-access.json", ")", "-perm", "/077").ShouldBe("");
            await platform.StopAsync();
            Tool.Run("chmod", "-R", "a+r", folder.Path);
            await platform.StartAgainAsync();
            Tool.Run("find", folder.Path, "(", "-name", "paas.db*", "-o", "-name", "*.xml", ")", "-perm", "/077").ShouldBe("");
        }
    }

    [Fact]
    public async Task A_data_directory_of_another_user_that_others_can_read_is_refused()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can be another user.");
        using var folder = new Folder();
        Tool.Run("chmod", "777", folder.Path);
        var (exitCode, errors, _) = await Platform.RunToEndAsync(folder.Path, asUser: 65534);
        exitCode.ShouldBe(1, errors);
        errors.ShouldContain("can be read by other users");
        Directory.GetFileSystemEntries(folder.Path).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_port_in_use_is_named()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var url = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
        using var folder = new Folder();

        await ShouldEndAsync(folder.Path, [url, "in use", "--urls"], url);
    }

    [Theory]
    [InlineData("This is no database, and far from being one.")]
    [InlineData("SQLite format 3\0 and then nothing that fits what should follow a header like this one, for more than a hundred bytes in all.")]
    public async Task A_corrupt_database_is_left_alone_and_named(string content)
    {
        using var folder = new Folder();
        var database = Path.Combine(folder.Path, "paas.db");
        await File.WriteAllTextAsync(database, content);

        await ShouldEndAsync(folder.Path, "paas.db");

        (await File.ReadAllTextAsync(database)).ShouldBe(content);
    }

    private static Task ShouldEndAsync(string dataDirectory, string words) => ShouldEndAsync(dataDirectory, [words]);

    /// <summary>One sentence on standard error, or a few, on one line; nothing for programmers; and the exit code 1.</summary>
    private static async Task ShouldEndAsync(string dataDirectory, string[] words, string url = "http://127.0.0.1:0")
    {
        var (exitCode, errors, output) = await Platform.RunToEndAsync(dataDirectory, url);
        exitCode.ShouldBe(1, errors);
        output.ShouldNotContain("   at ", Case.Sensitive, output);
        output.ShouldNotContain("Exception", Case.Sensitive, output);
        errors.Split('\n').Length.ShouldBe(1, errors);
        errors.ShouldEndWith(".");
        foreach (var word in words)
            errors.ShouldContain(word);
    }

    private sealed class Folder : IDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("paas-data-");

        public string Path => _folder.FullName;

        public void Dispose() => _folder.Delete(recursive: true);
    }
}
