using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Paas.Cli.Tests.Fakes;
using Paas.Contracts;
using Paas.Contracts.Api;

namespace Paas.Cli.Tests;

/// <summary>What apps and runs print.</summary>
public sealed class LogTests : IAsyncLifetime
{
    private static readonly DateTime At = new(2026, 11, 27, 10, 0, 0, 123, DateTimeKind.Utc);
    private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
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

    [Fact]
    public async Task An_apps_name_shows_what_it_prints_and_not_its_deployments_log()
    {
        _platform.On("GET /v1/apps/shop/logs", context => context.Response.WriteRawAsync("2026-11-27T10:00:00.123Z web.1 | \u001b[31mred\u001b[0m\n"));
        var outcome = await _paas.RunAsync("logs", "shop", "--tail", "5", "--process", "web");
        outcome.ShouldBe(new Outcome(0, "2026-11-27T10:00:00.123Z web.1 | red\n", ""));
        _platform.Requests.Single().Target.ShouldBe("/v1/apps/shop/logs?tail=5&process=web");

        (await _paas.RunAsync("logs", "shop", "--process", "web.x7k2p")).ExitCode.ShouldBe(0);
        _platform.Requests.Last().Target.ShouldBe("/v1/apps/shop/logs?tail=100&process=web.x7k2p");

        (await _paas.RunAsync("logs", $"{Samples.Id}", "--process", "web")).ExitCode.ShouldBe(2);
        (await _paas.RunAsync("logs", "shop", "--tail", "-1")).ExitCode.ShouldBe(2);
    }

    [Fact]
    public async Task A_log_is_followed_over_cuts_and_troubles_without_a_line_twice()
    {
        Stream("GET /v1/apps/shop/logs",
            async context =>
            {
                await LinesAsync(context, "c1", "one", "two");
                await _held.Task.WaitAsync(context.RequestAborted);
                // A portion counts when all of it has come.
                await context.Response.WriteAsync("event: lines\nid: c2\ndata: {\"lines\":[");
                await context.Response.Body.FlushAsync();
                context.Abort();
            },
            async context =>
            {
                context.Request.Headers["Last-Event-ID"].ToString().ShouldBe("c1");
                await SendAsync(context, "waiting", new LogWaitingEvent { Message = "The deployer does not answer." });
                await SendAsync(context, "waiting", new LogWaitingEvent { Message = "The deployer does not answer." });
                await SendAsync(context, "resumed", new { });
                await LinesAsync(context, "c2", "three");
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            });

        using var running = _paas.Start("logs", "shop", "-f");
        await running.SeesAsync("two");
        _held.SetResult();
        await running.SeesAsync("three");
        running.Interrupt();
        var outcome = await running.EndAsync();

        outcome.ExitCode.ShouldBe(130);
        outcome.Output.ShouldBe(string.Concat(((string[])["one", "two", "three"]).Select(line => $"2026-11-27T10:00:00.123Z web.1 | {line}\n")));
        outcome.Error.ShouldContain("Reconnecting…");
        outcome.Error.Split('\n').Count(line => line == "The deployer does not answer.").ShouldBe(1);
        outcome.Error.Split('\n').Count(line => line == "Connected again.").ShouldBe(2);
    }

    [Fact]
    public async Task A_run_prints_what_the_command_prints_and_ends_as_it_does()
    {
        var run = Run(RunStates.Running);
        _platform.On("POST /v1/apps/shop/runs", run, 202);
        Stream($"GET /v1/apps/shop/runs/{run.Id}/logs", async context =>
        {
            await SendAsync(context, "run", run);
            await SendAsync(context, "lines", new LogLinesEvent { Lines = [Line("  out\u001b[0m"), Line("oops", isError: true)] }, "c1");
            await SendAsync(context, "end", run with { State = RunStates.Ended, ExitCode = 7 });
        });

        var outcome = await _paas.RunAsync("run", "shop", "--timeout", "5m", "--env", "A=b=c", "-e", "D=", "--", "ls", "-la", "--json", "$HOME");

        outcome.ShouldBe(new Outcome(7, "  out\u001b[0m\n", "Running beside shop v3 as run.1234.\noops\n"));
        _platform.Only("POST", "/v1/apps/shop/runs").Body.ShouldBe("""{"command":["ls","-la","--json","$HOME"],"env":{"A":"b=c","D":""},"timeout":"5m"}""");
    }

    [Fact]
    public async Task An_end_that_the_exit_code_does_not_tell_of_is_said()
    {
        var run = Run(RunStates.Ended) with { ExitCode = 124, Reason = RunEnds.TimedOut, Message = "run.1234 was stopped." };
        _platform.On("POST /v1/apps/shop/runs", run, 202);
        Stream($"GET /v1/apps/shop/runs/{run.Id}/logs", context => SendAsync(context, "end", run));
        var outcome = await _paas.RunAsync("run", "shop", "sleep", "1000");
        outcome.ExitCode.ShouldBe(124);
        outcome.Error.ShouldContain("run.1234 was stopped.");
    }

    [Fact]
    public async Task Ctrl_C_stops_the_run_and_shows_its_last_lines()
    {
        var run = Run(RunStates.Running);
        _platform.On("POST /v1/apps/shop/runs", run, 202);
        _platform.On($"POST /v1/apps/shop/runs/{run.Id}/stop", context =>
        {
            _held.TrySetResult();
            return context.Response.WriteJsonAsync(run with { State = RunStates.Ended, ExitCode = 143 });
        });
        Stream($"GET /v1/apps/shop/runs/{run.Id}/logs", async context =>
        {
            await LinesAsync(context, "c1", "working");
            await _held.Task.WaitAsync(context.RequestAborted);
            await LinesAsync(context, "c2", "tidied up");
            await SendAsync(context, "end", run with { State = RunStates.Ended, ExitCode = 143 });
        });

        using var running = _paas.Start("run", "shop", "work");
        await running.SeesAsync("working");
        running.Interrupt();
        var outcome = await running.EndAsync();

        outcome.ExitCode.ShouldBe(130);
        outcome.Output.ShouldBe("working\ntidied up\n");
        outcome.Error.ShouldContain("Stopping run.1234…");
    }

    [Fact]
    public async Task A_detached_run_is_named_and_looked_after_later()
    {
        var run = Run(RunStates.Running);
        _platform.On("POST /v1/apps/shop/runs", run, 202);
        var begun = await _paas.RunAsync("run", "shop", "--detach", "--", "work");
        begun.ExitCode.ShouldBe(0);
        begun.Output.ShouldContain("paas logs shop --run run.1234 --follow");
        begun.Output.ShouldContain("paas runs stop shop run.1234");
        JsonSerializer.Deserialize<RunResponse>((await _paas.RunAsync("run", "shop", "--detach", "--json", "work")).Output, JsonSerializerOptions.Web)!.Id.ShouldBe(run.Id);
        (await _paas.RunAsync("run", "shop", "--json", "work")).ExitCode.ShouldBe(2);

        var ended = run with { State = RunStates.Ended, ExitCode = 3 };
        _platform.On("GET /v1/apps/shop/runs", new RunsResponse { Items = [ended] });
        var list = await _paas.RunAsync("runs", "shop");
        list.Output.ShouldContain("run.1234");
        list.Output.ShouldContain("ls -la");

        _platform.On("POST /v1/apps/shop/runs/run.1234/stop", ended);
        (await _paas.RunAsync("runs", "stop", "shop", "run.1234")).Output.ShouldBe("run.1234 has ended with exit code 3.\n");

        Stream("GET /v1/apps/shop/runs/run.1234/logs", async context =>
        {
            await LinesAsync(context, "c1", "worked");
            await SendAsync(context, "end", ended);
        });
        (await _paas.RunAsync("logs", "shop", "--run", "run.1234", "--follow")).ShouldBe(new Outcome(3, "worked\n", ""));
    }

    [Fact]
    public async Task What_the_platform_refuses_is_said()
    {
        _platform.Refuse("POST /v1/apps/shop/runs", 409, "Not possible in this state", "shop has no live release. Deploy it first.");
        var outcome = await _paas.RunAsync("run", "shop", "ls");
        outcome.ExitCode.ShouldBe(5);
        outcome.Error.ShouldContain("Deploy it first.");
        (await _paas.RunAsync("run", "shop")).ExitCode.ShouldBe(2);
        (await _paas.RunAsync("run", "shop", "--env", "A", "ls")).ExitCode.ShouldBe(2);
    }

    private static RunResponse Run(string state) => new()
    {
        Id = Samples.Id,
        Name = "run.1234",
        App = "shop",
        Command = ["ls", "-la"],
        Release = 3,
        State = state,
        CreatedAt = DateTime.UtcNow,
        TimeoutSeconds = 3600,
    };

    private static OutputLine Line(string text, bool isError = false) => new() { At = At, Source = "web.1", Text = text, IsError = isError };

    private static Task LinesAsync(HttpContext context, string id, params string[] lines) =>
        SendAsync(context, "lines", new LogLinesEvent { Lines = [.. lines.Select(line => Line(line))] }, id);

    private static async Task SendAsync<T>(HttpContext context, string name, T data, string? id = null)
    {
        await context.Response.WriteAsync(
            $"event: {name}\n{(id is null ? "" : $"id: {id}\n")}data: {JsonSerializer.Serialize(data, JsonSerializerOptions.Web)}\n\n", context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }

    private void Stream(string what, params Func<HttpContext, Task>[] connections)
    {
        var opened = -1;
        _platform.On(what, context =>
        {
            context.Request.Headers.Accept.ToString().ShouldContain("text/event-stream");
            context.Response.ContentType = "text/event-stream";
            return connections[Math.Min(Interlocked.Increment(ref opened), connections.Length - 1)](context);
        });
    }
}
