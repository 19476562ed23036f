using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Hosting.Secrets;
using Paas.Persistence.Entities;

namespace Paas.Gateway.Tests.Output;

public sealed class RunTests : IAsyncLifetime
{
    private const string Path = "/v1/apps/shop/runs";
    private readonly FakeDeployer _deployer = new();
    private readonly RunStatus _run = new()
    {
        RunId = Guid.NewGuid(),
        Name = "run.1234",
        Command = ["ls"],
        Release = 7,
        State = RunStates.Running,
        CreatedAt = DateTime.UtcNow,
        TimeLimit = TimeSpan.FromHours(1),
    };

    private GatewayHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await _deployer.StartAsync();
        await _host.CreateAppAsync("shop");
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task A_run_is_started_with_what_the_live_release_has()
    {
        await MakeLiveAsync();
        _deployer.Answer = question => Task.FromResult<object>(new RunsFound { Runs = [_run with { RunId = ((StartRun)question).RunId }] });

        using var answer = await _host.Client.PostAsJsonAsync(Path, new { command = new[] { "ls", "-la", "$HOME" }, env = new Dictionary<string, string> { ["SECRET"] = "hidden" }, timeout = "90s" });

        answer.StatusCode.ShouldBe(HttpStatusCode.Accepted, await answer.Content.ReadAsStringAsync());
        var run = (await answer.Content.ReadFromJsonAsync<RunResponse>())!;
        answer.Headers.Location!.ToString().ShouldBe($"{Path}/{run.Id}");
        (run.Name, run.State, run.ExitCode).ShouldBe(("run.1234", "Running", null));
        var command = _deployer.Asked<StartRun>().Single();
        (command.App, command.Target, command.Release, command.ImageDigest, command.Commit, command.SealedConfigVars)
            .ShouldBe(("shop", Target.Local, 7, "sha256:live", "c7", "sealed 7"));
        command.Command.ShouldBe(["ls", "-la", "$HOME"]);
        command.TimeLimit.ShouldBe(TimeSpan.FromSeconds(90));
        command.SealedVariables!.ShouldNotContain("hidden");
        _host.Services.GetRequiredService<SecretSealer>().OpenAll(command.SealedVariables).ShouldBe(new Dictionary<string, string> { ["SECRET"] = "hidden" });
    }

    [Fact]
    public async Task An_app_without_a_live_release_has_nothing_to_run_with()
    {
        using var answer = await _host.Client.PostAsJsonAsync(Path, new { command = new[] { "ls" } });
        answer.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("Deploy it first");
        _deployer.Asked<StartRun>().ShouldBeEmpty();
    }

    [Theory]
    [InlineData("""{}""", "command")]
    [InlineData("""{"command":[]}""", "command")]
    [InlineData("""{"command":[""]}""", "command")]
    [InlineData("""{"command":"ls -la"}""", "command")]
    [InlineData("""{"command":["ls",null]}""", "command")]
    [InlineData("""{"command":["ls","a\u0000b"]}""", "command")]
    [InlineData("""{"command":["ls"],"timeout":"1d"}""", "timeout")]
    [InlineData("""{"command":["ls"],"timeout":"0s"}""", "timeout")]
    [InlineData("""{"command":["ls"],"timeout":"25h"}""", "timeout")]
    [InlineData("""{"command":["ls"],"env":{"PORT":"1"}}""", "PORT")]
    [InlineData("""{"command":["ls"],"env":{"A B":"1"}}""", "A B")]
    [InlineData("""{"command":["ls"],"shell":true}""", "shell")]
    public async Task What_is_wrong_with_a_run_is_said(string body, string field)
    {
        await MakeLiveAsync();
        using var answer = await _host.Client.PostAsync(Path, new StringContent(body, System.Text.Encoding.UTF8, "application/json"));
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest, await answer.Content.ReadAsStringAsync());
        (await answer.Content.ReadAsStringAsync()).ShouldContain(field);
        _deployer.Asked<StartRun>().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_command_has_a_greatest_length()
    {
        await MakeLiveAsync();
        using var answer = await _host.Client.PostAsJsonAsync(Path, new { command = new[] { "echo", new string('x', 40_000) } });
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("32 KiB");
    }

    [Theory]
    [InlineData(TargetFailureReason.Refused, HttpStatusCode.Conflict)]
    [InlineData(TargetFailureReason.Unavailable, HttpStatusCode.ServiceUnavailable)]
    [InlineData(TargetFailureReason.NotFound, HttpStatusCode.NotFound)]
    public async Task What_the_deployer_refuses_is_told_with_its_words(string reason, HttpStatusCode status)
    {
        await MakeLiveAsync();
        _deployer.Answer = _ => Task.FromResult<object>(new RunsFound { Failure = new() { Reason = reason, Message = "There are 5 runs already." } });
        foreach (var answer in new[]
        {
            await _host.Client.PostAsJsonAsync(Path, new { command = new[] { "ls" } }), await _host.Client.GetAsync($"{Path}/run.1234"),
            await _host.Client.PostAsync($"{Path}/run.1234/stop", null), await _host.Client.GetAsync(Path),
        })
        {
            answer.StatusCode.ShouldBe(status);
            (await answer.Content.ReadAsStringAsync()).ShouldContain("There are 5 runs already.");
        }
    }

    [Fact]
    public async Task Runs_are_listed_shown_and_stopped()
    {
        _deployer.Answer = question => Task.FromResult<object>(
            new RunsFound { Runs = [question is StopRun ? _run with { State = RunStates.Ended, ExitCode = 143 } : _run] });
        (await _host.Client.GetFromJsonAsync<RunsResponse>(Path))!.Items.Single().Name.ShouldBe("run.1234");
        (await _host.Client.GetFromJsonAsync<RunResponse>($"{Path}/run.1234"))!.Id.ShouldBe(_run.RunId);
        using var stopped = await _host.Client.PostAsync($"{Path}/{_run.RunId}/stop", null);
        (await stopped.Content.ReadFromJsonAsync<RunResponse>())!.ExitCode.ShouldBe(143);
        _deployer.Asked<FindRuns>().Select(question => question.Run).ShouldBe([null, "run.1234"]);
        _deployer.Asked<StopRun>().Single().Run.ShouldBe($"{_run.RunId}");
    }

    [Fact]
    public async Task Output_is_streamed_to_the_end_of_the_run_which_comes_last()
    {
        var ended = _run with { State = RunStates.Ended, ExitCode = 124, Reason = RunEnds.TimedOut, Message = "It took too long.", FinishedAt = DateTime.UtcNow };
        var polls = 0;
        _deployer.Answer = question => Task.FromResult<object>(((ReadRunOutput)question).Cursor switch
        {
            null => new OutputLines { Lines = [FakeDeployer.Line("out"), FakeDeployer.Line("oops", isError: true)], Cursor = "2", AtEnd = true, Run = _run },
            "2" when polls++ < 2 => new OutputLines { Cursor = "2", AtEnd = true, Run = _run },
            _ => new OutputLines { Lines = [FakeDeployer.Line("last")], Cursor = "3", AtEnd = true, Run = ended },
        });
        await using var events = await EventReader.OpenAsync(_host.Client, $"{Path}/run.1234/logs");
        var first = (await events.NextAsync())!.Value;
        JsonSerializer.Deserialize<LogLinesEvent>(first.Data, JsonSerializerOptions.Web)!.Lines.Select(line => line.IsError).ShouldBe([false, true]);
        (await events.NextAsync())!.Value.EventType.ShouldBe("run");
        (await events.NextAsync())!.Value.Data.ShouldContain("last");
        var end = (await events.NextAsync())!.Value;
        end.EventType.ShouldBe("end");
        var run = JsonSerializer.Deserialize<RunResponse>(end.Data, JsonSerializerOptions.Web)!;
        (run.ExitCode, run.Reason, run.Message).ShouldBe((124, "TimedOut", "It took too long."));
        (await events.NextAsync()).ShouldBeNull();

        (await _host.Client.GetStringAsync($"{Path}/run.1234/logs")).ShouldBe("out\noops\n");
        (await _host.Client.GetStringAsync($"{Path}/run.1234/logs?follow=true")).ShouldBe("out\noops\nlast\n");
    }

    private Task MakeLiveAsync() => _host.WithDbAsync(async db =>
    {
        var environment = await db.Environments.SingleAsync();
        environment.LiveRelease = 7;
        foreach (var version in new[] { 6, 7, 8 })
        {
            db.Releases.Add(new Release
            {
                EnvironmentId = environment.Id,
                AppId = environment.AppId,
                Version = version,
                DeploymentId = Guid.NewGuid(),
                Commit = $"c{version}",
                ImageDigest = version == 7 ? "sha256:live" : "sha256:other",
                RunPlan = new RunPlan { Runtime = RuntimeName.Process, Processes = [] },
                SealedConfigVars = $"sealed {version}",
                Description = "Deploy",
                State = version == 7 ? ReleaseStates.Live : ReleaseStates.Retired,
                CreatedAt = DateTime.UtcNow,
            });
        }
    });
}
