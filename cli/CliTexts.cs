using Paas.Cli.Platform;

namespace Paas.Cli;

/// <summary>Every sentence the command says while it works; those of its help are in the other part.</summary>
internal static partial class CliTexts
{
    /// <summary>How the user called the command, so that what it suggests can be typed as it stands.</summary>
    public static string CalledAs => Paas;

    private static readonly string Paas = Environment.GetEnvironmentVariable("PAAS_COMMAND") is { Length: > 0 } called ? called : "paas";

    // Finding the platform
    public static string NoPlatform(string dataDirectory) =>
        $"No platform found: none runs on this machine with the data directory {dataDirectory}, and you are not logged in to another. "
        + $"Start one with `{Paas} up`, or log in to one with `{Paas} login URL`.";

    public static string NotAPlatformUrl(string text, string source) =>
        $"{source}: '{text}' is not the URL of a platform. Write it as http://127.0.0.1:8080 or https://paas.example.com, without user name, query or fragment.";

    public static string CredentialsDamaged(string file) => $"The file {file} cannot be read as JSON. Delete it, and log in again with `{Paas} login URL`.";

    public static string LoginNeedsToken() => $"There is no terminal to ask for the token. Give it on standard input: `{Paas} login URL --token-stdin < token-file`.";

    public static string AskToken(Uri url) => $"Token for {url.Authority} (not shown): ";

    public static string TokenUnencrypted(Uri url) => $"Warning: {url.Authority} is reached without encryption; whoever is on the way can read the token. Use https if it can.";

    public static string TokenMalformed() => $"The token has characters that no token has. Check PAAS_TOKEN, or log in again with `{Paas} login URL`.";

    public static string LoggedIn(Uri url, string file) => $"Logged in to {url.AbsoluteUri.TrimEnd('/')}. The token is stored in {file}.";

    public static string LoggedOut(string url) => $"Logged out of {url}; its token is deleted from this machine.";

    public static string NotLoggedIn(string? url) => url is null ? "You are not logged in to any platform." : $"You are not logged in to {url}.";

    // Answers of the platform, and none
    public static string Unreachable(Uri url, HttpRequestError error, string detail) => error switch
    {
        HttpRequestError.NameResolutionError => $"The host {url.Host} is not known. Check the platform's URL.",
        HttpRequestError.SecureConnectionError => $"No secure connection to {url.Authority}: {detail}",
        HttpRequestError.ConnectionError => $"No platform answers at {url.AbsoluteUri.TrimEnd('/')} ({AsClause(detail)}). Is it running? `{Paas} up` starts one on this machine.",
        _ => $"The connection to {url.AbsoluteUri.TrimEnd('/')} broke ({AsClause(detail)}). Try again.",
    };

    public static string NoAnswerInTime(Uri url, TimeSpan limit) => $"The platform at {url.AbsoluteUri.TrimEnd('/')} has not answered within {limit.TotalSeconds:0} seconds. Try again later.";

    public static string AnswerNotUnderstood() => "The platform's answer was not understood: it is no platform, or one of another version than this command.";

    public static string NotAStream() =>
        "The platform did not send the log as a stream: a proxy in front of it may not let streams through. Look at the log without following it.";

    public static string NoStreamNow() => "the answer was no stream";

    public static string Unauthorized(PlatformAddress address) => address switch
    {
        { Token: null } => $"{Name(address.Url)} needs a token: set PAAS_TOKEN, or log in with `{Paas} login {Name(address.Url)}`.",
        { FoundBy: PlatformFinder.ByMachine } => $"The platform at {Name(address.Url)} does not accept the token in its own data directory. Start it again.",
        _ => $"{Name(address.Url)} does not accept the token. Check PAAS_TOKEN, or log in again with `{Paas} login {Name(address.Url)}`.",
    };

    /// <summary>What to do about a problem that the platform has told.</summary>
    public static string? Remedy(string? code, string? app) => code switch
    {
        Contracts.Api.ProblemCodes.AppUnknown => $"`{Paas} apps` lists your apps; `{Paas} apps create NAME --repo URL` creates one.",
        Contracts.Api.ProblemCodes.NameTaken => $"Choose another name, or change that app with `{Paas} apps update {app ?? "NAME"}`.",
        Contracts.Api.ProblemCodes.NothingLive => $"Deploy it first: `{Paas} deploy {app ?? "APP"}`.",
        Contracts.Api.ProblemCodes.NothingPrinted => $"Deploy it first: `{Paas} deploy {app ?? "APP"}`.",
        Contracts.Api.ProblemCodes.DeploymentUnknown => $"`{Paas} deployments` lists them.",
        Contracts.Api.ProblemCodes.ReleaseUnknown => $"`{Paas} releases {app ?? "APP"}` lists them.",
        Contracts.Api.ProblemCodes.NotFaulted => $"`{Paas} faults` lists those.",
        Contracts.Api.ProblemCodes.DeadMessageUnknown => $"`{Paas} dead-messages` lists them.",
        Contracts.Api.ProblemCodes.MessageOfDeployment => $"Use `{Paas} replay` or `{Paas} discard` with that deployment.",
        _ => null,
    };

    private static string Name(Uri url) => url.AbsoluteUri.TrimEnd('/');

    public static string Forbidden(Uri url, string? said) => said ?? $"Your token may not do this on {url.Authority}. Ask the platform's operator.";

    public static string NotFound(Uri url) => $"There is no such thing on {url.Authority}, or it is no platform.";

    public static string TryLater(Uri url) => $"{url.Authority} is busy. Try again in a minute.";

    public static string PlatformError(Uri url, int status, string? said) =>
        status == 503 && said is not null ? said : $"The platform at {url.AbsoluteUri.TrimEnd('/')} failed (HTTP {status}). {said ?? "Try again. If it fails again, ask the operator to look into the platform's log."}";

    public static string Refused(int status) => $"The platform refused this (HTTP {status}).";

    public static string Redirected(Uri url, int status) => $"{url.AbsoluteUri.TrimEnd('/')} answered with HTTP {status} instead of a platform's answer. Check the platform's URL.";

    public static string AsSentence(string text) => text.TrimEnd() is var trimmed && trimmed.EndsWith('.') || trimmed.EndsWith('!') || trimmed.EndsWith('?') ? trimmed : trimmed + ".";

    // Following
    public static string StreamCut(Uri url, string why) => $"The connection to {Name(url)} broke ({AsClause(why)}).";

    public static string StreamSilent() => "the platform has been silent for a minute";

    public static string PlatformAway(Uri url) => $"The platform at {url.AbsoluteUri.TrimEnd('/')} does not answer; it may be restarting.";

    public static string Reconnecting(string why) => $"{AsSentence(why)} Reconnecting…";

    public static string Connecting() => "Waiting for the platform…";

    public static string Reconnected() => "Connected again.";

    public static string GaveUpFollowingDeployment(string why, string deployment) =>
        $"{AsSentence(why)} Gave up following after ten minutes; the deployment continues without. Follow it again with `{Paas} logs {Safe(deployment)} --follow`.";

    private static string Safe(string word) => Output.SafeText.Line(word);

    public static string GaveUpFollowing(string why, string again) => $"{AsSentence(why)} Gave up following. Follow it again with `{Paas} {again}`.";

    public static string OnlyOfApps(string option) => $"{option} is of no use with a deployment's log. Give an app's name instead of a deployment's, or leave it out.";

    public static string TailOutOfRange() => "-n (--tail) has to be a whole number from 0 to 10000.";

    // Runs
    public static string RunBegun(string run, string app, int release) => $"Running beside {Output.SafeText.Line(app)} v{release} as {Output.SafeText.Line(run)}.";

    public static string RunDetached(string run, string app) =>
        $"{Output.SafeText.Line(run)} of {app} has started. See what it prints: {Paas} logs {app} --run {Output.SafeText.Line(run)} --follow\nStop it: {Paas} runs stop {app} {Output.SafeText.Line(run)}";

    public static string RunEnded(string run, int? exitCode) => $"{Output.SafeText.Line(run)} has ended with exit code {exitCode}.";

    public static string StoppingRun(string run) => $"Stopping {Output.SafeText.Line(run)}…";

    public static string RunNotStopped(string run, string app, string why) =>
        $"{AsSentence(why)} {Output.SafeText.Line(run)} may go on. Stop it with `{Paas} runs stop {app} {Output.SafeText.Line(run)}`.";

    public static string JsonOfDetachedOnly() => "--json needs --detach: the output is the command's own otherwise.";

    public static string NoRuns(string app) => $"{app} has no runs. Start one with `{Paas} run {app} -- COMMAND`.";

    public static string StoppedFollowing(string deployment) =>
        $"Stopped following; the deployment continues. Follow it again with `{Paas} logs {Safe(deployment)} --follow`, or end it with `{Paas} cancel {Safe(deployment)}`.";

    public static string Attempt(int attempt) => $"attempt {attempt}";

    public static string Skipped() => "not needed";

    public static string Retrying(string error, int? number, int? of, string? next) => string.Join(", ", ((string?[])
    [
        error.Length > 0 ? AsClause(error) : "the platform met a fault",
        number is null ? null : of is null ? $"try {number}" : $"try {number} of {of}",
        next is null ? null : $"next at {next}",
    ]).Where(part => part is not null));

    public static string Waiting(string state) =>
        state == Contracts.Api.DeploymentStates.Canceling ? "Canceling…" : "Waiting for another deployment of the app to end…";

    // Ends
    public static string Succeeded(string app, int? release, TimeSpan? took) =>
        $"{Output.SafeText.Line(app)}{(release is null ? "" : $" v{release}")} is live{(took is { } time ? $" after {Output.Words.Duration(time)}" : "")}.";

    public static string Failed(string step, string reason) => $"Failed in {step} ({reason}): the app's code or configuration has to change.";

    public static string AfterFailed(string deployment) => $"Correct it and push again. The whole log: {Paas} logs {Safe(deployment)}";

    public static string Faulted(string step, string reason) => $"Faulted in {step} ({reason}): the platform's trouble, not your code's.";

    public static string AfterFaulted(string deployment) => $"When the cause is gone, continue where it stopped: {Paas} replay {Safe(deployment)}";

    public static string Canceled(string app) => $"Canceled. {Output.SafeText.Line(app)} stays as it was.";

    public static string Superseded(string app) => $"Superseded: a newer deployment of {Output.SafeText.Line(app)} has taken its place.";

    public static string SupersededBecause(string reason) => $"Superseded: {Output.SafeText.Line(reason)}";

    public static string FollowThat(string deployment) => $"Follow it: {Paas} logs {Safe(deployment)} --follow";

    public static string Underway(string app, string state) => $"{Output.SafeText.Line(app)} is being deployed ({Output.SafeText.Line(state)}).";

    public static string Begun(string deployment) => $"Deployment {Safe(deployment)} has begun. Follow it: {Paas} logs {Safe(deployment)} --follow";

    public static string CancelAsked(string deployment) => $"Deployment {Safe(deployment)} is being canceled. See how it ends: {Paas} deployment {Safe(deployment)}";

    // Apps
    public static string AppCreated(string app) => $"Created the app {app}.";

    public static string WebhookSettings(string url, string? secret) =>
        "Let the git host tell the platform about pushes. On GitHub: Settings > Webhooks > Add webhook\n"
        + $"  Payload URL   {url}\n"
        + "  Content type  application/json\n"
        + (secret is null ? "  Secret        the one you gave" : $"  Secret        {secret}   (shown this once)");

    public static string AfterCreate(string app) => $"Then push, or deploy at once: {Paas} deploy {app}";

    public static string AppUpdated(string app) => $"Changed the app {app}.";

    public static string AppDeleted(string app, Uri platform) => $"The app {app} on {Name(platform)} is deleted, with its deployments and releases. What runs of it, and its add-ons, are being removed.";

    public static string ConfirmDelete(string app, Uri platform) =>
        $"This stops {app} on {Name(platform)} and deletes its deployments, releases and config vars for good. Type its name to continue: ";

    public static string NotDeleted(string app) => $"That is not its name; {app} stays as it is.";

    public static string DeleteNeedsYes(string app, Uri platform) => $"There is no terminal to ask whether you are sure. To delete {app} on {Name(platform)} all the same, add --yes.";

    public static string NothingToUpdate() => $"Say what to change: --repo, --branch, --root, --policy, --skip-ci, --watch, --webhook-secret-stdin or --repo-token-stdin. See `{Paas} apps update --help`.";

    public static string Warning(string warning) => $" !     {Output.SafeText.Line(warning)}";

    public static string OneSecretOnStdin() => $"Standard input can give only one of the two secrets. Give the other afterwards with `{Paas} apps update`.";

    public static string NoApps() => $"No apps yet. Create one: {Paas} apps create NAME --repo URL";

    // Config vars
    public static string AppMissing() => "Say which app: its name is missing.";

    public static string NoConfigVars(string app) => $"{app} has no config vars. Set one: {Paas} config set {app} NAME=value";

    public static string NotAnAssignment(string text) =>
        $"'{(text.Length > 40 ? text[..40] + "…" : text)}' sets nothing. Write NAME=value, NAME=@file, or NAME=@- for standard input.";

    public static string NamedTwice(string name) => $"{name} is set twice. Name it once.";

    public static string UnsetTakesNames(string text) => $"'{text.Split('=')[0]}=…' is not a name. Write names alone: {Paas} config unset APP NAME";

    public static string OneValueOnStdin() => "Standard input can give only one value.";

    public static string ValueFileUnreadable(string name, string file, string why) =>
        $"The value of {name} could not be read from the file '{file}' ({AsClause(why)}). For a value that begins with @, write it with @@.";

    public static string StdinEmpty(string what) => $"{what}: nothing came on standard input.";

    public static string ConfigChanged(string app, IReadOnlyList<string> changed, bool isLive) =>
        $"Changed {string.Join(", ", changed)} of {app}. " + (isLive ? "A new release brings the change to the running app." : "The change comes with its first deployment.");

    public static string NothingChanged(string app, IEnumerable<string> set, IEnumerable<string> unset)
    {
        var (same, absent) = (string.Join(", ", set), string.Join(", ", unset));
        return $"Nothing changed: {(same.Length == 0 ? "" : $"{same} of {app} had that value already")}{(same.Length > 0 && absent.Length > 0 ? ", and " : "")}"
            + $"{(absent.Length == 0 ? "" : $"{absent} of {app} was not set")}.";
    }

    public static string ConfigVarUnknown(string app, string name) => $"{app} has no config var {name}. `{Paas} config {app}` lists those it has.";

    public static string ConfigVarLost(string app, string name) => $"The value of {name} can't be opened with the platform's keys. Set it again: {Paas} config set {app} {name}=value";

    public static string ConfigLineMalformed(string file, int line) => $"{file}, line {line}: this sets nothing. Write NAME=value; a value of several lines goes in double quotes.";

    public static string NothingToImport(string file) => $"{file} names no config vars; nothing changed.";

    public static string EditorMissing() => "There is no editor to open. Set EDITOR to one, such as EDITOR=nano.";

    public static string EditorFailed(string editor, int exitCode) => $"{editor} ended with exit code {exitCode}; nothing changed.";

    public static string EditHeader(string app, string platform) => $"# Config vars of {app} on {platform}. Save and close to apply; a line you remove unsets its variable.";

    public static string NotEdited() => "Nothing changed.";

    public static string BuildSeesLater() => "Builds see the change with the next deployment of code.";

    public static string SeenBy(bool runOnly) => runOnly ? "app" : "app, builds";

    public static string EitherRunOrBuild() => "--run-only and --for-build exclude each other. Give one of them.";

    // Instances
    public static string NoFormation(string app) => $"{app} was never deployed, so its process types are not known yet. Deploy it: {Paas} deploy {app}";

    public static string ScaleFrom(bool isSet, int? ofManifest) => (isSet, ofManifest) switch
    {
        (false, _) => "the manifest",
        (true, { } number) => $"set (the manifest says {number})",
        _ => "set (not in the live release)",
    };

    public static string NotAScale(string text) =>
        $"'{(text.Length > 40 ? text[..40] + "…" : text)}' scales nothing. Write web=2, web=0 to stop it, or web=manifest for what the manifest says.";

    public static string Scaled(string app, Guid? deployment, bool isLive) => deployment is not null
        ? $"A new release of {app} brings this about."
        : isLive ? $"{app} runs like that already." : $"It takes effect with the first deployment of {app}.";

    // Deployments and releases
    public static string NoDeploymentsYet(string app) => $"{app} has no deployments yet. Begin one: {Paas} deploy {app}";

    public static string NoDeployments() => "No deployments yet.";

    public static string RefOrCommit() => "Give --ref or --commit, not both.";

    public static string NoReleaseBefore(string app) => $"{app} has no release before the live one to go back to. `{Paas} releases {app}` lists them.";

    public static string NoReleases(string app) => $"{app} has no releases yet. Deploy it: {Paas} deploy {app}";

    public static string NotAVersion(string text) => $"'{text}' is not a release. Write it as v3; `{Paas} releases APP` lists them.";

    public static string NoDeliveries() => "No deliveries: no git host has told the platform about a push yet.";

    // Faults
    public static string NoFaults() => "No faults. Nothing waits to be replayed.";

    public static string ThereAreDeadMessages() => $"There are also dead messages that belong to no faulted deployment: {Paas} dead-messages";

    public static string DeadMessagesUnknown() => "RabbitMQ does not answer the platform at the moment, so its error queues are not known.";

    public static string AfterFaults() => $"The whole story of one: {Paas} faults APP#N. When the cause is gone: {Paas} replay APP#N, or {Paas} replay --all";

    public static string AfterFault(string deployment, string step, string? earlier) => string.Join('\n', ((string?[])
    [
        $"Every try         {Paas} logs {Safe(deployment)}",
        $"Continue          {Paas} replay {Safe(deployment)}",
        earlier is null ? null : $"From an earlier   {Paas} replay {Safe(deployment)} --from {earlier}",
        $"All of the step   {Paas} replay --all --step {step}",
        $"Give it up        {Paas} discard {Safe(deployment)} --reason TEXT",
    ]).Where(line => line is not null));

    public static string Tries(int attempt, int? tries, int? max) => $"attempt {attempt}" + (tries is null ? "" : $", {(max is null ? $"{tries}" : $"{tries} of {max}")} tries");

    public static string Remade() => " (made anew by the platform: the original was not there)";

    public static string ReplayOneOrAll() => $"Say which deployment, or --all. See `{Paas} replay --help`.";

    public static string NotWithOne(string option) => $"{option} chooses among many; it does not go with the id of one deployment.";

    public static string FromNeedsOne() => "--from goes with the id of one deployment, not with --all.";

    public static string Replayed(int count) => count switch
    {
        0 => "No fault fits; nothing is replayed.",
        1 => $"1 deployment is replayed. See how it goes: {Paas} deployments",
        _ => $"{count} deployments are replayed. See how it goes: {Paas} deployments",
    };

    public static string Discarded(string deployment, string state) => state == Contracts.Api.DeploymentStates.Canceled
        ? $"Deployment {Safe(deployment)} is given up."
        : $"Deployment {Safe(deployment)} is going to be given up; for now it is {Output.SafeText.Line(state)}.";

    public static string NoDeadMessages() => "No dead messages besides those of faulted deployments.";

    public static string AfterDeadMessages() => $"Their headers and bodies: {Paas} dead-messages --json. Remove one: {Paas} dead-messages discard ID --reason TEXT";

    public static string MessageDiscarded(Guid id) => $"The message {id:D} is removed.";

    public static string NotATime(string option, string text) =>
        $"{option}: '{text}' is not a time. Write it as 2026-01-31T08:00 or 2026-01-31T08:00Z, or as how long ago it was: 30s, 45m, 3h, 2d.";

    public static string More(string cursor) => $"There are more: --cursor {cursor}";

    // Status
    public static string StatusPlatform(string url, string foundBy) => $"Platform    {url} ({FoundBy(foundBy)})";

    public static string StatusReady() => "State       ready";

    public static string StatusNotReady() => "State       not ready: it runs, but a part of it does not answer";

    public static string NothingInProgress() => "Deploying   nothing";

    public static string StatusInProgress(string deployment, string state) => $"Deploying   {deployment}: {state}";

    public static string StatusTarget(string target, bool walledIn, string? reason) => walledIn
        ? $"Target      {target}: apps are walled in"
        : $"Target      {target}: apps are not walled in and can read the platform's data. {reason}";

    public static string StatusMoreInProgress(int count) => $"            and {count} more, see `{Paas} deployments`";

    public static string StatusFaults(int faults) => faults == 0 ? "Faults      none" : $"Faults      {faults}, see `{Paas} faults`";

    public static string WhoAmI(string caller, string url, string foundBy) => $"{caller} on {url} ({FoundBy(foundBy)})";

    private static string FoundBy(string foundBy) => foundBy switch
    {
        PlatformFinder.ByEnvironment => "from PAAS_URL",
        PlatformFinder.ByLogin => $"from {Paas} login",
        _ => "on this machine",
    };

    // Usage
    public static string NoSuchCommand(string name, string? similar) => $"There is no command '{name}'.{(similar is null ? "" : $" Did you mean '{similar}'?")}";

    public static string NoSuchShell(string name) => $"There is no completion for '{name}'. Choose bash, zsh or fish.";

    public static string OpenBy(string url) => $"Opening {url}";

    public static string NotLiveYet(string app) => $"{app} has no live release yet, so there may be nothing to see. Deploy it: {Paas} deploy {app}";

    public static string LogOfNewest(string app, string deployment) => $"{app} has no live release; this is the log of its newest deployment, {Safe(deployment)}.";

    public static string WebhookUnreachable(string host) =>
        $"Warning: GitHub can't reach {host}, an address of this machine. Open a tunnel to the platform, set Gateway__PublicUrl to its address and start the platform again; or deploy by hand.";

    public static string SeeHelp(string command) => $"See `{Paas}{(command.Length > 0 ? " " : "")}{command} --help`.";

    public static string Empty(string name) => $"{name} must not be empty.";

    public static string LimitOutOfRange() => "--limit takes a number from 1 to 100.";

    public static string FileTrouble(string why) => AsSentence(why);

    public static string Bug(string type, string message) => $"The command failed in a way it should not ({type}): {AsSentence(message)} Please report this.";

    private static string AsClause(string text) => text.TrimEnd().TrimEnd('.');
}
