using Paas.Contracts.Api;

namespace Paas.Cli.Output;

/// <summary>How a deployment ended, and what to do next.</summary>
internal static class DeploymentSummary
{
    /// <param name="deployment">The deployment.</param>
    /// <param name="unicode">Whether signs such as ✓ can be shown.</param>
    /// <param name="newer">The name of the one that has overtaken it.</param>
    public static IReadOnlyList<StyledLine> Of(DeploymentResponse deployment, bool unicode, string? newer = null)
    {
        var good = unicode ? "✓ " : "";
        var bad = unicode ? "✗ " : "";
        var name = deployment.Name;
        var failure = deployment.Failure;
        var message = SafeText.Lines(failure?.Message);
        return deployment.State switch
        {
            DeploymentStates.Succeeded =>
            [
                new((good, StyledLine.Good), (CliTexts.Succeeded(deployment.App, deployment.Release, Took(deployment)), StyledLine.Bold)),
                .. deployment.Url is { } url ? [new StyledLine(("  " + SafeText.Line(url), StyledLine.Link))] : Array.Empty<StyledLine>(),
            ],
            DeploymentStates.Failed =>
            [
                new((bad, StyledLine.Bad), (CliTexts.Failed(SafeText.Line(failure?.Step), SafeText.Line(failure?.Reason)), StyledLine.Bold)),
                .. Message(message),
                new(("  " + CliTexts.AfterFailed(name), StyledLine.Dim)),
            ],
            DeploymentStates.Faulted =>
            [
                new((bad, StyledLine.Bad), (CliTexts.Faulted(SafeText.Line(failure?.Step), SafeText.Line(failure?.Reason)), StyledLine.Bold)),
                .. Message(message),
                new(("  " + CliTexts.AfterFaulted(name), StyledLine.Dim)),
            ],
            DeploymentStates.Canceled => [new((CliTexts.Canceled(deployment.App), StyledLine.Bold))],
            DeploymentStates.Superseded =>
            [
                new((deployment.SupersededReason is { } why ? CliTexts.SupersededBecause(why) : CliTexts.Superseded(deployment.App), StyledLine.Bold)),
                .. newer is not null ? [new StyledLine(("  " + CliTexts.FollowThat(newer), StyledLine.Dim))] : Array.Empty<StyledLine>(),
            ],
            _ => [new((CliTexts.Underway(deployment.App, deployment.State), StyledLine.Bold)), new(("  " + CliTexts.FollowThat(name), StyledLine.Dim))],
        };
    }

    public static int ExitCode(string state) => state switch
    {
        DeploymentStates.Succeeded => ExitCodes.Done,
        DeploymentStates.Faulted => ExitCodes.Platform,
        _ => ExitCodes.DeploymentFailed,
    };

    /// <summary>What is deployed: app, commit, its message and its ref.</summary>
    public static string Title(DeploymentResponse deployment, bool unicode)
    {
        string[] parts =
        [
            SafeText.Line(deployment.App),
            Words.ShortCommit(SafeText.Line(deployment.Commit)),
            SafeText.Line((deployment.CommitMessage ?? "").Split('\n')[0]),
            Words.ShortRef(deployment.Ref),
        ];
        return string.Join(unicode ? " · " : " - ", parts.Where(part => part.Length > 0));
    }

    private static IEnumerable<StyledLine> Message(string message) =>
        message.Length == 0 ? [] : message.Split('\n').Select(line => new StyledLine(("  " + line, StyledLine.Plain)));

    private static TimeSpan? Took(DeploymentResponse deployment) =>
        deployment.FinishedAt is { } finished ? Words.Utc(finished) - Words.Utc(deployment.CreatedAt) : null;
}
