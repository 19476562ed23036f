using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Paas.Hosting.Processes;

/// <summary>
/// Knows the processes this platform has started, on Linux, even after it was killed: each carries a variable that
/// names the platform's data directory, the service, and what the process belongs to.
/// </summary>
/// <param name="dataDirectory">The platform's.</param>
/// <param name="service">The service, where each is a process of its own: one must not end what another has started.</param>
public sealed class ProcessOwner(string dataDirectory, string? service = null)
{
    internal const string Variable = "PAAS_PROCESS";

    private readonly string _owner =
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(dataDirectory))))[..16] + (service is null ? "" : $"-{service}");

    /// <summary>What is around the processes of strangers.</summary>
    public Sandbox Sandbox { get; init; } = Sandbox.Off;

    internal string Mark(string belongsTo) => $"{_owner}:{belongsTo}";

    /// <summary>Ends every process of this owner, or only those that belong to one thing.</summary>
    /// <returns>How many there were.</returns>
    public int KillLeftovers(string? belongsTo = null)
    {
        var killed = new HashSet<int>();
        // A process may fork while the list is read, and takes a moment to end: look until there is none left.
        for (var round = 0; round < 200; round++)
        {
            var found = Find(belongsTo);
            foreach (var pid in found)
                Signals.Send(pid, Signals.Kill);
            if (found.Count == 0)
                break;
            killed.UnionWith(found);
            Thread.Sleep(round < 20 ? 0 : 10);
        }

        return killed.Count;
    }

    /// <summary>Sends SIGTERM to every process that belongs to one thing.</summary>
    /// <returns>Which these were.</returns>
    internal IReadOnlyList<int> Terminate(string belongsTo)
    {
        var found = Find(belongsTo);
        foreach (var pid in found)
            Signals.Send(pid, Signals.Terminate);
        return found;
    }

    /// <summary>The ids of every process of this owner, or only of those that belong to one thing.</summary>
    public IReadOnlyList<int> Find(string? belongsTo)
    {
        var found = new List<int>();
        if (!OperatingSystem.IsLinux())
            return found;
        var prefix = Encoding.UTF8.GetBytes(belongsTo is null ? $"\0{Variable}={_owner}:" : $"\0{Variable}={Mark(belongsTo)}\0");
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) || pid == Environment.ProcessId)
                continue;
            if (HasVariable(Path.Combine(folder, "environ"), prefix) && !IsZombie(Path.Combine(folder, "stat")))
                found.Add(pid);
        }

        return found;
    }

    /// <summary>Whether a process carries this owner's mark.</summary>
    internal bool Owns(int process) =>
        HasVariable($"/proc/{process.ToString(CultureInfo.InvariantCulture)}/environ", Encoding.UTF8.GetBytes($"\0{Variable}={_owner}:"));

    private static bool HasVariable(string environ, byte[] prefix)
    {
        try
        {
            // Each variable ends with a zero byte; one in front lets the first be found like the others.
            byte[] variables = [0, .. File.ReadAllBytes(environ), 0];
            return variables.AsSpan().IndexOf(prefix) >= 0;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false; // it has ended meanwhile, or is another user's
        }
    }

    private static bool IsZombie(string stat)
    {
        try
        {
            var text = File.ReadAllText(stat);
            return text[(text.LastIndexOf(')') + 2)..].StartsWith('Z');
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException)
        {
            return true;
        }
    }
}
