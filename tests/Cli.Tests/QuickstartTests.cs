using System.Diagnostics;
using System.Text.Json;
using Paas.Cli.Tests.Fakes;

namespace Paas.Cli.Tests;

public sealed class QuickstartTests : IDisposable
{
    private readonly PaasCommand _paas = new();

    public QuickstartTests()
    {
        _paas.Environment["PAAS_STANDALONE"] = typeof(QuickstartTests).Assembly.Location;
        _paas.Environment[FakeStandalone.Variable] = "works";
    }

    private string AccessFile => Path.Combine(_paas.DataDirectory, "local-access.json");

    private string Log => File.ReadAllText(Path.Combine(_paas.DataDirectory, "quickstart", "platform.log"));

    public void Dispose() => _paas.Dispose();

    [Fact]
    public async Task It_ends_with_the_answer_of_the_app_and_leaves_no_process_behind()
    {
        var outcome = await _paas.RunAsync("quickstart", "--exit", "--urls", "http://127.0.0.1:0");

        outcome.ExitCode.ShouldBe(0, outcome.Error);
        outcome.Output.ShouldContain("HTTP 200");
        outcome.Output.ShouldContain("deployment number <output id=\"deployment\">1</output>");
        outcome.Output.Split('\n').ShouldContain("Succeeded");
        Log.ShouldContain("files true");
        Log.ShouldContain("Stopped");
        File.Exists(AccessFile).ShouldBeFalse();
    }

    [Fact]
    public async Task A_second_time_deploys_a_second_commit_that_keeps_what_the_user_changed()
    {
        (await _paas.RunAsync("quickstart", "--exit", "--urls", "http://127.0.0.1:0")).ExitCode.ShouldBe(0);
        var page = Path.Combine(_paas.DataDirectory, "quickstart", "hello", "index.html");
        File.WriteAllText(page, File.ReadAllText(page).Replace("Your push is live.", "My own words.", StringComparison.Ordinal));

        var outcome = await _paas.RunAsync("quickstart", "--exit", "--urls", "http://127.0.0.1:0");

        outcome.ExitCode.ShouldBe(0, outcome.Error);
        outcome.Output.ShouldContain("My own words.");
        outcome.Output.ShouldContain("<output id=\"deployment\">2</output>");
    }

    [Fact]
    public async Task A_platform_that_cannot_start_says_why()
    {
        _paas.Environment[FakeStandalone.Variable] = "cannot-start";

        var outcome = await _paas.RunAsync("quickstart", "--exit", "--urls", "http://127.0.0.1:0");

        outcome.ExitCode.ShouldBe(3);
        outcome.Error.ShouldContain("The data directory is read-only; choose another one.");
    }

    [Fact]
    public async Task A_platform_that_dies_is_noticed()
    {
        _paas.Environment[FakeStandalone.Variable] = "dies";

        var outcome = await _paas.RunAsync("quickstart", "--urls", "http://127.0.0.1:0");

        outcome.ExitCode.ShouldBe(3);
        outcome.Error.ShouldNotContain("   at ");
    }

    [Fact]
    public async Task A_failed_deployment_stops_the_platform_too()
    {
        _paas.Environment[FakeStandalone.Variable] = "fails";

        var outcome = await _paas.RunAsync("quickstart", "--urls", "http://127.0.0.1:0");

        outcome.ExitCode.ShouldBe(1);
        outcome.Output.ShouldContain("ManifestInvalid");
        Log.ShouldContain("Stopped");
    }

    [Fact]
    public async Task A_port_in_use_is_named()
    {
        await using var other = await FakePlatform.StartAsync();

        var outcome = await _paas.RunAsync("quickstart", "--exit", "--urls", other.Url);

        outcome.ExitCode.ShouldBe(3);
        outcome.Error.ShouldContain($"Another program listens on {other.Url} already");
    }

    [Fact]
    public async Task Without_git_it_says_so()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_paas.Folder, "bin")).FullName;
        _paas.Environment["PATH"] = folder;
        using var running = _paas.StartProgram(Environment.ProcessPath is { } path && Path.GetFileName(path) == "dotnet" ? path : FindDotnet(), [PaasCommand.Dll, "quickstart"]);

        var outcome = await running.EndAsync();

        outcome.ExitCode.ShouldBe(3);
        outcome.Error.ShouldStartWith("git was not found.");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task It_stays_up_until_it_is_stopped(bool byCtrlC)
    {
        using var running = _paas.Start("quickstart", "--urls", "http://127.0.0.1:0");
        await running.SeesAsync("stays up until Ctrl-C");
        var process = PlatformProcess();

        if (byCtrlC)
            running.Interrupt();
        else
            running.Terminate();
        var outcome = await running.EndAsync();

        outcome.ExitCode.ShouldBe(0);
        process.HasExited.ShouldBeTrue();
        Log.ShouldContain("Stopped");
    }

    [Fact]
    public async Task A_platform_that_runs_already_is_used_and_left_running()
    {
        using var first = _paas.Start("up", "--urls", "http://127.0.0.1:0");
        await first.SeesAsync("Listening on");

        var outcome = await _paas.RunAsync("quickstart", "--exit");
        var again = await _paas.RunAsync("quickstart", "--exit");

        outcome.ExitCode.ShouldBe(0, outcome.Error);
        outcome.Output.ShouldContain("it continues to run");
        again.ExitCode.ShouldBe(0, again.Error);
        again.Output.ShouldContain("<output id=\"deployment\">2</output>");
        PlatformProcess().HasExited.ShouldBeFalse();
        (await _paas.RunAsync("apps", "info", "hello")).ExitCode.ShouldBe(0);

        first.Terminate();
        (await first.EndAsync()).ExitCode.ShouldBe(0);
        File.Exists(AccessFile).ShouldBeFalse();
    }

    [Fact]
    public async Task One_that_stays_up_is_used_by_the_next()
    {
        using var first = _paas.Start("quickstart", "--urls", "http://127.0.0.1:0");
        await first.SeesAsync("stays up until Ctrl-C");

        var second = await _paas.RunAsync("quickstart", "--exit");

        second.ExitCode.ShouldBe(0, second.Error);
        second.Output.ShouldContain("it continues to run");
        second.Output.ShouldContain("<output id=\"deployment\">2</output>");
        first.Terminate();
        (await first.EndAsync()).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task Two_at_once_do_not_share_a_data_directory()
    {
        using var first = _paas.Start("quickstart", "--urls", "http://127.0.0.1:0");
        await first.SeesAsync("Starting the platform");

        var outcome = await _paas.RunAsync("quickstart", "--urls", "http://127.0.0.1:0");

        outcome.ExitCode.ShouldBe(2);
        outcome.Error.ShouldStartWith("Another quickstart runs");
        first.Interrupt();
        await first.EndAsync();
    }

    [Fact]
    public async Task Secrets_and_logs_are_for_their_owner_only()
    {
        if (OperatingSystem.IsWindows())
            return; // modes are a matter of Unix
        (await _paas.RunAsync("quickstart", "--exit", "--urls", "http://127.0.0.1:0")).ExitCode.ShouldBe(0);

        foreach (var name in (string[])["webhook-secret", "platform.log"])
            (File.GetUnixFileMode(Path.Combine(_paas.DataDirectory, "quickstart", name)) & (UnixFileMode)0b111_111).ShouldBe((UnixFileMode)0, name);
    }

    [Fact]
    public async Task An_app_of_the_user_with_the_same_name_is_left_alone()
    {
        await using var platform = await FakePlatform.StartAsync();
        platform.On("GET /v1/apps/hello", Samples.App("hello"));
        await using var @lock = new FileStream(Path.Combine(_paas.DataDirectory, "platform.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        File.WriteAllText(AccessFile, JsonSerializer.Serialize(new { url = platform.Url, token = FakePlatform.Token, processId = Environment.ProcessId }));

        var outcome = await _paas.RunAsync("quickstart");

        outcome.ExitCode.ShouldBe(2);
        outcome.Error.ShouldContain("https://git.example.com/me/shop");
        platform.Requests.ShouldAllBe(request => request.Method == "GET");
    }

    private Process PlatformProcess()
    {
        using var access = JsonDocument.Parse(File.ReadAllText(AccessFile));
        return Process.GetProcessById(access.RootElement.GetProperty("processId").GetInt32());
    }

    private static string FindDotnet() => Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, "dotnet")).First(File.Exists);
}
