namespace Paas.Gateway.Router;

internal static class AppHost
{
    /// <summary>Whether a host name is one below the platform's domain, and which app's.</summary>
    public static bool TryGetApp(string host, string domain, out string app)
    {
        var name = host.AsSpan().TrimEnd('.');
        var isApp = name.Length > domain.Length + 1
            && name.EndsWith(domain, StringComparison.OrdinalIgnoreCase)
            && name[^(domain.Length + 1)] == '.';
        app = isApp ? name[..^(domain.Length + 1)].ToString().ToLowerInvariant() : "";
        return isApp;
    }
}
