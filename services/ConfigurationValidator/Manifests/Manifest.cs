using Paas.ConfigurationValidator.Source;
using Paas.Contracts;

namespace Paas.ConfigurationValidator.Manifests;

/// <summary>What a manifest says, before anything is known about the repository around it.</summary>
internal sealed record Manifest
{
    /// <summary>The name of the file; null if the repository has none.</summary>
    public string? File { get; init; }

    /// <summary>The folder of the repository that the app is in.</summary>
    public Placed<string>? Root { get; init; }

    public Placed<string>? Runtime { get; init; }
    public string? RuntimeVersion { get; init; }
    public IReadOnlyList<ManifestProcess> Processes { get; init; } = [];
    public CommandLine? Release { get; init; }
    public HealthCheck Health { get; init; } = new();

    /// <summary>The port that web listens on.</summary>
    public int? Port { get; init; }
    public Placed<string>? StaticRoot { get; init; }
    public CommandLine? BuildCommand { get; init; }
    public Placed<string>? Dockerfile { get; init; }
    public Placed<string>? Context { get; init; }
    public Placed<string>? DockerTarget { get; init; }
    public Placed<IReadOnlyDictionary<string, string>>? BuildArgs { get; init; }
    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>();
    public IReadOnlyList<Placed<AddOn>> AddOns { get; init; } = [];
    public IReadOnlyList<Placed<AppVolume>> Volumes { get; init; } = [];
}

/// <summary>A value and where it was written.</summary>
internal sealed record Placed<T>(T Value, Position At);

/// <summary>A process type of a manifest or a Procfile.</summary>
/// <param name="Command">Null if only the scale is given.</param>
internal sealed record ManifestProcess(string Written, CommandLine? Command, int Scale, Position At)
{
    /// <summary>What it runs under.</summary>
    public string Name { get; } = ProcessName.Of(Written) ?? Written;
}
