namespace Paas.Gateway;

/// <summary>What visitors of apps see when the app does not answer.</summary>
internal static partial class GatewayTexts
{
    public static string HostUnknownTitle() => "No such app";
    public static string HostUnknown(string app) => $"There is no app '{Shorten(app)}' here. Check the address.";

    public static string NotDeployedTitle(string app) => $"{app} is not deployed yet";
    public static string NotDeployed(string app) => $"The app {app} has no release so far. Push to its branch, or run: ./paas deploy {app}";

    public static string NoInstanceTitle(string app) => $"{app} is not running";
    public static string NoInstance(string app) => $"The app {app} has no running instance at the moment: it is being started again, or was scaled to zero. Try again; its owner sees which with: ./paas scale {app}";

    public static string AppFailedTitle(string app) => $"{app} did not answer";
    public static string AppFailed(string app) => $"The app {app} broke off or refused the connection. Try again; its owner finds the reason in the app's output.";

    public static string AppSilentTitle(string app) => $"{app} took too long";
    public static string AppSilent(string app) => $"The app {app} did not answer in time. Try again; its owner finds the reason in the app's output.";
}
