using System.Diagnostics;
using System.Globalization;

namespace Paas.Servers;

internal static class Signals
{
    /// <summary>Sends a signal to a process and all that descend from it.</summary>
    public static async Task SendAsync(string signal, int pid)
    {
        using var kill = Process.Start(new ProcessStartInfo("kill", [$"-{signal}", .. Tree(pid).Select(id => id.ToString(CultureInfo.InvariantCulture))]))!;
        await kill.WaitForExitAsync();
        if (kill.ExitCode != 0)
            throw new InvalidOperationException($"kill -{signal} of {pid} and its children ended with {kill.ExitCode}.");
    }

    private static List<int> Tree(int root)
    {
        var parents = new List<(int Id, int Parent)>();
        foreach (var folder in Directory.GetDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id))
                continue;
            try
            {
                // "12 (a name) S 1 …": the name may have anything in it.
                var stat = File.ReadAllText($"{folder}/stat");
                parents.Add((id, int.Parse(stat[(stat.LastIndexOf(')') + 4)..].Split(' ')[0], CultureInfo.InvariantCulture)));
            }
            catch (IOException)
            {
                continue; // it has just ended
            }
        }

        var tree = new List<int> { root };
        for (var i = 0; i < tree.Count; i++)
            tree.AddRange(parents.Where(process => process.Parent == tree[i]).Select(process => process.Id));
        return tree;
    }
}
