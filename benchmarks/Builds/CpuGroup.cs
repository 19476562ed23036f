using System.Globalization;

namespace Paas.Bench.Builds;

/// <summary>A control group for all that an engine starts, with a share of the processors.</summary>
internal sealed class CpuGroup : IDisposable
{
    public const int Usual = 1024;

    private const string Root = "/sys/fs/cgroup";
    private readonly string _weight;

    private CpuGroup(string name)
    {
        Name = name;
        // Shares in version 1, of 1024; weight in version 2, of 100.
        var isFirst = Directory.Exists($"{Root}/cpu");
        var folder = isFirst ? $"{Root}/cpu{name}" : $"{Root}{name}";
        Directory.CreateDirectory(folder);
        _weight = Path.Combine(folder, isFirst ? "cpu.shares" : "cpu.weight");
        if (!File.Exists(_weight))
            throw new BenchmarkException("Control groups do not share out processors here.");
    }

    public string Name { get; }

    /// <summary>Makes one that competes with this process and those it starts, and with nothing else.</summary>
    public static CpuGroup Create() => new($"{Own()}/paas-bench-{Guid.NewGuid():N}");

    public void SetWeight(int shares) =>
        File.WriteAllText(_weight, (_weight.EndsWith("shares", StringComparison.Ordinal) ? shares : Math.Max(1, shares * 100 / Usual)).ToString(CultureInfo.InvariantCulture));

    /// <summary>The group of this process, in version 1; in version 2 only the root has both processes and groups.</summary>
    private static string Own() => File.ReadLines("/proc/self/cgroup").Select(line => line.Split(':', 3))
        .FirstOrDefault(group => group[1].Split(',').Contains("cpu"))?[2].TrimEnd('/') ?? "";

    public void Dispose()
    {
        // The engine has made groups of this name for other limits, too, with more below.
        foreach (var folder in Directory.GetDirectories(Root).Select(tree => tree + Name).Append(Root + Name).Where(Directory.Exists))
        {
            foreach (var below in Directory.GetDirectories(folder, "*", SearchOption.AllDirectories).OrderByDescending(path => path.Length).Append(folder))
                Directory.Delete(below);
        }
    }
}
