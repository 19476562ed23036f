namespace Paas.Deployer.Targets.Local;

/// <summary>One running instance of a process type.</summary>
internal interface IInstance : IAsyncDisposable
{
    /// <summary>The port it was told to listen on; null if it serves no HTTP.</summary>
    int? Port { get; }

    /// <summary>Its exit code, once it has ended; 128 + n if signal n ended it.</summary>
    Task<int> Ended { get; }

    /// <summary>The last lines it has printed.</summary>
    IReadOnlyList<string> LastLines { get; }

    /// <summary>The ports it listens on, whatever it was told.</summary>
    IReadOnlyList<int> FindListeningPorts();

    /// <summary>Asks it to end, and ends it when it takes too long.</summary>
    Task StopAsync(TimeSpan grace);
}
