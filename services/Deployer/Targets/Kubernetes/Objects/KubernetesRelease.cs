using Paas.Contracts;
using Paas.Deployer.Targets.Kubernetes.Rollouts;
using Paas.Hosting.Processes;

namespace Paas.Deployer.Targets.Kubernetes.Objects;

/// <summary>A release as it is brought into the cluster.</summary>
/// <param name="Command">What is to run.</param>
/// <param name="App">Where.</param>
/// <param name="Image">By its digest, as nodes pull it.</param>
/// <param name="ConfigVars">Opened: they go nowhere but into a Secret.</param>
/// <param name="Host">The host name the app is asked for by.</param>
/// <param name="HasPullSecret">Whether the registry wants a password.</param>
/// <param name="Options">How apps are laid out.</param>
/// <param name="Limits">What an instance may use.</param>
internal sealed record KubernetesRelease(
    DeployRelease Command, AppNamespace App, string Image, IReadOnlyDictionary<string, string> ConfigVars, string Host, bool HasPullSecret,
    KubernetesTargetOptions Options, DeployerOptions Limits)
{
    public string Version => AppNamespace.VersionOf(Command.Release);

    /// <summary>The folders that outlive releases.</summary>
    public IReadOnlyList<AppVolume> Volumes => Command.Run.Volumes ?? [];

    /// <summary>Tells why an instance of it does not come up.</summary>
    public PodReader PodReader => new(Limits.AppMemory, Command.Run.Health.Path, Options.Patience);

    /// <summary>The Secret with the release's variables; each release has its own, so that a rollout never changes those of the one before.</summary>
    public string ConfigName => SecretName(Version);

    /// <summary>What a container gets from the release's Secret.</summary>
    public Dictionary<string, string> Variables => ReleaseVariables.Of(Command.App, Command.Release, Command.Commit, Command.Run, ConfigVars, port: null);

    public static string SecretName(string version) => $"config-{version}";

    public static string JobName(string version) => $"release-{version}";

    /// <summary>The Job of the release command.</summary>
    public string JobName() => JobName(Version);

    /// <summary>The variables by which the app finds its add-ons, and where each is kept; a config var of the developer's own wins.</summary>
    public IEnumerable<(string Variable, string AddOn)> AddOnVariables
    {
        get
        {
            var taken = new HashSet<string>(Variables.Keys, StringComparer.Ordinal);
            foreach (var addOn in Command.Run.AddOns)
            {
                foreach (var name in AddOnKind.All[addOn.Name].UrlVariables.Where(taken.Add))
                    yield return (name, addOn.Name);
            }
        }
    }

    /// <summary>
    /// The words of a command for a container: references to variables become Kubernetes' own, so that no value of a
    /// config var is written anywhere but in the Secret.
    /// </summary>
    public ExpandedCommand Expand(CommandLine command, int? port)
    {
        var known = new Dictionary<string, string>(Variables, StringComparer.Ordinal);
        foreach (var (variable, addOn) in AddOnVariables)
            known[variable] = addOn; // only that it is there matters
        if (port is { } number)
            known["PORT"] = number.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return CommandWords.Refer(CommandWords.InContainer(command), known, text => text.Replace("$", "$$", StringComparison.Ordinal), name => $"$({name})");
    }
}
