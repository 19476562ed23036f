using System.Text.Json;
using Paas.Cli.Tests.Fakes;
using Paas.Contracts.Api;

namespace Paas.Cli.Tests;

/// <summary>What goes wrong is said in a sentence or two, with an exit code that tells whose turn it is.</summary>
public sealed class ErrorTests : IAsyncLifetime
{
    private FakePlatform _platform = null!;
    private PaasCommand _paas = null!;

    public async ValueTask InitializeAsync()
    {
        _platform = await FakePlatform.StartAsync();
        _paas = new PaasCommand(_platform);
    }

    public async ValueTask DisposeAsync()
    {
        _paas.Dispose();
        await _platform.DisposeAsync();
    }

    [Theory]
    [InlineData(400, 2)]
    [InlineData(403, 3)]
    [InlineData(404, 4)]
    [InlineData(409, 5)]
    [InlineData(422, 2)]
    [InlineData(429, 3)]
    [InlineData(500, 3)]
    [InlineData(503, 3)]
    public async Task A_refusal_is_told_in_the_platforms_own_words(int status, int exitCode)
    {
        _platform.Refuse("GET /v1/apps", status, "It did not work", "The cat sat on it\u001b[2J");

        var outcome = await _paas.RunAsync("apps");

        outcome.ExitCode.ShouldBe(exitCode);
        outcome.Output.ShouldBeEmpty();
        outcome.Error.ShouldEndWith("It did not work. The cat sat on it.\n");
    }

    [Fact]
    public async Task Fields_that_are_wrong_are_named()
    {
        _platform.On("POST /v1/apps", new { title = "Invalid", errors = new Dictionary<string, string[]> { ["name"] = ["Too short."] } }, 400);

        (await _paas.RunAsync("apps", "create", "x", "--repo", "https://a.example/b")).ShouldBe(new Outcome(2, "", "Invalid. name: Too short.\n"));
    }

    [Fact]
    public async Task A_page_of_a_proxy_is_not_shown()
    {
        _platform.On("GET /v1/apps", context =>
        {
            context.Response.StatusCode = 502;
            return context.Response.WriteRawAsync("<html>Bad gateway</html>");
        });

        var outcome = await _paas.RunAsync("apps");

        outcome.ExitCode.ShouldBe(3);
        outcome.Error.ShouldContain("failed (HTTP 502)");
        outcome.Error.ShouldNotContain("<html>");
    }

    [Fact]
    public async Task An_answer_that_makes_no_sense_is_a_fault_of_the_platform()
    {
        _platform.On("GET /v1/apps", context => context.Response.WriteRawAsync("""{"items":[{}]}"""));

        var outcome = await _paas.RunAsync("apps");

        outcome.ExitCode.ShouldBe(3);
        outcome.Error.ShouldStartWith("The platform's answer was not understood");
    }

    [Theory]
    [InlineData("a-wrong-token", "does not accept the token. Check PAAS_TOKEN")]
    [InlineData("", "set PAAS_TOKEN, or log in with `paas login")]
    [InlineData("two\nlines", "The token has characters that no token has")]
    public async Task A_token_that_is_not_accepted_is_named(string token, string said)
    {
        _paas.Environment["PAAS_TOKEN"] = token;

        var outcome = await _paas.RunAsync("apps");

        outcome.ExitCode.ShouldBe(3);
        outcome.Error.ShouldContain(said);
        if (token.Length > 0)
            outcome.Error.ShouldNotContain(token);
    }

    [Fact]
    public async Task A_redirect_does_not_carry_the_token_away()
    {
        await using var other = await FakePlatform.StartAsync();
        _platform.On("GET /v1/apps", context =>
        {
            context.Response.Redirect(other.Url + "/v1/apps");
            return Task.CompletedTask;
        });

        (await _paas.RunAsync("apps")).ExitCode.ShouldBe(3);
        other.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task No_platform_at_the_url_is_said()
    {
        await _platform.DisposeAsync();

        var outcome = await _paas.RunAsync("apps");

        outcome.ExitCode.ShouldBe(3);
        outcome.Error.ShouldContain("No platform answers at");
        outcome.Error.Split('\n').Length.ShouldBe(2);
        _platform = await FakePlatform.StartAsync();
    }

    [Theory]
    [InlineData("nope")]
    [InlineData("deploy")]
    [InlineData("apps create shop")]
    [InlineData("apps create shop --repo https://x.example --target moon")]
    [InlineData("apps update shop")]
    [InlineData("deploy shop --ref main --commit 0000000000000000000000000000000000000000")]
    [InlineData("apps --limit 0")]
    [InlineData("replay shop --from Nowhere")]
    [InlineData("replay")]
    [InlineData("replay shop --all")]
    [InlineData("replay shop --step BuildImage")]
    [InlineData("replay --all --from BuildImage")]
    [InlineData("replay --all --since yesterday")]
    [InlineData("replay --all --step Nowhere")]
    [InlineData("faults shop --since 2h")]
    [InlineData("discard shop")]
    [InlineData("dead-messages discard not-an-id --reason x")]
    [InlineData("config")]
    [InlineData("login not-a-url --token-stdin")]
    [InlineData("login https://me:secret@paas.example.com --token-stdin")]
    public async Task A_wrong_command_ends_with_2_and_asks_the_platform_nothing(string command)
    {
        var outcome = await _paas.RunAsync(command.Split(' '));

        outcome.ExitCode.ShouldBe(2);
        outcome.Error.ShouldNotBeEmpty();
        outcome.Error.ShouldNotContain("   at ");
        _platform.Requests.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("deply shop", "There is no command 'deply'. Did you mean 'deploy'?")]
    [InlineData("config gett shop", "There is no command 'config gett'. Did you mean 'config get'?")]
    public async Task A_mistyped_command_is_recognized(string command, string said)
    {
        var outcome = await _paas.RunAsync(command.Split(' '));

        outcome.ExitCode.ShouldBe(2);
        outcome.Error.ShouldStartWith(said);
    }

    [Fact]
    public async Task The_remedy_is_told_in_the_words_of_the_command()
    {
        _platform.On("GET /v1/apps/shpo", new { title = "Not found", detail = "There is no app 'shpo'. Did you mean 'shop'?", code = ProblemCodes.AppUnknown, remedy = "See GET /v1/apps." }, 404);

        (await _paas.RunAsync("apps", "info", "shpo")).ShouldBe(new Outcome(
            4, "", "There is no app 'shpo'. Did you mean 'shop'? `paas apps` lists your apps; `paas apps create NAME --repo URL` creates one.\n"));
    }

    [Theory]
    [InlineData("help config set", "paas config set APP NAME=VALUE... [OPTIONS]")]
    [InlineData("rollback --help", "paas rollback APP [VERSION] [OPTIONS]")]
    [InlineData("help logs", "paas logs hello -t -n 20")]
    [InlineData("help", "For operators:")]
    public async Task The_help_shows_what_is_optional_and_examples(string command, string shown)
    {
        var outcome = await _paas.RunAsync(command.Split(' '));

        outcome.ExitCode.ShouldBe(0, outcome.Error);
        outcome.Output.ShouldContain(shown);
    }

    [Theory]
    [InlineData("config:set shop", "config set")]
    [InlineData("ps:scale shop x", "'x' scales nothing")]
    public async Task A_colon_is_a_space(string command, string said) => (await _paas.RunAsync(command.Split(' '))).Error.ShouldContain(said);

    [Fact]
    public async Task Words_are_completed()
    {
        _platform.On("GET /v1/apps", Samples.Page(Samples.App()));

        (await _paas.RunAsync("complete", "--", "conf")).Output.ShouldBe("config\n");
        (await _paas.RunAsync("complete", "--", "config", "s")).Output.ShouldStartWith("set\n");
        (await _paas.RunAsync("complete", "--", "deploy", "")).Output.ShouldBe("shop\n");
        (await _paas.RunAsync("complete", "--", "deploy", "shop", "--no-c")).Output.ShouldBe("--no-cache\n");
        foreach (var shell in (string[])["bash", "zsh", "fish"])
            (await _paas.RunAsync("completion", shell)).Output.ShouldContain("complete --");
        (await _paas.RunAsync("completion", "tcsh")).ExitCode.ShouldBe(2);
    }

    [Theory]
    [InlineData("login http://127.0.0.1:1")]
    [InlineData("apps delete shop")]
    public async Task Ctrl_C_at_a_prompt_ends_at_once_with_nothing_done(string command)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "It takes script(1) to make a terminal.");
        using var running = _paas.StartProgram("/usr/bin/script", ["--quiet", "--return", "--command", $"exec dotnet '{PaasCommand.Dll}' {command}", "/dev/null"]);
        await running.SeesAsync(": ");

        await running.Process.StandardInput.WriteAsync('\u0003');
        await running.Process.StandardInput.FlushAsync();
        var outcome = await running.EndAsync();

        outcome.ExitCode.ShouldBe(130, outcome.Output);
        _platform.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Without_arguments_it_is_friendly()
    {
        var outcome = await _paas.RunAsync();

        outcome.ExitCode.ShouldBe(0);
        outcome.Output.ShouldContain("paas quickstart");
        outcome.Output.Split('\n').Length.ShouldBeLessThan(20);
    }

    [Fact]
    public async Task Without_a_platform_it_says_how_to_get_one()
    {
        using var nowhere = new PaasCommand();

        var outcome = await nowhere.RunAsync("apps");

        outcome.ExitCode.ShouldBe(3);
        outcome.Error.ShouldContain("`paas up`");
        outcome.Error.ShouldContain("`paas login URL`");
    }

    [Fact]
    public async Task The_platform_on_this_machine_is_found_while_it_runs()
    {
        using var local = new PaasCommand();
        _platform.On("GET /v1/apps", Samples.Page<AppResponse>());
        var file = Path.Combine(local.DataDirectory, "local-access.json");

        WriteAccess(Environment.ProcessId);
        await using (new FileStream(Path.Combine(local.DataDirectory, "platform.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None))
            (await local.RunAsync("apps")).ShouldBe(new Outcome(0, "No apps yet. Create one: paas apps create NAME --repo URL\n", ""));
        // It was killed, and this process has got its id, and its port.
        var heard = _platform.Requests.Count;
        (await local.RunAsync("apps")).Error.ShouldStartWith("No platform found");
        _platform.Requests.Count.ShouldBe(heard, "a stranger is shown no token");
        WriteAccess(int.MaxValue - 1);
        (await local.RunAsync("apps")).Error.ShouldStartWith("No platform found");

        void WriteAccess(int processId) =>
            File.WriteAllText(file, JsonSerializer.Serialize(new { url = _platform.Url, token = FakePlatform.Token, processId }));
    }

    [Fact]
    public async Task A_login_is_checked_kept_for_its_owner_and_used()
    {
        using var other = new PaasCommand();
        _platform.On("GET /v1/apps", Samples.Page(Samples.App()));
        _platform.On("GET /v1/status", new StatusResponse { Caller = "operator", InProgress = 0, Deployments = [], Faults = 0 });
        var file = Path.Combine(other.ConfigHome, "paas", "credentials.json");

        var wrong = await other.RunAsync("wrong\n", ["login", _platform.Url, "--token-stdin"]);
        File.Exists(file).ShouldBeFalse();
        var right = await other.RunAsync(FakePlatform.Token + "\n", ["login", _platform.Url + "/", "--token-stdin"]);

        wrong.ExitCode.ShouldBe(3);
        right.ExitCode.ShouldBe(0, right.Error);
        right.Output.ShouldNotContain(FakePlatform.Token);
        if (!OperatingSystem.IsWindows())
            File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        (await other.RunAsync("apps")).Output.ShouldContain("shop");
        (await other.RunAsync("logout")).ExitCode.ShouldBe(0);
        (await other.RunAsync("apps")).ExitCode.ShouldBe(3);
    }

    [Fact]
    public async Task A_platform_that_is_not_built_is_named()
    {
        _paas.Environment["PAAS_STANDALONE"] = "/nowhere/Paas.Standalone.dll";

        var outcome = await _paas.RunAsync("up");

        outcome.ShouldBe(new Outcome(3, "", "The standalone platform is not built: /nowhere/Paas.Standalone.dll does not exist. Start it with `./paas` from a clone, which builds it.\n"));
    }
}
