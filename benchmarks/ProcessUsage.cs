using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Paas.Bench;

/// <summary>What Linux says of a process and of those it has started.</summary>
internal static class ProcessUsage
{
    /// <summary>Of the clock ticks in <c>/proc</c>, whatever the kernel's own are.</summary>
    private const double TickMilliseconds = 10;

    private const int ParentField = 1;
    private const int UserTimeField = 11;
    private const int LastTimeField = 14;

    /// <summary>Milliseconds of CPU that a process and all below it have used, those that have ended included.</summary>
    public static double Cpu(int processId) => Tree(processId).Sum(process =>
        process.Stat[UserTimeField..(LastTimeField + 1)].Sum(ticks => double.Parse(ticks, CultureInfo.InvariantCulture)) * TickMilliseconds);

    /// <summary>Bytes of memory that a process has in use: resident, and its fair part of what it shares with others.</summary>
    public static (long Resident, long Proportional) Memory(int processId)
    {
        var lines = File.ReadAllLines($"/proc/{processId}/smaps_rollup");
        return (Value("Rss:"), Value("Pss:"));

        long Value(string name)
        {
            var line = lines.First(line => line.StartsWith(name, StringComparison.Ordinal));
            return long.Parse(line[name.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture) * 1024;
        }
    }

    public static int Threads(int processId) => Directory.GetDirectories($"/proc/{processId}/task").Length;

    private static List<(int Id, string[] Stat)> Tree(int processId)
    {
        var all = new Dictionary<int, string[]>();
        foreach (var folder in Directory.GetDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id) && TryReadStat(id, out var stat))
                all[id] = stat;
        }

        return all.Where(process => IsBelow(process.Key)).Select(process => (process.Key, process.Value)).ToList();

        bool IsBelow(int id)
        {
            while (id != processId)
            {
                if (!all.TryGetValue(id, out var stat))
                    return false;
                id = int.Parse(stat[ParentField], CultureInfo.InvariantCulture);
            }

            return true;
        }
    }

    /// <summary>The fields after the process's name, which may contain anything.</summary>
    private static bool TryReadStat(int id, [NotNullWhen(true)] out string[]? stat)
    {
        stat = null;
        try
        {
            var text = File.ReadAllText($"/proc/{id}/stat");
            stat = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return true;
        }
        catch (IOException)
        {
            return false; // it has ended meanwhile
        }
    }
}
