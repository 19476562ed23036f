using System.Globalization;

namespace Paas.Deployer;

/// <summary>What the deployer says to people.</summary>
internal static class DeployerTexts
{
    // Targets
    public static string UnknownTarget(string target, IEnumerable<string> known) =>
        $"There is no target '{target}' here. Set the app's target to one of: {string.Join(", ", known)}.";

    public static string Removed(string app) => $"{app} was removed; create it again to deploy it.";

    public static string NoFreePort(int first, int last) => $"All ports from {first} to {last} are taken on this machine. Stop some apps, or what else listens there.";

    // DeployRelease, as it goes
    public static string Unpacking(int release) => $"Preparing release v{release}";

    public static string RunningReleaseCommand(string command) => $"Running the release command: {command}";

    public static string Starting(int release) => $"Starting release v{release}";

    public static string Healthy(string instance) => $"{instance} is healthy";

    public static string Switching(int release) => $"Switching to release v{release}";

    public static string Switched(int release) => $"Release v{release} has taken over";

    public static string Tagged(string image) => $"Its image is {image}";

    public static string NotTagged(string image, string reason) =>
        $"The image could not be given the name {image} in the registry, which nothing depends on: {reason}";

    public static string NoAnswer(TimeSpan limit) => string.Create(CultureInfo.InvariantCulture, $"there was no answer within {limit.TotalSeconds:0} s.");

    public static string AlreadyRunning(int release) => $"Release v{release} runs already";

    public static string LastLines(string instance) => $"The last lines {instance} printed";

    public static string PrintedNothing(string instance) => $"{instance} printed nothing";

    // DeployRelease, why it failed
    public static string ReleaseOutdated(string app, int release, int current) =>
        $"Release v{release} of {app} is older than v{current}, which runs now. Roll back to v{release}, or deploy again, to make it a new release.";

    public static string RouteRefused(string app, int release) =>
        $"The router already has a newer release of {app} than v{release}. Deploy again to make a new release.";

    public static string ReleaseChanged(string app, int release, string current, string other) =>
        $"Release v{release} of {app} runs {current} and cannot become {other}: a release never changes. Deploy again to make a new release.";

    public static string ReleaseCommandFailed(string command, int exitCode) =>
        $"The release command '{command}' {Ended(exitCode)}; its output is above. The release before goes on running. Correct the command and push again.";

    public static string CommandNotFound(string instance, string command) =>
        $"The command '{command}' of {instance} was not found. Check its spelling, and that it is in the repository (executable, with ./ in front) or among the app's dependencies.";

    public static string NoShell(string instance) =>
        $"{instance} could not be started: its command has shell syntax, which /bin/sh runs, and the image has no /bin/sh. Write the command without shell syntax (no &&, |, ;, >, *, cd), or begin from an image with a shell.";

    public static string NothingToStart(string command) =>
        $"The command '{command}' is empty when its variables are filled in. Set them as config vars, or name a program in the command.";

    public static string NoCommand(string type, string runtime) =>
        $"The target 'local' does not know what to start for '{type}' of a {runtime} app. Name a command for it in .paas.yml or the Procfile.";

    public static string StaticRootMissing(string folder) =>
        $"The folder '{folder}' with the files to serve is not in the app. Correct the folder's name in .paas.yml, or commit the folder.";

    public static string Exited(string instance, int exitCode) =>
        exitCode == 0
            ? $"{instance} {Ended(exitCode)}, but has to keep running. If it starts a server in the background, as a daemon, run it in the foreground."
            : $"{instance} {Ended(exitCode)}. It has to keep running; look at its last lines for the reason.";

    public static string NotListening(string instance, int port, TimeSpan timeout) =>
        $"{instance} did not listen on any port within {Seconds(timeout)}. Its PORT was {port}; let it listen on $PORT.";

    public static string ListensElsewhere(string instance, IReadOnlyList<int> ports, int port) =>
        $"{instance} does not answer on its port. It listens on {string.Join(", ", ports)} but PORT is {port}; listen on $PORT.";

    public static string ListensOnLoopback(string instance, int port, string host) =>
        $"{instance} listens on port {port}, but only for itself, and the router reaches it at {host}. Let it listen on 0.0.0.0, not on 127.0.0.1 or localhost.";

    public static string ListensInsideOnly(string instance, int port) =>
        $"{instance} listens on port {port}, but only for itself: nothing outside its container reaches it. Let it listen on 0.0.0.0, not on 127.0.0.1 or localhost.";

    public static string NotAnswering(string instance, string path, int port, TimeSpan timeout) =>
        $"{instance} did not answer GET {path} on port {port} within {Seconds(timeout)}. Let it listen on 0.0.0.0 and on $PORT, and speak HTTP there.";

    public static string HealthCheckFailed(string instance, string path, int status, TimeSpan timeout) =>
        $"{instance} answered GET {path} with status {status} for {Seconds(timeout)}; it is healthy below 500. Correct what fails there, or name another health path in .paas.yml.";

    public static string NoHttpAnswer(string instance, string path, int port, TimeSpan timeout, string? error) =>
        $"{instance} listens on port {port} but did not answer GET {path} within {Seconds(timeout)}{(error is null ? "" : $" ({error.TrimEnd('.')})")}. It has to speak HTTP there.";

    // The docker target
    public static string Pulling(string image) => $"Pulling {image}";

    public static string ImageGone(string app, string digest, string engine) =>
        $"The image {digest} of {app} is not on the Docker Engine at {engine}, and there is no registry to pull it from. Deploy again to build it anew; set Registry__Url to keep images where no engine loses them.";

    public static string ImageStartsNothing(string instance) =>
        $"There is nothing to start for {instance}: the image has no CMD, and no command was named. Name one in .paas.yml or the Procfile, or add a CMD to the Dockerfile.";

    public static string NotStarted(string instance, string reason) => reason.Contains("exec: \"/bin/sh\"", StringComparison.Ordinal)
        ? NoShell(instance)
        : $"{instance} could not be started: {reason.TrimEnd('.')}. Correct the command or the Dockerfile.";

    public static string OutOfMemory(string instance, int mebibytes) => string.Create(CultureInfo.InvariantCulture,
        $"{instance} needed more memory than it may have, {mebibytes} MiB, and was ended. Let it use less, or have the limit raised: Deployer__AppMemory={mebibytes * 2L}.");

    public static string ContainerGone(string name) => $"Somebody has removed the container {name} while it was started.";

    public static string NameTaken(string name) => $"The container {name} on this engine belongs to somebody else. Rename or remove it, then replay the step.";

    public static string VolumeOfOthers(string name) => $"The volume {name} on this engine belongs to somebody else. Rename or remove it, then replay the step.";

    public static string OtherImage(string container, string image, string digest) =>
        $"The container {container} runs the image {image}, which is not {digest}, the one that was built. Deploy again to make a new release.";

    // Add-ons
    public static string UnknownAddOn(string name, string target, IEnumerable<string> known) =>
        $"There is no service '{name}' on the target '{target}'. Name one of these in .paas.yml: {string.Join(", ", known)}.";

    public static string StartingAddOn(string name, string image) => $"Starting {name} ({image})";

    public static string ListensOnExposed(string name, int exposed, int port) => string.Create(CultureInfo.InvariantCulture,
        $"{name} listens on {exposed}, the port its image exposes, and not on PORT, which is {port}: requests go to {exposed}. With port: {exposed} in .paas.yml it is found at once.");

    public static string AddOnMadeAgain(string name) =>
        $"{name} gets a new container, since its password was in the command line of the one it had; its data stays";

    public static string TooMuchWritten(string container, long size, int limit) => string.Create(CultureInfo.InvariantCulture,
        $"{container} has written {size / (1024.0 * 1024):0} MiB into its own file system, and {limit} MiB are allowed (Deployer__AppDisk): it is stopped. Write less, or into a volume, and deploy or restart.");

    public static string AddOnStays(string name, string runs, string wanted) =>
        $"{name} stays at {runs}, since its data belongs to that version; {wanted} is asked for.";

    public static string AddOnSilent(string name, int port, TimeSpan timeout, IReadOnlyList<string> lines) =>
        $"{name} did not listen on port {port} within {Seconds(timeout)}. {(lines.Count == 0 ? "It printed nothing." : "Its last lines:\n" + string.Join('\n', lines))}";

    // The app's own log
    public static string Started(string instance) => $"{instance} has started";

    public static string StartedAgainIn(string problem, TimeSpan delay) => $"{problem} It is started again in {Seconds(delay)}.";

    public static string LogDropped(long bytes, int perSecond) =>
        string.Create(CultureInfo.InvariantCulture, $"{bytes / 1_000_000.0:0.0} MB were dropped here: an app may print {perSecond / 1_000_000.0:0.0} MB a second.");

    public static string LineCut() => " … (cut)";

    // Questions about what runs
    public static string CursorMalformed() => "The place to go on from is not one that was given out. Begin again without it.";

    public static string Stopping() => "The deployer is being stopped; it answers again when it is back.";

    public static string NotAnswered() => "The deployer could not answer. Its log says why; try again.";

    // Runs
    public static string RunUnknown(string run, string app) =>
        $"{app} has no run '{run}'. A run is kept for an hour after its end; see which there are with `paas runs {app}`.";

    public static string NoReleaseHere(string app) => $"No release of {app} runs here, so there is nothing to run a command with. Deploy it first.";

    public static string TooManyRuns(string app, int max) =>
        $"{app} has {max} runs under way, as many as it may. Wait until one has ended, or stop one: `paas runs {app}`.";

    public static string RunTimedOut(string run, TimeSpan limit) =>
        $"{run} was stopped: it took longer than it may, {Time(limit)}. Give it more with --timeout.";

    public static string RunOutOfMemory(string run, int mebibytes) =>
        $"{run} needed more memory than it may have, {mebibytes} MiB, and was ended. Let it use less, or have the limit raised: Deployer__AppMemory={mebibytes * 2L}.";

    public static string RunCommandNotFound(string command) =>
        $"The command '{command}' was not found in the app. Check its spelling; a program of the repository needs its path, such as ./{command.Split('/')[^1]}.";

    public static string RunInterrupted(string run) => $"{run} ended because the deployer did. Start it again if it is still needed.";

    // ResolveUrl
    public static string NoWebProcess() => "The app has no web process, so it has no URL.";

    public static string WebScaledToZero(string app) => $"The app's web process is scaled to zero, so nothing answers at its URL. 'paas scale {app} web=1' starts it.";

    public static string Asking(string url) => $"Requesting {url}";

    public static string Answers(string url, int status) => $"{url} answers with status {status}";

    public static string UrlNotAnswering(string url, int status) =>
        $"{url} answered with status {status} since the release took over. Look at the app's log for the reason.";

    public static string RouterUnreachable(Uri router, string error) => $"The router at {router} could not be reached: {error}";

    public static string OtherRelease(string url, int release, string? answered) =>
        $"{url} is to be answered by release v{release}, but {(answered is null ? "no release" : answered)} answered.";

    public static string RouterSilent(string app, TimeSpan timeout) =>
        $"The router did not answer within {Seconds(timeout)} that it has switched the route of {app}. See that the gateway runs and reaches the message broker.";

    // A static site
    public static string PageNotFound() => "404: there is no such page on this site.\n";

    private static string Ended(int exitCode) => exitCode > 128 && Signal(exitCode - 128) is { } signal
        ? $"was ended by signal {signal}" : $"exited with code {exitCode}";

    private static string? Signal(int number) => number switch
    {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL (often: out of memory)",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        < 65 => number.ToString(CultureInfo.InvariantCulture),
        _ => null,
    };

    private static string Time(TimeSpan time) =>
        time.TotalSeconds < 120 ? Seconds(time) : time.TotalMinutes < 120 ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:0.#} min")
        : string.Create(CultureInfo.InvariantCulture, $"{time.TotalHours:0.#} h");

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.##} s");
}
