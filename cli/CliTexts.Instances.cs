namespace Paas.Cli;

/// <content>How instances are.</content>
internal static partial class CliTexts
{
    public static string HelpPs() => "Show how an app's instances are: state, since when, restarts, last exit and last line; without an app, those of all";

    public static string NoInstances() => "No app has an instance.";

    public static string NoInstancesOf(string app) => $"{app} has no instances: it is not deployed, or scaled to zero. See: paas scale {app}";

    public static string LastExit(int code, string? ago) => ago is null ? $"code {code}" : $"code {code}, {ago}";

    public static string Happened(string ago, string message) => $"{ago}: {message}";

    public static string InstancesUnknown() => "unknown";

    public static string NoneRunning() => "none";

    public static string InstancesRunning(int running, int all, string? worst) => $"{running} of {all} running{(worst is null ? "" : $", {worst}")}";

    public static string KeepsCrashing(string instance) => $"{instance} keeps crashing";

    public static string StatusInstances(string what) => $"Instances   {what}";

    public static string NotRunning(IReadOnlyList<string> apps) => $"not running: {string.Join(", ", apps.Take(5))}{(apps.Count > 5 ? $" and {apps.Count - 5} more" : "")}";

    public static string UnknownOn(IEnumerable<string> targets) => $"unknown on {string.Join(", ", targets)}";
}
