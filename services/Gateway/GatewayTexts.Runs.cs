using Paas.Contracts.Api;
using Paas.Gateway.Http;

namespace Paas.Gateway;

/// <summary>What runs: logs of apps, and runs.</summary>
internal static partial class GatewayTexts
{
    public static string DeployerSilent() =>
        "The deployer does not answer. See that it runs and reaches the message broker; what was asked for is there again when it is back.";

    public static string RunPerhapsStarted(string app) =>
        $"The deployer has not said whether the run was started. Look at the runs of {app} before you start it again.";

    public static Explanation NothingPrinted(string app) => new(
        ProblemCodes.NothingPrinted, $"{app} has no live release, and nothing was printed.",
        "Deploy it first; the log of a deployment is at GET /v1/deployments/{id}/logs.", app);

    public static Explanation NothingToRunWith(string app) => new(
        ProblemCodes.NothingLive, $"{app} has no live release, so there is nothing to run a command with.",
        $"Deploy it first: POST /v1/apps/{app}/deployments.", app);

    public static string RunUnknown(string run) => $"There is no run '{Shorten(run)}'. Give its id, or its name such as run.1234.";

    public static string ProcessMalformed(string process) =>
        $"'{Shorten(process)}' is neither a process type nor an instance of one. Give one such as web, or web.1, as the log shows it.";

    public static string TailInvalid(int max) => $"'tail' has to be a whole number from 0 to {max}.";

    public static string CommandMissing() => "'command' is missing or empty. Give the program and its arguments as a list: [\"python\", \"manage.py\", \"migrate\"].";

    public static string CommandWithNul() => "A word of 'command' is missing or contains a NUL character, which no program can be given. Remove it.";

    public static string CommandTooLong(int words, int bytes) =>
        $"'command' is longer than {words} words or {bytes / 1024} KiB. Put it into a script of the repository, and run that.";

    public static string TimeoutMalformed(string text) => $"'{Shorten(text)}' is no time a run may take. Give one from 1s to 24h, such as 90s, 30m or 2h.";
}
