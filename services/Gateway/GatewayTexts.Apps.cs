using Paas.Contracts.Api;
using Paas.Gateway.Http;

namespace Paas.Gateway;

/// <summary>Apps, config vars, deployments, releases, faults.</summary>
internal static partial class GatewayTexts
{
    public static string RepositoryNotSeen(string problem, string app, string branch) =>
        $"{problem} The app deploys the branch '{branch}'; 'paas apps update {app}' changes the repository (--repo), its token (--repo-token-stdin) or the branch (--branch).";

    public static string RepositoryEmpty(string repository, string branch) => $"{repository} is empty so far. The app deploys the branch '{branch}' once it is pushed.";

    public static string BranchMissing(string repository, string branch, string? defaultBranch, string app) =>
        $"{repository} has no branch '{branch}' so far"
        + (defaultBranch is null ? "." : $"; its default branch is '{defaultBranch}'. 'paas apps update {app} --branch {defaultBranch}' deploys that one.");

    public static string DefaultBranchUnknown(string repository, string branch, string app) =>
        $"{repository} does not tell its default branch, so the app deploys '{branch}'. 'paas apps update {app} --branch NAME' chooses another.";

    public static string CodeDownloaderSilent() => "The repository was not looked at: no code-downloader has answered.";

    public static string WatchPathMalformed(int maxPatterns, int maxLength) =>
        $"An app may watch up to {maxPatterns} paths, each a pattern of 1 to {maxLength} characters, such as api/** or !docs/**.";

    public static Explanation AppUnknown(string name, string? similar = null) => new(
        ProblemCodes.AppUnknown, $"There is no app '{Shorten(name)}'.{(similar is null ? "" : $" Did you mean '{similar}'?")}",
        "See which there are with GET /v1/apps, or make it with POST /v1/apps.");
    public static string NameMissing() => "'name' is missing. Give the app a name, such as shop.";

    public static string NameMalformed(string name) =>
        $"'{Shorten(name)}' cannot be an app's name, because it becomes part of a host name. "
        + "Use 2 to 40 lower-case letters, digits and hyphens; begin with a letter and end with a letter or digit.";

    public static string NameLikePunycode(string name) =>
        $"'{Shorten(name)}' cannot be an app's name: in a host name, hyphens at the third and fourth place stand for an encoded one. Choose another.";

    public static string NameReserved(string name) => $"'{name}' is kept for the platform. Choose another name, such as my-{name}.";
    public static Explanation NameTaken(string name) => new(
        ProblemCodes.NameTaken, $"There is an app '{name}' already.", $"Choose another name, or change that one with PATCH /v1/apps/{name}.", name);
    public static string RepositoryWithoutName(string url) => $"'{Shorten(url)}' names no repository. Give its full URL, such as https://github.com/acme/shop.";

    public static string TargetUnavailable(string target, IEnumerable<string> available) =>
        $"This platform has no target '{Shorten(target)}'. Available: {List(available)}. Choose one of these, or ask the operator to add it.";

    public static string RootMalformed(string root) => $"'{Shorten(root)}' is no folder of a repository. Give a relative path without '..', such as services/api.";

    public static string PolicyUnknown(string policy, IEnumerable<string> known) => $"There is no policy '{Shorten(policy)}'. Choose one of: {List(known)}.";

    public static string SecretLength(int min, int max) =>
        $"'webhookSecret' has to have {min} to {max} characters, none of them a control character. Leave it out to have one made.";

    public static string RepositoryTokenMalformed() =>
        "'repositoryToken' may have up to 2000 characters of ASCII, without spaces. Copy it again from the git host.";

    public static string RemovedBy(string caller, string app) => $"{caller}, who removed the app {app}";

    public static string ConfigVarNameMalformed(string name) =>
        $"'{Shorten(name)}' cannot be a config var's name. Use up to 128 letters, digits and underscores, and do not begin with a digit.";

    public static string ConfigVarReserved(string name) => $"{name} is set by the platform. Choose a name other than PORT that does not begin with PAAS_.";
    public static string ConfigVarWithNul(string name) => $"The value of {name} contains a NUL character, which no process can be given. Remove it, or encode the value.";
    public static string ConfigVarTooLarge(string name, int max) => $"The value of {name} is larger than {max / 1024} KiB. Keep it in a file or an object store instead.";
    public static string ConfigVarsTooMany(int count, int max) => $"The app would have {count} config vars; up to {max} are possible. Remove some first.";
    public static string ConfigVarsTooLarge(int max) => $"The app's config vars would be larger than {max / 1024} KiB together. Keep large values in a file or an object store instead.";
    public static string ConfigVarLost() => "(cannot be opened; set it again)";

    public static string ConfigChange(IReadOnlyList<string> set, IReadOnlyList<string> unset)
    {
        var parts = new List<string>();
        if (set.Count > 0)
            parts.Add($"Set {Some(set)}");
        if (unset.Count > 0)
            parts.Add($"{(set.Count > 0 ? "unset" : "Unset")} {Some(unset.Order(StringComparer.Ordinal).ToList())}");
        return string.Join(", ", parts);

        static string Some(IReadOnlyList<string> names) => names.Count <= 5 ? List(names) : $"{List(names.Take(4))} and {names.Count - 4} more";
    }

    public static string ProcessTypeMalformed(string process) =>
        $"'{Shorten(process)}' cannot be a process type. Use letters, digits, hyphens and underscores; 'release' is none, as it runs once.";

    public static string ProcessTypeUnknown(string process, string app, IEnumerable<string> known) =>
        $"{app} has no process type '{Shorten(process)}'. It has: {List(known)}. Name one of these, or add it to the manifest or the Procfile and deploy that.";

    public static string ScaleOutOfRange(string process, int instances, int max) =>
        $"{Shorten(process)} cannot have {instances} instances. Give a number from 0, which stops it, to {max}; Gateway__MaxInstances sets the limit.";

    public static string FormationTooLarge(int count, int max) => $"The formation would name {count} process types; up to {max} are possible. Set some to null first.";

    public static string ScaleChange(IReadOnlyDictionary<string, int?> asked) =>
        "Scale " + List(asked.OrderBy(x => x.Key, StringComparer.Ordinal).Select(x => x.Value is { } number ? $"{x.Key}={number}" : $"{x.Key} as in the manifest"));

    public static string Restart() => "Restart";

    public static Explanation NothingToRestart(string app) => new(
        ProblemCodes.NothingLive, $"{app} has no live release, so there is nothing to restart.", $"Deploy it first with POST /v1/apps/{app}/deployments.", app);

    public static Explanation DeploymentUnknown(string idOrName) => new(
        ProblemCodes.DeploymentUnknown, $"There is no deployment '{Shorten(idOrName)}'. Deployments have names such as hello#7.",
        "See which there are with GET /v1/deployments; write # as %23 in a path.");

    public static string RefAndCommit() => "'ref' and 'commit' were both given. Give the one that is to be deployed, or neither for the app's branch.";
    public static string CommitMalformed(string commit) => $"'{Shorten(commit)}' is not a commit. Give all 40 hex digits of its SHA, or a branch or tag as 'ref'.";
    public static string CancelTooLate(string deployment, string state) => $"The deployment {deployment} has ended already ({state}); there is nothing to cancel.";
    public static string Stopping() => "The platform is stopping. What has begun continues when it has started again.";

    public static string TooManyFollowers(int max) => $"{max} logs are being followed already, the maximum. Try again in a moment, or ask for the lines so far without following.";
    public static string LastEventIdMalformed() => "'Last-Event-ID' is not the id of an event of this stream. Send the last one that was received, or none to begin at the start.";

    public static string Rollback(int version) => $"Rollback to v{version}";
    public static Explanation ReleaseUnknown(string version, string app) => new(
        ProblemCodes.ReleaseUnknown, $"The app {app} has no release '{Shorten(version)}'.", $"See which it has with GET /v1/apps/{app}/releases.", app);
    public static string RollbackToLive(int version, string app) => $"v{version} of {app} is live already. Choose an earlier release.";
    public static string RollbackToNeverLive(int version, string app) => $"v{version} of {app} never was live, so there is nothing to go back to. Choose a release whose state is Retired.";

    public static Explanation NotFaulted(string deployment, string state) => new(
        ProblemCodes.NotFaulted, $"The deployment {deployment} is not faulted but {state}. Only faulted deployments can be replayed or discarded.", "See GET /v1/admin/faults.");

    public static string StepUnknown(string step, IEnumerable<string> known) => $"There is no step '{Shorten(step)}'. Steps are: {List(known)}.";
    public static string ReplayTooLate(string from, string faulted) => $"The deployment faulted in {faulted}: {from} comes after it and needs its result. Replay from {faulted} or earlier.";
    public static string UntilBeforeSince() => "'until' is before 'since'. Exchange them, or leave one out.";
    public static string DiscardWithoutReason(int max) => $"'reason' is missing or too long. Say in up to {max} characters why it is given up.";

    public static string ReplayedAmong(string? step, string? app, DateTimeOffset? since, DateTimeOffset? until) => string.Concat(
        "all faults",
        step is null ? "" : $" in {step}",
        app is null ? "" : $" of {app}",
        since is { } begin ? $" since {begin.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC" : "",
        until is { } end ? $" until {end.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC" : "");

    public static string NoErrorQueues() => "The platform runs without RabbitMQ, so there are no error queues and no dead messages.";
    public static string BrokerAway() => "RabbitMQ does not answer at the moment, so its error queues can't be looked at. Faults can be replayed all the same; try again later.";
    public static string DeadMessageMissing(string queue) =>
        $"The message is not in {queue}: somebody has moved it or is looking at it. The orchestrator puts it there again within minutes; a replay does not need it.";
    public static string NotSigned() =>
        "The message is not signed by the platform, so nothing was done about it: somebody has put it there with the broker's password, or another service has another Paas__MessageKey. Discard it, and change the password.";
    public static Explanation DeadMessageUnknown(Guid id) => new(
        ProblemCodes.DeadMessageUnknown, $"There is no dead message {id}.", "See which there are with GET /v1/admin/dead-messages.");
    public static Explanation DeadMessageOwned(Guid id, Guid deployment) => new(
        ProblemCodes.MessageOfDeployment, $"The message {id} belongs to the deployment {deployment}, and goes when that is replayed or discarded.",
        $"POST /v1/admin/faults/{deployment}/replay or …/discard.");
}
