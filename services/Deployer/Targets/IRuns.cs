using Paas.Contracts;
using Paas.Deployer.Targets.Output;

namespace Paas.Deployer.Targets;

/// <summary>Commands that run once, beside an app's release, on one target.</summary>
internal interface IRuns
{
    /// <summary>One of <see cref="Contracts.Target"/>.</summary>
    string Name { get; }

    /// <summary>Starts a run. The same command again finds the run, and starts it if it has not been started.</summary>
    /// <exception cref="RunRefusedException">It can't be started as things are.</exception>
    Task<RunStatus> StartAsync(StartRun command, CancellationToken cancellation);

    /// <summary>The runs of an app that are kept, newest first.</summary>
    Task<IReadOnlyList<RunStatus>> ListAsync(Guid appId, CancellationToken cancellation);

    /// <summary>Asks a run to end, and ends it when it takes too long; no effect if it has ended.</summary>
    Task StopAsync(Guid appId, Guid runId, CancellationToken cancellation);

    /// <summary>Ends what is over its time limit, and removes what has ended long ago.</summary>
    /// <returns>When there is something to do again; null while nothing runs and nothing is kept.</returns>
    Task<DateTimeOffset?> TidyAsync(CancellationToken cancellation);

    /// <summary>What a run prints; null if it is gone.</summary>
    Task<ILogSource?> OutputOfAsync(Guid appId, RunStatus run, CancellationToken cancellation);
}

internal static class RunsExtensions
{
    /// <summary>The release that a run is started beside, as its target starts instances of it.</summary>
    /// <param name="command">The run.</param>
    /// <param name="environment">Where the target has found the release; empty if it does not tell environments apart.</param>
    public static DeployRelease AsRelease(this StartRun command, string environment = "") => new()
    {
        DeploymentId = command.RunId,
        Attempt = 1,
        AppId = command.AppId,
        App = command.App,
        Environment = environment,
        Target = command.Target,
        Release = command.Release,
        ImageDigest = command.ImageDigest,
        Run = command.Run,
        Commit = command.Commit,
        SealedConfigVars = command.SealedConfigVars,
    };

    /// <exception cref="RunUnknownException">There is none.</exception>
    public static async Task<RunStatus> FindAsync(this IRuns target, Guid appId, string app, string idOrName, CancellationToken cancellation)
    {
        var runs = await target.ListAsync(appId, cancellation);
        return runs.FirstOrDefault(run => Guid.TryParse(idOrName, out var id) ? run.RunId == id : run.Name == idOrName)
            ?? throw new RunUnknownException(DeployerTexts.RunUnknown(idOrName, app));
    }
}

/// <summary>A run can't be started as things are; the message says what to do.</summary>
internal sealed class RunRefusedException(string message) : Exception(message);

/// <summary>There is no such run.</summary>
internal sealed class RunUnknownException(string message) : Exception(message);
