using Paas.Contracts;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Processes;

namespace Paas.ImageBuilder.Local;

/// <summary>
/// What the commands of a build see: the app's variables, its build arguments, and how this machine reaches
/// package registries. Nothing else of the platform's own variables.
/// </summary>
internal static class BuildEnvironment
{
    private static readonly string[] Prefixes = ["PIP_", "NPM_CONFIG_", "NUGET_"];

    private static readonly HashSet<string> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "DOTNET_ROOT",
    };

    public static Dictionary<string, string> For(BuildImage command, LocalBuild build, IReadOnlyDictionary<string, string> app, IReadOnlyDictionary<string, string> host)
    {
        var own = new Dictionary<string, string>(app);
        foreach (var (name, value) in command.Plan.Args)
            own[name] = value;
        var variables = SlugEnvironment.For(build.Slug, command.Plan.Runtime, own, host);
        foreach (var (name, value) in host.Where(variable => IsForBuilds(variable.Key)))
            variables.TryAdd(name, value);
        variables["HOME"] = Path.Combine(build.Folder, "home");
        variables["TMPDIR"] = Path.Combine(build.Folder, "tmp");
        variables["LANG"] = variables["LC_ALL"] = "C.UTF-8";
        variables["CI"] = "true";
        return variables;
    }

    /// <summary>The machine's own values among these variables.</summary>
    public static IReadOnlyCollection<string> HostValues(IReadOnlyDictionary<string, string> host) =>
        [.. SlugEnvironment.HostValues(host), .. host.Where(variable => IsForBuilds(variable.Key)).Select(variable => variable.Value)];

    private static bool IsForBuilds(string name) =>
        Names.Contains(name) || Prefixes.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));
}
