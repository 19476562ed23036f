using System.Collections;
using Paas.Contracts;

namespace Paas.Hosting.Processes;

/// <summary>
/// Where a slug keeps what its build made, and the variables that let the app find it. Builder and deployer both
/// use this: a slug is built in one folder and runs in another, so nothing in it may name the folder it was built in.
/// </summary>
public static class SlugEnvironment
{
    /// <summary>Commands of the slug itself, such as <c>python</c> for the interpreter it was built with.</summary>
    public const string Commands = ".paas/bin";

    /// <summary>The Python packages the app asks for.</summary>
    public const string PythonPackages = ".paas/python";

    /// <summary>What <c>dotnet publish</c> made.</summary>
    public const string DotNetPublish = ".paas/publish";

    private const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    // Where the machine has its runtimes and certificates, and nothing the platform would keep to itself.
    private static readonly string[] FromHost = ["PATH", "LANG", "LC_ALL", "TZ", "DOTNET_ROOT", "SSL_CERT_FILE", "SSL_CERT_DIR"];

    /// <summary>The variables of the platform's own process.</summary>
    public static IReadOnlyDictionary<string, string> OfThisProcess { get; } = Environment.GetEnvironmentVariables()
        .Cast<DictionaryEntry>()
        .ToDictionary(variable => (string)variable.Key, variable => (string)variable.Value!);

    /// <summary>All the variables for a process of a slug.</summary>
    /// <param name="slugRoot">The folder the slug was unpacked into; also the working directory of its processes.</param>
    /// <param name="runtime">One of <see cref="RuntimeName"/>.</param>
    /// <param name="app">The app's own: config vars, the manifest's <c>env</c>, <c>PORT</c> and so on. They win, except
    /// that <c>PATH</c> and <c>PYTHONPATH</c> come after the slug's own entries.</param>
    /// <param name="host"><see cref="OfThisProcess"/>; only a few of them are passed on.</param>
    public static Dictionary<string, string> For(
        string slugRoot, string runtime, IReadOnlyDictionary<string, string> app, IReadOnlyDictionary<string, string> host)
    {
        var root = Path.GetFullPath(slugRoot);
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = DefaultPath,
            ["LANG"] = "C.UTF-8",
            ["HOME"] = root,
        };
        foreach (var name in FromHost)
        {
            if (host.TryGetValue(name, out var value) && value.Length > 0)
                variables[name] = value;
        }

        foreach (var (name, value) in OfRuntime(root, runtime, app))
            variables[name] = value;
        foreach (var (name, value) in app)
            variables[name] = value;
        variables["PATH"] = Joined([.. CommandFolders(root, runtime), variables["PATH"]]);
        if (runtime == RuntimeName.Python)
            variables["PYTHONPATH"] = Joined([Path.Combine(root, PythonPackages), app.GetValueOrDefault("PYTHONPATH", "")]);
        return variables;
    }

    /// <summary>What <see cref="For"/> passes on of the machine's own variables.</summary>
    public static IReadOnlyCollection<string> HostValues(IReadOnlyDictionary<string, string> host) =>
        [.. FromHost.Select(name => host.GetValueOrDefault(name, "")).Where(value => value.Length > 0)];

    private static Dictionary<string, string> OfRuntime(string root, string runtime, IReadOnlyDictionary<string, string> app)
    {
        switch (runtime)
        {
            case RuntimeName.Python:
                // Lines of the app's log ought to be seen when they are written.
                return new() { ["PYTHONUNBUFFERED"] = "1" };
            case RuntimeName.Node:
                return new() { ["NODE_ENV"] = "production" };
            case RuntimeName.DotNet:
                var variables = new Dictionary<string, string>
                {
                    ["DOTNET_NOLOGO"] = "1",
                    ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
                    // Where the version asked for is not installed, a newer one is better than none.
                    ["DOTNET_ROLL_FORWARD"] = "Major",
                    // appsettings.json and wwwroot are beside the app, not in the working directory.
                    ["DOTNET_CONTENTROOT"] = Path.Combine(root, DotNetPublish),
                };
                if (app.TryGetValue("PORT", out var port))
                    variables["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}";
                return variables;
            default:
                return [];
        }
    }

    private static string[] CommandFolders(string root, string runtime) => runtime switch
    {
        RuntimeName.Python => [Path.Combine(root, Commands), Path.Combine(root, PythonPackages, "bin")],
        RuntimeName.Node => [Path.Combine(root, "node_modules/.bin")],
        RuntimeName.DotNet => [Path.Combine(root, DotNetPublish)],
        _ => [],
    };

    private static string Joined(IEnumerable<string> paths) => string.Join(Path.PathSeparator, paths.Where(path => path.Length > 0));
}
