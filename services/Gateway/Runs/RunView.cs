using Paas.Contracts;
using Paas.Contracts.Api;

namespace Paas.Gateway.Runs;

internal static class RunView
{
    public static RunResponse Show(string app, RunStatus run) => new()
    {
        Id = run.RunId,
        Name = run.Name,
        App = app,
        Command = run.Command,
        Release = run.Release,
        State = run.State,
        ExitCode = run.ExitCode,
        Reason = run.Reason,
        Message = run.Message,
        CreatedAt = run.CreatedAt,
        FinishedAt = run.FinishedAt,
        TimeoutSeconds = run.TimeLimit.TotalSeconds,
    };
}
