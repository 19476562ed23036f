namespace Paas.Servers.Kubernetes;

/// <summary>What the containers of pods print, since their last start and since the one before.</summary>
internal sealed class ContainerLogs
{
    private readonly Dictionary<(string Uid, string Container), (ContainerLog? Current, ContainerLog? Previous)> _logs = [];

    public ContainerLog? Current(string uid, string container) => _logs.GetValueOrDefault((uid, container)).Current;

    public ContainerLog? Previous(string uid, string container) => _logs.GetValueOrDefault((uid, container)).Previous;

    public void Print(string uid, string line)
    {
        foreach (var log in _logs.Where(log => log.Key.Uid == uid))
            log.Value.Current?.Print(line);
    }

    public void Begin(string uid, string container, IEnumerable<string> lines)
    {
        var log = new ContainerLog();
        foreach (var line in lines)
            log.Print(line);
        _logs[(uid, container)] = (log, Current(uid, container));
    }

    public void End(string uid)
    {
        foreach (var log in _logs.Where(log => log.Key.Uid == uid))
            log.Value.Current?.End();
    }
}
