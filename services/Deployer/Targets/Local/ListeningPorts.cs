using System.Globalization;

namespace Paas.Deployer.Targets.Local;

/// <summary>Which TCP ports some processes listen on, as Linux tells in <c>/proc</c> (proc(5)).</summary>
internal static class ListeningPorts
{
    private const string Listen = "0A";
    private static readonly string[] Tables = ["/proc/net/tcp", "/proc/net/tcp6"];

    public static IReadOnlyList<int> Of(IEnumerable<int> processes)
    {
        var sockets = processes.SelectMany(SocketsOf).ToHashSet();
        if (sockets.Count == 0)
            return [];
        return [.. Tables.SelectMany(Listeners)
            .Where(listener => sockets.Contains(listener.Inode))
            .Select(listener => listener.Port)
            .Distinct()
            .Order()];
    }

    private static IEnumerable<string> SocketsOf(int process)
    {
        string[] descriptors;
        try
        {
            descriptors = Directory.GetFiles($"/proc/{process.ToString(CultureInfo.InvariantCulture)}/fd");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            yield break; // it has ended meanwhile
        }

        foreach (var descriptor in descriptors)
        {
            if (LinkOf(descriptor) is { } link && link.StartsWith("socket:[", StringComparison.Ordinal))
                yield return link["socket:[".Length..^1];
        }
    }

    private static string? LinkOf(string descriptor)
    {
        try
        {
            return new FileInfo(descriptor).LinkTarget;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null; // closed meanwhile
        }
    }

    private static IEnumerable<(int Port, string Inode)> Listeners(string table)
    {
        if (!File.Exists(table))
            yield break;
        // sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode
        foreach (var line in File.ReadLines(table).Skip(1))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length < 10 || fields[3] != Listen)
                continue;
            var port = fields[1][(fields[1].LastIndexOf(':') + 1)..];
            yield return (int.Parse(port, NumberStyles.HexNumber, CultureInfo.InvariantCulture), fields[9]);
        }
    }
}
