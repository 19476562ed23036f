using Paas.Contracts;

namespace Paas.Deployer.Targets.Local;

/// <summary>The release an app should run: all that is needed to start it again. Kept in <c>current.json</c>.</summary>
internal sealed record CurrentRelease
{
    public required Guid AppId { get; init; }
    public required string App { get; init; }
    public required string Environment { get; init; }
    public required int Release { get; init; }
    public required string ImageDigest { get; init; }
    public string? Commit { get; init; }
    public required RunPlan Run { get; init; }

    /// <summary>As they came: they are opened only to start a process.</summary>
    public string? SealedConfigVars { get; init; }

    public static CurrentRelease Of(DeployRelease command) => new()
    {
        AppId = command.AppId,
        App = command.App,
        Environment = command.Environment,
        Release = command.Release,
        ImageDigest = command.ImageDigest,
        Commit = command.Commit,
        Run = command.Run,
        SealedConfigVars = command.SealedConfigVars,
    };
}
