using System.Globalization;

namespace Paas.Deployer.Targets;

/// <summary>Reads who listens out of <c>/proc/net/tcp</c> and <c>tcp6</c> (proc(5)).</summary>
internal static class ListeningTable
{
    private const string Listen = "0A";

    // ::1, 127.0.0.0/8, and the latter within IPv6, each group of four bytes in the order of the machine.
    private const string Loopback6 = "00000000000000000000000001000000";
    private const string Loopback4 = "7F";
    private const string Mapped = "0000000000000000FFFF0000";

    public static IEnumerable<(ListeningPort Port, string Inode)> Read(IEnumerable<string> lines)
    {
        // sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode
        foreach (var line in lines)
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length < 10 || fields[3] != Listen)
                continue;
            var colon = fields[1].LastIndexOf(':');
            if (int.TryParse(fields[1].AsSpan(colon + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var port))
                yield return (new ListeningPort(port, IsLoopback(fields[1][..Math.Max(0, colon)])), fields[9]);
        }
    }

    private static bool IsLoopback(string address) => address == Loopback6
        || (address.EndsWith(Loopback4, StringComparison.Ordinal) && (address.Length == 8 || address.StartsWith(Mapped, StringComparison.Ordinal)));
}
