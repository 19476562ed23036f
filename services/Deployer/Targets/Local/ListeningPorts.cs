using System.Globalization;

namespace Paas.Deployer.Targets.Local;

/// <summary>Which TCP ports some processes listen on, as Linux tells in <c>/proc</c> (proc(5)).</summary>
internal static class ListeningPorts
{
    private static readonly string[] Tables = ["/proc/net/tcp", "/proc/net/tcp6"];

    public static IReadOnlyList<ListeningPort> Of(IEnumerable<int> processes)
    {
        var sockets = processes.SelectMany(SocketsOf).ToHashSet();
        if (sockets.Count == 0)
            return [];
        return [.. Tables.SelectMany(Listeners)
            .Where(listener => sockets.Contains(listener.Inode))
            .Select(listener => listener.Port)
            .Distinct()
            .OrderBy(listener => listener.Port)];
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

    private static IEnumerable<(ListeningPort Port, string Inode)> Listeners(string table) =>
        File.Exists(table) ? ListeningTable.Read(File.ReadLines(table)) : [];
}
