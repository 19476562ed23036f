namespace Paas.Cli;

/// <summary>What the quickstart and the standalone platform's start say.</summary>
internal static partial class CliTexts
{
    public static string QuickstartTitle() => "-----> Quickstart: from a git push to an app that answers";

    public static string QuickstartStarts(string dataDirectory) => $"-----> Starting the platform (its data is in {dataDirectory})";

    public static string QuickstartReuses(string url) => $"-----> Using the platform that runs already at {url}; it continues to run";

    public static string QuickstartRegistered(string app) => $"-----> Created the app {app}, with a webhook secret";

    public static string QuickstartCommitted(string commit, string folder) => $"-----> Committed {commit} in {folder}";

    public static string QuickstartPushed() => "-----> Sent the push event, signed, as GitHub does";

    public static string QuickstartAnswer(string url) => $"-----> {url} answers:";

    public static string QuickstartStops() => "-----> Stopping the platform and its apps";

    public static string QuickstartLog(string log) => $"The platform's own log: {log}";

    public static string QuickstartNext(string url, string folder, bool stays, string? token) =>
        $"""

        What next:
          Open           {url}
          Change         {Path.Combine(folder, "hello", "index.html")}, and run quickstart again
          Look around    {Paas} deployments hello,  {Paas} logs hello,  {Paas} releases hello
          Your own app   {Paas} apps create my-app --repo https://github.com/you/my-app
          Deploy it      {Paas} deploy my-app
        {(token is null ? "" : $"\nThe operator's token, shown this once: {token}\nThis machine's command needs none; elsewhere, `{Paas} login URL` stores it.")}
        {(stays ? "\nThe platform stays up until Ctrl-C." : "")}
        """.TrimEnd();

    public static string QuickstartTwice(string dataDirectory) => $"Another quickstart runs on {dataDirectory}. Wait for its end, or stop it with Ctrl-C.";

    public static string QuickstartNameTaken(string app, string repository) =>
        $"The platform has an app {app} of yours already, from {repository}; the quickstart leaves it alone. Run it on another data directory: Paas__DataDirectory=/tmp/paas {Paas} quickstart";

    public static string FileUrlsOff() =>
        $"The running platform does not take the repository from this machine's disk: it may be of another version. Stop it and run `{Paas} quickstart` again, or start it with Source__AllowFile=true.";

    public static string PushNotDeployed(string reason) => $"The platform took the push but did not deploy it: {AsSentence(reason)}";

    public static string NoDecision() => "there was no decision within two minutes";

    public static string NoUrl() => "The deployment succeeded without a URL; a static site should have one.";

    public static string AppAnswered(string url, int status) => $"{url} answers with HTTP {status}, although its deployment succeeded.";

    public static string AppNotAnswering(string url, string why) => $"{url} does not answer ({AsClause(why)}), although its deployment succeeded.";

    public static string GitMissing() => "git was not found. Install git, and run this again.";

    public static string GitFailed(string command, string folder, string output) => $"`git {command}` failed in {folder}: {AsSentence(output)}";

    public static string SampleMissing(string folder) => $"The sample app is missing from {folder}. Build again: delete the folder artifacts and run `{Paas} quickstart`.";

    public static string PortTaken(string url, bool inUse, string why) => inUse
        ? $"Another program listens on {url} already. Stop it, or choose another port: {Paas} quickstart --urls http://127.0.0.1:9090"
        : $"The platform cannot listen on {url} ({AsClause(why)}). Choose another address: {Paas} quickstart --urls http://127.0.0.1:9090";

    public static string StandaloneMissing(string file) => $"The standalone platform is not built: {file} does not exist. Start it with `./paas` from a clone, which builds it.";

    public static string StandaloneNotStarted(string why) => $"The standalone platform could not be started: {AsSentence(why)} Is the .NET 10 SDK installed?";

    public static string PlatformEnded(string said, string log) =>
        said.Length > 0 ? $"The platform has ended: {AsSentence(said)} Its log: {log}" : $"The platform has ended without a word. Its log: {log}";

    public static string PlatformNotReady(int seconds, string log) => $"The platform is not ready after {seconds} seconds. Its log: {log}";
}
