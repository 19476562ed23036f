using System.Diagnostics;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Paas.Contracts;
using Paas.Hosting.Messaging;

namespace Paas.Deployer.Tests.Support;

/// <summary>Asks a deployer to run commands, by the bus as the gateway does.</summary>
internal sealed class TestRuns(TestPlatform platform, string target)
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public StartRun Command(DeployRelease release, params string[] words) => new()
    {
        RunId = Guid.NewGuid(),
        AppId = platform.App,
        App = "shop",
        Target = target,
        Release = release.Release,
        ImageDigest = release.ImageDigest,
        Run = release.Run,
        Commit = release.Commit,
        SealedConfigVars = release.SealedConfigVars,
        Command = words,
        TimeLimit = TimeSpan.FromMinutes(10),
    };

    public Task<RunsFound> TryStartAsync(StartRun command) => AskAsync<StartRun, RunsFound>(Endpoints.Run, command);

    public async Task<RunStatus> StartAsync(StartRun command)
    {
        var answer = await TryStartAsync(command);
        answer.Failure.ShouldBeNull();
        return answer.Runs.Single();
    }

    public async Task<RunStatus> StopAsync(Guid run) => (await AskAsync<StopRun, RunsFound>(
        Endpoints.Run, new StopRun { AppId = platform.App, App = "shop", Target = target, Run = run.ToString() })).Runs.Single();

    public Task<RunsFound> FindAsync(string? run = null) =>
        AskAsync<FindRuns, RunsFound>(Endpoints.Output, new FindRuns { AppId = platform.App, App = "shop", Target = target, Run = run });

    /// <summary>All that a run prints, and how it ended.</summary>
    public async Task<(RunStatus Run, IReadOnlyList<OutputLine> Lines)> EndOfAsync(Guid run, double seconds = 60)
    {
        var lines = new List<OutputLine>();
        var watch = Stopwatch.StartNew();
        string? cursor = null;
        while (true)
        {
            var answer = await AskAsync<ReadRunOutput, OutputLines>(Endpoints.Output, new ReadRunOutput
            {
                AppId = platform.App,
                App = "shop",
                Target = target,
                Run = run.ToString(),
                Cursor = cursor,
                Wait = TimeSpan.FromSeconds(5),
            });
            answer.Failure.ShouldBeNull();
            lines.AddRange(answer.Lines);
            cursor = answer.Cursor;
            if (answer.Run is { State: RunStates.Ended } ended)
                return (ended, lines);
            watch.Elapsed.TotalSeconds.ShouldBeLessThan(seconds, "the run has to end");
        }
    }

    /// <summary>What it has printed until now.</summary>
    public async Task<IReadOnlyList<OutputLine>> LinesOfAsync(Guid run) => (await AskAsync<ReadRunOutput, OutputLines>(
        Endpoints.Output, new ReadRunOutput { AppId = platform.App, App = "shop", Target = target, Run = run.ToString() })).Lines;

    public async Task<(RunStatus Run, IReadOnlyList<OutputLine> Lines)> RunAsync(StartRun command) => await EndOfAsync((await StartAsync(command)).RunId);

    private Task<TAnswer> AskAsync<TQuestion, TAnswer>(Uri address, TQuestion question)
        where TQuestion : class
        where TAnswer : class =>
        platform.Services.GetRequiredService<IBus>().AskAsync<TQuestion, TAnswer>(address, question, Limit, CancellationToken.None);
}
