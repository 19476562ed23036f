namespace Paas.Gateway;

/// <summary>What visitors of apps see when the app does not answer.</summary>
internal static partial class GatewayTexts
{
    public static string HostUnknownTitle() => "No such app";
    public static string HostUnknown(string app) => $"There is no app '{Shorten(app)}' here. Check the address.";

    public static string NotDeployedTitle(string app) => $"{app} is not deployed yet";
    public static string NotDeployed(string app) => $"The app {app} has no release so far. Push to its branch, or run: ./paas deploy {app}";

    public static string NoInstanceTitle(string app) => $"{app} is not running";
    public static string NoInstance(string app) => $"The app {app} has no running instance at the moment: it is being started again, or was scaled to zero. Try again; its owner sees which with: ./paas ps {app}";

    public static string AppFailedTitle(string app) => $"{app} did not answer";
    public static string AppFailed(string app) => $"The app {app} broke off or refused the connection. Try again; its owner finds the reason with: ./paas ps {app}";

    public static string AppSilentTitle(string app) => $"{app} took too long";
    public static string AppSilent(string app) => $"The app {app} did not answer in time. Try again; its owner finds the reason in the app's output.";

    public static string NoProxyTitle() => "Not a proxy";
    public static string NoProxy() => "CONNECT asks a proxy for a way to another host, and this is none. Send the request to the host itself.";
    public static string HostMalformed(string host) => $"The host '{Shorten(host)}' has a port that there cannot be. Ports are at most 65535.";
    public static string TransferCodingUnknown() => "The body has a transfer coding that is not supported. Send it with Content-Length, or with 'Transfer-Encoding: chunked'.";
    public static string RequestBodyMalformed() => "The body is malformed or incomplete: it does not have the chunks or the length it says. Send the request again.";

    public static string TooManyWebSocketsTitle() => "Too many connections";
    public static string TooManyWebSockets() => "As many WebSockets are open as the platform can hold. Try again later.";

    public static string InstanceUrlMalformed(string url) => $"'{Shorten(url)}' is not the base URL of an instance. Update the deployer to the version of the gateway.";

    public static string InstanceHostUnknown(string host) =>
        $"The gateway sends no requests to {Shorten(host)}: no instances are expected there. If the deployer runs apps there, set Gateway__InstanceHosts__0 to that host or its network.";

    public static string InstancePortUnknown(string authority) =>
        $"The gateway sends no requests to {Shorten(authority)}: apps have ports from 1024 that no part of the platform uses. Stop what has taken the name or the port of an instance.";
}
