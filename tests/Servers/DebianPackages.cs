using System.Diagnostics;

namespace Paas.Servers;

/// <summary>
/// Packages of Debian that are not installed on this machine, to make images of: fetched once, with those they need, and
/// kept under the temporary folder.
/// </summary>
internal static class DebianPackages
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly string Cache = Path.Combine(Path.GetTempPath(), "paas-test-packages");

    /// <returns>The packages' files; null where they can't be had.</returns>
    public static IReadOnlyList<string>? Fetch(params string[] names)
    {
        var folder = Path.Combine(Cache, string.Join('+', names));
        var done = Path.Combine(folder, "done");
        if (!File.Exists(done))
        {
            if (!File.Exists("/usr/bin/apt-get"))
                return null;
            Directory.CreateDirectory(Path.Combine(folder, "partial"));
            // Nothing is installed, and whoever installs meanwhile is not in the way.
            using var process = Process.Start(new ProcessStartInfo("apt-get",
            [
                "install", "--yes", "--quiet", "--download-only", "--no-install-recommends", "--option", $"Dir::Cache::Archives={folder}",
                "--option", "Debug::NoLocking=1", "--option", "Acquire::Retries=1", .. names,
            ])
            { RedirectStandardOutput = true, RedirectStandardError = true })!;
            process.OutputDataReceived += (_, _) => { };
            process.ErrorDataReceived += (_, _) => { };
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            if (!process.WaitForExit(Patience))
                process.Kill(entireProcessTree: true);
            process.WaitForExit();
            if (process.ExitCode != 0)
                return null;
            File.WriteAllText(done, "");
        }

        return Directory.GetFiles(folder, "*.deb");
    }
}
