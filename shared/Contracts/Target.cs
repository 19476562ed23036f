namespace Paas.Contracts;

/// <summary>Where the releases of an app run.</summary>
public static class Target
{
    /// <summary>Processes on the platform's own machine, behind its router.</summary>
    public const string Local = "local";

    /// <summary>Containers on one Docker Engine, behind the platform's router.</summary>
    public const string Docker = "docker";

    public const string Kubernetes = "kubernetes";

    public static IReadOnlyList<string> All { get; } = [Local, Docker, Kubernetes];
}
