using System.Globalization;

namespace Paas.ImageBuilder.Tests.Docker;

/// <summary>A control group with a limit of processes, as an operator makes one for builds.</summary>
internal sealed class ControlGroup : IDisposable
{
    private readonly string _folder;

    public ControlGroup(int maxProcesses)
    {
        // The groups of processes are in a tree of their own up to version 1, and in the one tree there is in version 2.
        var tree = Directory.Exists("/sys/fs/cgroup/pids") ? "/sys/fs/cgroup/pids" : "/sys/fs/cgroup";
        Assert.SkipUnless(File.Exists($"{tree}/cgroup.procs"), "There are no control groups here.");
        Assert.SkipUnless(tree.EndsWith("pids", StringComparison.Ordinal) || File.ReadAllText($"{tree}/cgroup.subtree_control").Contains("pids", StringComparison.Ordinal), "Control groups don't limit processes here.");
        _folder = tree + Name;
        Directory.CreateDirectory(_folder);
        File.WriteAllText($"{_folder}/pids.max", maxProcesses.ToString(CultureInfo.InvariantCulture));
    }

    public string Name { get; } = $"/paas-test-{Guid.NewGuid():N}";

    public int Processes => int.Parse(File.ReadAllText($"{_folder}/pids.current"), CultureInfo.InvariantCulture);

    public void Dispose()
    {
        // The engine has made groups of this name for the other limits, too.
        foreach (var folder in Directory.GetDirectories("/sys/fs/cgroup").Select(tree => tree + Name).Append(_folder).Where(Directory.Exists))
            Directory.Delete(folder);
    }
}
