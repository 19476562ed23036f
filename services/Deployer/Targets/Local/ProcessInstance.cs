using Paas.Hosting.Processes;

namespace Paas.Deployer.Targets.Local;

/// <summary>An instance that is a process of the app, with everything that process has started.</summary>
internal sealed class ProcessInstance : IInstance
{
    private const int KeptLines = 20;
    private const int KeptLineLength = 500;

    private readonly Queue<string> _lastLines = new(KeptLines);
    private readonly ProcessOwner _owner;
    private readonly string _belongsTo;
    private readonly ChildProcess _process;

    /// <exception cref="CommandNotFoundException">There is no such command.</exception>
    public ProcessInstance(ProcessOwner owner, ChildProcessStart start, int? port, Action<string> onLine)
    {
        Port = port;
        _owner = owner;
        _belongsTo = start.BelongsTo;
        _process = ChildProcess.Start(owner, start with
        {
            OnLine = line =>
            {
                Keep(line);
                onLine(line);
            },
        });
    }

    public int? Port { get; }

    public Task Left => _process.Left;

    public Task<int> Ended => _process.Exited;

    public IReadOnlyList<string> LastLines
    {
        get
        {
            lock (_lastLines)
                return [.. _lastLines];
        }
    }

    public Task<IReadOnlyList<ListeningPort>?> FindListeningPortsAsync() => Task.FromResult<IReadOnlyList<ListeningPort>?>(ListeningPorts.Of(_owner.Find(_belongsTo)));

    public Task StopAsync(TimeSpan grace) => _process.StopAsync(grace);

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private void Keep(string line)
    {
        lock (_lastLines)
        {
            if (_lastLines.Count == KeptLines)
                _lastLines.Dequeue();
            _lastLines.Enqueue(line.Length > KeptLineLength ? line[..KeptLineLength] + "…" : line);
        }
    }
}
