namespace Paas.Cli;

/// <summary>What the help says.</summary>
internal static partial class CliTexts
{
    public static string About() =>
        """
        Push to git, and the app runs: a Heroku of your own.

        Exit codes: 0 done, 1 the deployment failed, 2 the command is wrong, 3 the platform failed or was not reached,
        4 what it names does not exist, 5 not possible as things are, 130 Ctrl-C. Times are in this machine's time zone.
        """;

    public static string Welcome() =>
        $"""
        paas: push to git, and the app runs.

        Try it:
          {Paas} quickstart                       a platform, a sample app and its first deployment, on this machine
          {Paas} up                               a platform on this machine

        Your apps:
          {Paas} apps create NAME --repo URL      create one
          {Paas} deploy NAME                      deploy it, and watch
          {Paas} logs NAME --follow               what it prints
          {Paas} run NAME -- COMMAND              run a command beside it
          {Paas} config set NAME KEY=value        change its configuration
          {Paas} scale NAME web=2                 run more of it
          {Paas} ps NAME                          how its instances are
          {Paas} rollback NAME v3                 go back to a release

        Everything else: {Paas} help, {Paas} help COMMAND
        """;

    public static string HelpJson() => "Print the API's JSON";

    public static string HelpPlain() => "Plain lines, without drawing (as when the output is no terminal); NO_COLOR takes away the colors only";

    public static string HelpNoFollow() => "Return at once instead of watching the deployment to its end";

    public static string HelpUrls() => "Where the platform listens; http://127.0.0.1:8080 if not given";

    public static string HelpCursor() => "Where to go on, as the page before said";

    public static string HelpLimit() => "How many to list, newest first";

    public static string HelpApp() => "The app's name";

    public static string HelpOptionalApp() => "Only those of this app";

    public static string HelpDeployment() => "The deployment, such as hello#7; an app's name stands for its newest";

    public static string HelpAppName() => "The app's name: lower-case letters, digits and hyphens";

    public static string HelpRepository() => "The git repository, an http or https URL without credentials";

    public static string HelpBranch() => "The branch that is deployed; the repository's default branch if not given";

    public static string HelpTarget() => "Where the app runs; local if not given";

    public static string HelpRoot() => "The folder of the repository that the app is in, such as services/api; empty for all of it";

    public static string HelpSkipCi() => "Whether pushes are ignored whose newest commit says [skip ci] or the like (default: on)";

    public static string HelpWatch() => "Deploy only pushes that change such a path, like 'api/**' or '!docs/**'; give it several times for several, '' for all paths";

    public static string HelpPolicy() => "What a new deployment does about those under way; latest if not given";

    public static string HelpSecretStdin() => "Read the webhook secret from standard input; one is made if none is given";

    public static string HelpTokenStdin() => "Read a token that may read the repository from standard input; empty (in update) removes it";

    public static string HelpYes() => "Do not ask";

    public static string HelpApps() => "List the apps";

    public static string HelpAppsCreate() => "Create an app";

    public static string HelpAppsInfo() => "Show an app";

    public static string HelpAppsUpdate() => "Change an app's repository, branch, folder, policy or secrets";

    public static string HelpAppsDelete() => "Stop an app and delete everything the platform has of it";

    public static string HelpConfig() => "List an app's config vars";

    public static string HelpConfigSet() => "Set config vars, and watch the new release take over (with --json: print the change, then the deployment)";

    public static string HelpRunOnly() => "Show these config vars to the app's processes only, and not to its builds";

    public static string HelpForBuild() => "Show these config vars to builds as well, as is usual";

    public static string HelpConfigUnset() => "Remove config vars, and watch the new release take over";

    public static string HelpAssignments() => "NAME=value; NAME=@file and NAME=@- read the value from a file or standard input (one last line end is dropped); NAME=@@x is @x";

    public static string HelpNames() => "The names of the config vars";

    public static string HelpScale() => "Show how many instances of each process type an app has, or set them and watch";

    public static string HelpScales() => "Such as web=2; web=0 stops a process type, web=manifest goes back to what the manifest says";

    public static string HelpRestart() => "Start the live release anew, without a moment in which the app does not answer, and watch";

    public static string HelpRef() => "A branch, tag or full ref; the app's branch if not given";

    public static string HelpCommit() => "A commit SHA of 40 hex digits";

    public static string HelpNoCache() => "Build from scratch";

    public static string HelpFollow() => "Continue with what comes: of an app until Ctrl-C, of a deployment or a run to its end, which the exit code tells";

    public static string HelpLogsOf() => "An app's name for what its instances print, or a deployment, such as hello#7, for its log";

    public static string HelpTail() => "Begin with this many of the last lines; 100 of an app if not given. --tail without a number is --follow";

    public static string HelpProcess() => "Only those of this process type, such as web, or of one instance, such as web.1 (on a cluster web.x7k2p)";

    public static string HelpRunOutput() => "What this run of the app prints, such as run.1234, instead";

    public static string HelpLogsSince() => "Only what was printed then or later: 30s, 45m, 3h, 2d ago, or 2026-01-31T08:00";

    public static string HelpOpen() => "Open an app in the browser, or print its URL";

    public static string HelpWhoAmI() => "Show which platform commands go to, how it was found, and whose token is used";

    public static string HelpConfigGet() => "Print the values of config vars";

    public static string HelpConfigExport() => "Print all config vars as NAME=value lines, as .env files have them";

    public static string HelpConfigImport() => "Set config vars from a .env or JSON file, and watch the new release take over";

    public static string HelpImportFile() => "The file; standard input if not given";

    public static string HelpReplace() => "Remove the config vars that the file does not name";

    public static string HelpConfigEdit() => "Edit the config vars in your editor, and watch the new release take over";

    public static string HelpCompletion() => "Print a script that makes the Tab key complete this command";

    public static string HelpComplete() => "Print what may follow";

    public static string HelpShell() => "bash, zsh or fish";

    public static string HelpUsage() => "Usage";

    public static string HelpArguments() => "Arguments";

    public static string HelpCommands() => "Commands";

    public static string HelpOptions() => "Options";

    public static string HelpExamples() => "Examples";

    public static string HelpHelp() => "Show this help";

    public static string HelpVersionOption() => "Show the version";

    public static string HelpRun() =>
        "Run a command once, with all that the app's live release has, and end with its exit code (124: over its time limit; 2 and 3 may also be this command's own). "
        + "It has no terminal and no input. Ctrl-C stops it.";

    public static string HelpRunWords() => "The command and its arguments, as they are: no shell sees them. After --, or options would be taken for this command's";

    public static string HelpDetach() => "Return at once; the run goes on";

    public static string HelpTimeout() => "How long it may take, such as 90s, 30m or 2h; an hour if not given";

    public static string HelpEnv() => "A variable of this run only; may be given several times";

    public static string HelpRuns() => "List an app's runs that are under way or ended within the last hour";

    public static string HelpRunsStop() => "Stop a run";

    public static string HelpRunName() => "The run's name, such as run.1234, or its id";

    public static string HelpDeploy() => "Deploy an app, and watch (with --json: print the deployment when it has ended)";

    public static string HelpDeployments() => "List deployments";

    public static string HelpDeploymentCommand() => "Show a deployment, step by step";

    public static string HelpLogs() => "Print what an app prints, or a deployment's log";

    public static string HelpCancel() => "Cancel a deployment";

    public static string HelpReleases() => "List an app's releases";

    public static string HelpRollback() => "Put an earlier release back, as a new one, and watch";

    public static string HelpVersion() => "The release, such as v3; the one before the live one if not given";

    public static string HelpDeliveries() => "List what the git hosts sent, and what was made of it";

    public static string HelpFaults() => "List the deployments that stopped because the platform failed, or show one with its dead message";

    public static string HelpReplay() => "Go on with a faulted deployment where it stopped, and watch; or, with --all, with many";

    public static string HelpReplayAll() => "All faulted deployments, or those that the other options leave";

    public static string HelpByStep() => "Only those that faulted in this step";

    public static string HelpSince() => "Only those that faulted then or later: 2026-01-31T08:00, or 45m, 3h, 2d ago";

    public static string HelpUntil() => "Only those that faulted then or earlier";

    public static string HelpDiscard() => "Give a faulted deployment up";

    public static string HelpReason() => "Why; it is kept with who did it and when";

    public static string HelpDeadMessages() => "List the messages in error queues that belong to no faulted deployment";

    public static string HelpDiscardMessage() => "Remove such a message for good";

    public static string HelpMessage() => "The message's id";

    public static string HelpFrom() => "The step to begin with; the one that faulted if not given";

    public static string HelpQuickstart() => "Start a platform here, push a sample app to it and see it answer; stays up until Ctrl-C";

    public static string HelpExit() => "Stop everything at the end";

    public static string HelpUp() => "Start a platform on this machine, in the foreground";

    public static string HelpLogin() => "Store the token of a platform, and send commands to it from now on";

    public static string HelpLogout() => "Delete the stored token of a platform; of the current one if no URL is given";

    public static string HelpPlatformUrl() => "The platform's URL";

    public static string HelpLoginStdin() => "Read the token from standard input";

    public static string HelpStatus() => "Show which platform commands go to, and how it is";
}
