using System.Globalization;
using Paas.Contracts;
using Paas.Docker;

namespace Paas.Deployer.Targets.Docker;

/// <summary>One running container of a process type.</summary>
internal sealed class ContainerInstance : IProbedInstance, IDisposable
{
    /// <summary>What web containers find in <c>PORT</c>, unless the manifest has another. Each has a network of its own, so one number does for all.</summary>
    public const int WebPort = 8080;

    // Above this an exit code tells of a signal; these two are of the init process, which did not find the program.
    private const int NotExecutable = 126, NotFound = 127;

    private const int ShownLines = 20;
    private const int ShownLineLength = 500;
    private readonly EngineClient _engine;
    private readonly DeployerOptions _options;
    private readonly CommandLine? _command;
    private readonly CancellationTokenSource _watching = new();
    private readonly int _port;

    /// <param name="engine">Where it runs.</param>
    /// <param name="container">As it was seen last.</param>
    /// <param name="command">What it was told to start; null if its image knows.</param>
    /// <param name="options">Its limits.</param>
    public ContainerInstance(EngineClient engine, Container container, CommandLine? command, DeployerOptions options)
    {
        _engine = engine;
        _options = options;
        _command = command;
        Container = container;
        _port = PortOf(container) ?? WebPort;
        Ended = engine.WaitForExitAsync(container.Id, _watching.Token);
    }

    public Container Container { get; }

    public int? Port => ReachedAt is null ? null : _port;

    public int? ReachedAt => Container.PublishedPort(_port);

    public (int Port, int ReachedAt)? Exposed => Container.PublishedPorts.Where(port => port != _port).ToList() is [var other] && Container.PublishedPort(other) is { } reachedAt
        ? (other, reachedAt) : null;

    public bool IsBehindProxy => true;

    public Task<int> Ended { get; }

    public async Task<string> DescribeEndAsync(string name, int exitCode)
    {
        var container = await _engine.FindContainerAsync(Container.Id, CancellationToken.None);
        if (container?.State.OOMKilled == true)
            return DeployerTexts.OutOfMemory(name, _options.AppMemory);
        if (exitCode is NotFound or NotExecutable && _command is not null && (await LastLinesAsync(CancellationToken.None)).Any(line => line.StartsWith("[FATAL tini", StringComparison.Ordinal)))
            return _command.Script is null ? DeployerTexts.CommandNotFound(name, _command.ToString()) : DeployerTexts.NoShell(name);
        return DeployerTexts.Exited(name, exitCode);
    }

    /// <remarks>The container's own <c>cat</c> tells it; without one nobody can.</remarks>
    public async Task<IReadOnlyList<ListeningPort>?> FindListeningPortsAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            var text = await _engine.ReadWithinAsync(Container.Id, ["cat", "/proc/net/tcp", "/proc/net/tcp6"], limit.Token);
            return text?.Contains("local_address", StringComparison.Ordinal) == true
                // The engine's own name server listens there, too.
                ? [.. ListeningTable.Read(text.Split('\n')).Select(listener => listener.Port).Where(port => !IsNameServer(text, port)).Distinct().OrderBy(port => port.Port)]
                : null;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    public async Task<IReadOnlyList<string>> LastLinesAsync(CancellationToken cancellation)
    {
        var lines = new List<string>();
        await foreach (var line in _engine.ReadLogAsync(Container.Id, follow: false, ShownLines, cancellation))
            lines.Add(line.Length > ShownLineLength ? line[..ShownLineLength] + "…" : line);
        return lines;
    }

    public void Dispose()
    {
        _watching.Cancel();
        _watching.Dispose();
    }

    private static int? PortOf(Container container) => container.Config.Env?.LastOrDefault(variable => variable.StartsWith("PORT=", StringComparison.Ordinal)) is { } variable
        && int.TryParse(variable.AsSpan("PORT=".Length), NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : null;

    /// <summary>127.0.0.11, on a port that changes.</summary>
    private static bool IsNameServer(string table, ListeningPort port) =>
        table.Contains(string.Create(CultureInfo.InvariantCulture, $" 0B00007F:{port.Port:X4} "), StringComparison.Ordinal);
}
