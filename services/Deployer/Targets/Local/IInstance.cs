namespace Paas.Deployer.Targets.Local;

/// <summary>One running instance of a process type.</summary>
internal interface IInstance : IProbedInstance, IAsyncDisposable
{
    /// <summary>The last lines it has printed.</summary>
    IReadOnlyList<string> LastLines { get; }

    /// <summary>Asks it to end, and ends it when it takes too long.</summary>
    Task StopAsync(TimeSpan grace);
}
