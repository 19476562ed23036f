using System.Globalization;

namespace Paas.Orchestrator;

/// <summary>What the orchestrator says to people.</summary>
internal static class OrchestratorTexts
{
    public static string AppRemoved(string? app) => $"The app {app} was removed before the push was looked at.";

    public static string BranchNotDeployed(string branch, string app, string deployed) =>
        $"The branch '{branch}' is not deployed: {app} deploys '{deployed}'.";

    public static string BranchMoved(string commit, string branch, string head, Guid? deployment) =>
        $"{Short(commit)} is not what the branch '{branch}' points to: that is {Short(head)}"
        + (deployment is { } id ? $", of deployment {id}" : "") + $". Deploy the commit {commit} itself if you want it all the same.";

    public static string BranchGone(string commit, string branch) =>
        $"The branch '{branch}' does not exist any more at the git host, so {Short(commit)} is not deployed. Deploy the commit {commit} itself if you want it all the same.";

    public static string SupersededBecause(string reason) => $" !     Superseded: {reason}";

    public static string SameCommit(string commit) => $"The commit {Short(commit)} has a deployment already.";

    public static string Deploys(string commit, string environment) => $"Deploys {Short(commit)} to {environment}.";

    public static string WaitingForTurn(Guid active) => $"-----> Waiting: deployment {active} of the same environment is under way";

    public static string ReleaseMade(int version, string description) => $"-----> Release v{version}: {description}";

    public static string NothingChanged(int version) => $"-----> Nothing has changed since v{version}, which goes on.";

    public static string ReleaseLive(int version) => $"-----> v{version} is live";

    public static string Canceled(string by) => $" !     Canceled by {by}";

    public static string CanceledTooLate(int? version) =>
        $" !     The cancelation came too late: v{version} has taken over already. 'paas rollback' brings an older release back.";

    public static string Superseded(Guid successor) => $" !     Superseded by the newer deployment {successor}";

    public static string Replayed(string step, string by) => $"-----> {step} is tried again, asked for by {by}";

    public static string Discarded(string by, string reason) => $" !     Given up by {by}: {reason}";

    public static string Unreadable(string reason) =>
        $"The worker could not read the command ({reason.TrimEnd('.')}). Services of different versions may be running: bring them to one version, then replay the deployment.";

    public static string BuiltAgain => "-----> What was built is no longer there; building it again";

    public static string BuildKeepsGettingLost =>
        "What was built was gone three times before it could be published. Look at the builder's disk and at its log, and whether every publisher reaches what the builders have; then replay the deployment.";

    public static string Expired(string step, TimeSpan limit) => string.Create(CultureInfo.InvariantCulture,
        $"{step} did not end within {limit.TotalMinutes:0.#} minutes. Look at its worker, then replay the deployment; Steps__{step}__Deadline sets the limit.");

    public static string NothingToRollBackTo(int version) => $"Release v{version} is no longer there, so it can't be brought back.";

    public static string NoLiveRelease => "There is no live release that could be changed or started anew. What was set is kept, and takes effect with the next deployment.";

    public static string DescribeDeploy(string commit) => $"Deploy {Short(commit)}";

    public static string DescribeRollback(int version) => $"Rollback to v{version}";

    public static string WrongCleanupInterval => "Artifacts__CleanupInterval has to be between a second and 30 days, such as 01:00:00 for an hour.";

    public static string WrongOrphansKeptFor => "Artifacts__OrphansKeptFor has to be between a minute and ten years, such as 1.00:00:00 for a day.";

    public static string NewerDeployment => "a newer deployment";

    private static string Short(string commit) => commit.Length > 7 ? commit[..7] : commit;
}
