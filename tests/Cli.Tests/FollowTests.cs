using System.Diagnostics;
using System.Text.Json;
using Paas.Cli.Tests.Fakes;
using Paas.Contracts;
using Paas.Contracts.Api;

namespace Paas.Cli.Tests;

/// <summary>Watching a deployment to its end.</summary>
public sealed class FollowTests : IAsyncLifetime
{
    private FakePlatform _platform = null!;
    private PaasCommand _paas = null!;
    private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public async ValueTask InitializeAsync()
    {
        _platform = await FakePlatform.StartAsync();
        _platform.On("POST /v1/apps/shop/deployments", Samples.Deployment(DeploymentStates.Requested), 202);
        _paas = new PaasCommand(_platform);
    }

    public async ValueTask DisposeAsync()
    {
        _paas.Dispose();
        await _platform.DisposeAsync();
    }

    [Fact]
    public async Task Plain_output_has_each_step_once()
    {
        _platform.Stream(Samples.Id, async context =>
        {
            await FakePlatform.DeploymentAsync(context, Samples.Deployment(DeploymentStates.DownloadingCode, StepStates.Running));
            await FakePlatform.LogAsync(context, 1, Step.DownloadCode, "Fetching");
            await FakePlatform.DeploymentAsync(context, Samples.Deployment(DeploymentStates.ValidatingConfiguration, StepStates.Succeeded, StepStates.Running));
            await FakePlatform.DeploymentAsync(context, Retrying());
            await FakePlatform.DeploymentAsync(context, Retrying());
            await FakePlatform.DeploymentAsync(context, Samples.Succeeded());
            await FakePlatform.EndAsync(context);
        });

        var outcome = await _paas.RunAsync("deploy", "shop", "--ref", "main");

        outcome.ShouldBe(new Outcome(0, """
            shop · 1a2b3c4 · Sell [red]apples[/] · main
              DownloadCode | Fetching
            ✓ DownloadCode 0.4 s
              ValidateConfiguration: network error, try 3 of 15, next at 10:32:00
            ✓ ValidateConfiguration 0.4 s
            ✓ BuildImage 0.4 s
            ✓ PublishImage 0.4 s
            ✓ DeployRelease 0.4 s
            ✓ ResolveUrl 0.4 s
            ✓ shop v4 is live after 12.3 s.
              http://shop.localhost:8080/

            """, ""));
        _platform.Only("POST", "/v1/apps/shop/deployments").Body.ShouldBe("""{"ref":"main","noCache":false}""");
    }

    [Fact]
    public async Task A_step_ends_after_its_last_line()
    {
        _platform.Stream(Samples.Id, async context =>
        {
            await FakePlatform.DeploymentAsync(context, Samples.Deployment(DeploymentStates.ValidatingConfiguration, StepStates.Succeeded, StepStates.Running));
            await FakePlatform.LogAsync(context, 1, Step.DownloadCode, "Fetched");
            await FakePlatform.DeploymentAsync(context, Samples.Deployment(DeploymentStates.BuildingImage, StepStates.Succeeded, StepStates.Succeeded, StepStates.Running));
            await FakePlatform.LogAsync(context, 2, Step.ValidateConfiguration, "Static app");
            await FakePlatform.LogAsync(context, 3, Step.BuildImage, "Building");
            await FakePlatform.DeploymentAsync(context, Samples.Succeeded());
            await FakePlatform.EndAsync(context);
        });

        var outcome = await _paas.RunAsync("deploy", "shop");

        outcome.Output.Split('\n')[1..7].ShouldBe([
            "  DownloadCode | Fetched",
            "✓ DownloadCode 0.4 s",
            "  ValidateConfiguration | Static app",
            "✓ ValidateConfiguration 0.4 s",
            "  BuildImage | Building",
            "✓ BuildImage 0.4 s",
        ]);
    }

    [Theory]
    [InlineData(DeploymentStates.Succeeded, 0)]
    [InlineData(DeploymentStates.Failed, 1)]
    [InlineData(DeploymentStates.Canceled, 1)]
    [InlineData(DeploymentStates.Superseded, 1)]
    [InlineData(DeploymentStates.Faulted, 3)]
    public async Task The_exit_code_tells_how_it_ended(string state, int exitCode)
    {
        var deployment = state switch
        {
            DeploymentStates.Failed => Samples.Failed(),
            DeploymentStates.Faulted => Samples.Faulted(),
            _ => Samples.Deployment(state),
        };
        _platform.On($"GET /v1/deployments/{Samples.Id}", deployment);
        _platform.Stream(Samples.Id, async context =>
        {
            await FakePlatform.DeploymentAsync(context, deployment);
            await FakePlatform.EndAsync(context);
        });

        var watched = await _paas.RunAsync("deploy", "shop");
        var json = await _paas.RunAsync("deploy", "shop", "--json");

        watched.ExitCode.ShouldBe(exitCode, watched.Output);
        json.ExitCode.ShouldBe(exitCode);
        json.Output.ShouldBe(JsonSerializer.Serialize(deployment, JsonSerializerOptions.Web) + "\n");
    }

    [Fact]
    public async Task A_cut_stream_is_resumed_after_the_last_line()
    {
        _platform.Stream(Samples.Id,
            async context =>
            {
                await FakePlatform.LogAsync(context, 9, Step.DownloadCode, "one");
                await FakePlatform.LogAsync(context, 10, Step.DownloadCode, "two");
                await _held.Task.WaitAsync(context.RequestAborted);
                context.Abort();
            },
            context => FakePlatform.ProblemAsync(context, 503, "Unavailable", "Starting."),
            async context =>
            {
                await FakePlatform.LogAsync(context, 10, Step.DownloadCode, "two");
                await FakePlatform.LogAsync(context, 11, Step.DownloadCode, "three");
                await FakePlatform.DeploymentAsync(context, Samples.Succeeded());
                await FakePlatform.EndAsync(context);
            });

        using var running = _paas.Start("deploy", "shop");
        await running.SeesAsync("two");
        _held.SetResult();
        var outcome = await running.EndAsync();

        outcome.ExitCode.ShouldBe(0, outcome.Error);
        outcome.Output.Split('\n').Where(line => line.Contains(" | ", StringComparison.Ordinal)).ShouldBe(
            ["  DownloadCode | one", "  DownloadCode | two", "  DownloadCode | three"]);
        outcome.Output.ShouldContain("Connected again.");
        var resumed = _platform.Requests.Where(request => request.Target.EndsWith("/logs", StringComparison.Ordinal)).ToList();
        resumed.Count.ShouldBe(3);
        resumed[0].Headers.Keys.ShouldNotContain("Last-Event-ID");
        resumed[2].Headers["Last-Event-ID"].ShouldBe("7.10");
    }

    [Fact]
    public async Task A_platform_that_restarts_is_waited_for()
    {
        _platform.Stream(Samples.Id, async context =>
        {
            await FakePlatform.LogAsync(context, 1, Step.DownloadCode, "before");
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        var url = _platform.Url;
        using var running = _paas.Start("deploy", "shop");
        await running.SeesAsync("before");
        await _platform.DisposeAsync();
        await running.SeesAsync("Reconnecting");

        _platform = await FakePlatform.StartAsync(url);
        _platform.Stream(Samples.Id, async context =>
        {
            await FakePlatform.DeploymentAsync(context, Samples.Succeeded());
            await FakePlatform.EndAsync(context);
        });

        (await running.EndAsync()).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task Ctrl_C_stops_following_and_not_the_deployment()
    {
        HoldStream();
        using var running = _paas.Start("deploy", "shop");
        await running.SeesAsync("working");

        running.Interrupt();
        var outcome = await running.EndAsync();

        outcome.ExitCode.ShouldBe(130);
        outcome.Error.ShouldContain("the deployment continues. Follow it again with `paas logs shop#7 --follow`");
        _platform.Requests.ShouldNotContain(request => request.Target.EndsWith("/cancel", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_log_of_a_deployment_that_is_over_is_printed_with_its_end()
    {
        _platform.On($"GET /v1/deployments/{Samples.Id}", Samples.Failed());
        _platform.On($"GET /v1/deployments/{Samples.Id}/logs", context => context.Response.WriteRawAsync("a line\n"));

        var outcome = await _paas.RunAsync("logs", $"{Samples.Id}", "--follow");

        outcome.ExitCode.ShouldBe(1);
        outcome.Output.ShouldStartWith("a line\n✗ Failed in ValidateConfiguration");
    }

    [Fact]
    public async Task A_terminal_gets_a_picture_that_is_drawn_over()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "It takes script(1) to make a terminal.");
        _paas.Environment["TERM"] = "xterm-256color";
        HoldStream();
        using var running = OnTerminal($"stty cols 50 rows 24; exec dotnet '{PaasCommand.Dll}' deploy shop");
        await running.SeesAsync("working");

        _platform.Stream(Samples.Id, async context =>
        {
            await FakePlatform.DeploymentAsync(context, Samples.Failed());
            await FakePlatform.EndAsync(context);
        });
        _held.SetResult();
        var outcome = await running.EndAsync();

        outcome.ExitCode.ShouldBe(1);
        outcome.Output.ShouldContain("\u001b[");
        outcome.Output.ShouldContain("✗");
        outcome.Output.ShouldContain("\u001b[?25h", customMessage: "the cursor has to come back");
        outcome.Output.ShouldNotContain("\u001b]0;");
    }

    [Fact]
    public async Task Without_colors_the_picture_is_still_drawn()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "It takes script(1) to make a terminal.");
        _paas.Environment["TERM"] = "xterm-256color";
        _paas.Environment["NO_COLOR"] = "1";
        HoldStream();
        using var running = OnTerminal($"stty cols 50 rows 24; exec dotnet '{PaasCommand.Dll}' deploy shop");
        await running.SeesAsync("working");
        running.Interrupt();

        running.Output.ShouldContain("\u001b[");
        running.Output.ShouldNotMatch("\u001b\\[[0-9;]*(3[0-7]|38|9[0-7])[;m]");
    }

    [Fact]
    public async Task A_locale_that_knows_ASCII_only_gets_ASCII()
    {
        _paas.Environment["LANG"] = "C";
        _platform.Stream(Samples.Id, async context =>
        {
            await FakePlatform.LogAsync(context, 1, Step.DownloadCode, "Fetching…");
            await FakePlatform.DeploymentAsync(context, Samples.Succeeded());
            await FakePlatform.EndAsync(context);
        });

        var outcome = await _paas.RunAsync("deploy", "shop");

        outcome.Output.ShouldContain("ok BuildImage 0.4 s");
        outcome.Output.ShouldAllBe(character => character < 128);
    }

    [Fact]
    public async Task Standard_output_that_nobody_reads_any_more_ends_the_command_quietly()
    {
        _platform.Stream(Samples.Id, async context =>
        {
            for (var i = 0; ; i++)
                await FakePlatform.LogAsync(context, i, Step.DownloadCode, $"line {i}");
        });
        using var running = _paas.StartProgram("/bin/bash", ["-c", $"dotnet '{PaasCommand.Dll}' deploy shop | head -3; exit ${{PIPESTATUS[0]}}"]);

        var outcome = await running.EndAsync();

        outcome.ExitCode.ShouldBe(141);
        outcome.Error.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_token_that_a_restart_has_changed_is_read_again()
    {
        using var local = new PaasCommand();
        await using var isRunning = new FileStream(Path.Combine(local.DataDirectory, "platform.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        WriteAccess("the-first-token");
        var isRestarted = false;
        _platform.Stream(Samples.Id, async context =>
        {
            if (!isRestarted)
            {
                await FakePlatform.LogAsync(context, 1, Step.DownloadCode, "before");
                await _held.Task;
                context.Abort();
            }
            else
            {
                await FakePlatform.DeploymentAsync(context, Samples.Succeeded());
                await FakePlatform.EndAsync(context);
            }
        });
        _platform.Accepted = "the-first-token";
        using var running = local.Start("deploy", "shop");
        await running.SeesAsync("before");

        // The new platform answers before it has written down its token.
        (isRestarted, _platform.Accepted) = (true, "the-second-token");
        _held.SetResult();
        await running.SeesAsync("Reconnecting");
        WriteAccess("the-second-token");

        (await running.EndAsync()).ExitCode.ShouldBe(0);

        void WriteAccess(string token) => File.WriteAllText(
            Path.Combine(local.DataDirectory, "local-access.json"), JsonSerializer.Serialize(new { url = _platform.Url, token, processId = Environment.ProcessId }));
    }

    [Fact]
    public async Task What_is_no_stream_after_a_stream_is_waited_over()
    {
        _platform.Stream(Samples.Id,
            async context =>
            {
                await FakePlatform.LogAsync(context, 1, Step.DownloadCode, "before");
                await _held.Task;
                context.Abort();
            },
            context =>
            {
                context.Response.ContentType = null;
                return Task.CompletedTask;
            },
            async context =>
            {
                await FakePlatform.DeploymentAsync(context, Samples.Succeeded());
                await FakePlatform.EndAsync(context);
            });
        using var running = _paas.Start("deploy", "shop");
        await running.SeesAsync("before");
        _held.SetResult();

        (await running.EndAsync()).ExitCode.ShouldBe(0);
    }

    [Theory]
    [InlineData("TERM", "dumb")]
    public async Task A_terminal_that_wants_it_gets_plain_lines(string variable, string value)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "It takes script(1) to make a terminal.");
        _paas.Environment["TERM"] = "xterm-256color";
        _paas.Environment[variable] = value;
        _platform.Stream(Samples.Id, async context =>
        {
            await FakePlatform.DeploymentAsync(context, Samples.Succeeded());
            await FakePlatform.EndAsync(context);
        });
        using var running = OnTerminal($"exec dotnet '{PaasCommand.Dll}' deploy shop");

        var outcome = await running.EndAsync();

        outcome.ExitCode.ShouldBe(0);
        outcome.Output.ShouldContain("✓ BuildImage 0.4 s");
        outcome.Output.ShouldNotContain("\u001b[3");
    }

    private void HoldStream() => _platform.Stream(Samples.Id, async context =>
    {
        await FakePlatform.DeploymentAsync(context, Samples.Deployment(DeploymentStates.DownloadingCode, StepStates.Running));
        await FakePlatform.LogAsync(context, 1, Step.DownloadCode, "\u001b]0;owned\u0007working [link=x]");
        await _held.Task.WaitAsync(context.RequestAborted);
    });

    private PaasCommand.RunningCommand OnTerminal(string command) =>
        _paas.StartProgram("/usr/bin/script", ["--quiet", "--return", "--command", command, "/dev/null"]);

    private static DeploymentResponse Retrying()
    {
        var deployment = Samples.Deployment(DeploymentStates.ValidatingConfiguration, StepStates.Succeeded, StepStates.Retrying);
        var step = deployment.Steps[1] with { Error = "network error", Try = 3, MaxTries = 15, NextTryAt = Samples.Begun.AddMinutes(2) };
        return deployment with { Steps = [deployment.Steps[0], step, .. deployment.Steps.Skip(2)] };
    }
}
