using System.Runtime.InteropServices;

namespace Paas.Bench;

internal static class Machine
{
    public static string Describe()
    {
        var model = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim();
        return $"{Environment.ProcessorCount} cores ({model ?? "unknown"}), {RuntimeInformation.FrameworkDescription}";
    }
}
