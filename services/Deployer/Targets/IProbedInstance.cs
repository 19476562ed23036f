namespace Paas.Deployer.Targets;

/// <summary>What the <see cref="HealthProbe"/> has to know of an instance.</summary>
internal interface IProbedInstance
{
    /// <summary>The port it was told to listen on; null if it serves no HTTP.</summary>
    int? Port { get; }

    /// <summary>The port at which it is reached from here.</summary>
    int? ReachedAt => Port;

    /// <summary>
    /// The one other port that its image says it listens on, and where that is reached from here; null for none, or several.
    /// </summary>
    (int Port, int ReachedAt)? Exposed => null;

    /// <summary>
    /// Whether something else listens in its place, which takes connections though the instance may not: only an
    /// answer says that it is there.
    /// </summary>
    bool IsBehindProxy => false;

    /// <summary>Done as soon as it has ended, though what it has printed may still come.</summary>
    Task Left => Ended;

    /// <summary>Its exit code, once it has ended; 128 + n if signal n ended it.</summary>
    Task<int> Ended { get; }

    /// <summary>What became of it, once it has ended.</summary>
    Task<string> DescribeEndAsync(string name, int exitCode) => Task.FromResult(DeployerTexts.Exited(name, exitCode));

    /// <summary>What it listens on, whatever it was told; null if that can't be found out.</summary>
    Task<IReadOnlyList<ListeningPort>?> FindListeningPortsAsync();
}

/// <summary>A port something listens on.</summary>
/// <param name="Port">Its number.</param>
/// <param name="IsLoopback">Whether it is reached from within its own machine, or container, only.</param>
internal sealed record ListeningPort(int Port, bool IsLoopback);
