using System.ComponentModel;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace Paas.Hosting.Processes;

/// <summary>Whether apps, builds and runs are walled in, and if not, why.</summary>
public sealed record SandboxState(bool IsOn, string? Reason);

/// <summary>
/// Walls around the processes of apps, builds and runs, made by bubblewrap: they see no other process, nothing of
/// what the platform and other apps keep, and they end, all of them, with the process that was started, whatever they
/// do to get away. The network is the machine's: apps listen on its loopback address.
/// </summary>
public sealed class Sandbox
{
    private const string BubblewrapFolders = "/usr/local/bin:/usr/bin:/bin";
    private static readonly TimeSpan ProbeLimit = TimeSpan.FromSeconds(10);

    private readonly SandboxMounts _mounts;
    private readonly Lazy<(string? Bubblewrap, IReadOnlyList<string> Namespaces, SandboxState State)> _found;

    /// <param name="mode">One of <see cref="SandboxMode"/>.</param>
    /// <param name="dataDirectory">The platform's.</param>
    /// <param name="hiddenFolders">More folders that the platform keeps to itself.</param>
    /// <param name="hiddenFiles">Files that the platform keeps to itself.</param>
    /// <param name="searchPath">Where bubblewrap is looked for; null for the usual places.</param>
    public Sandbox(string mode, string dataDirectory, IReadOnlyList<string> hiddenFolders, IReadOnlyList<string> hiddenFiles, string? searchPath = null)
    {
        _mounts = new SandboxMounts(dataDirectory, hiddenFolders, hiddenFiles);
        _found = new(() => Find(mode, searchPath ?? BubblewrapFolders));
    }

    /// <summary>No walls, as for the platform's own tools.</summary>
    public static Sandbox Off { get; } = new(SandboxMode.Off, "/", [], []);

    /// <summary>Found out once, by starting a program behind walls.</summary>
    public SandboxState State => _found.Value.State;

    /// <summary>The command that starts another behind walls; null where there are none.</summary>
    internal (string File, IReadOnlyList<string> Arguments)? Wrap(string file, IReadOnlyList<string> arguments, string workingDirectory, SandboxFolders own)
    {
        var (bubblewrap, namespaces, state) = _found.Value;
        return state.IsOn ? (bubblewrap!, [.. namespaces, .. _mounts.Arguments(own), "--chdir", workingDirectory, "--", file, .. arguments]) : null;
    }

    private (string?, IReadOnlyList<string>, SandboxState) Find(string mode, string searchPath)
    {
        if (mode == SandboxMode.Off)
            return (null, [], new(false, StartTexts.SandboxIsOff()));
        if (!OperatingSystem.IsLinux())
            return (null, [], new(false, StartTexts.SandboxNeedsLinux()));
        if (ChildProcess.FindCommand("bwrap", "/", searchPath) is not { } bubblewrap)
            return (null, [], new(false, StartTexts.NoBubblewrap()));
        string[] always = ["--die-with-parent", "--unshare-pid", "--unshare-ipc", "--cap-drop", "ALL"];
        string? problem = null;
        // A user namespace leaves root no rights over what is another user's. Root can do without one.
        foreach (var namespaces in new[] { [.. always, "--unshare-user"], always })
        {
            if (Try(bubblewrap, [.. namespaces, .. _mounts.Arguments(own: null), "--chdir", "/", "--", "true"], out var failure))
                return (bubblewrap, namespaces, new(true, null));
            problem ??= failure;
        }

        return (null, [], new(false, StartTexts.BubblewrapFails(problem!)));
    }

    private static Process? StartOrNull(ProcessStartInfo start, out string? failure)
    {
        try
        {
            failure = null;
            return Process.Start(start);
        }
        catch (Win32Exception exception)
        {
            failure = exception.Message;
            return null;
        }
    }

    private static bool Try(string bubblewrap, IReadOnlyList<string> arguments, [NotNullWhen(false)] out string? failure)
    {
        var start = new ProcessStartInfo(bubblewrap, arguments) { RedirectStandardError = true, RedirectStandardOutput = true, WorkingDirectory = "/" };
        start.Environment.Clear();
        start.Environment["PATH"] = BubblewrapFolders;
        using var process = StartOrNull(start, out failure);
        if (process is null)
        {
            failure ??= "it did not start";
            return false;
        }

        var errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(ProbeLimit))
        {
            process.Kill();
            failure = StartTexts.BubblewrapHangs();
            return false;
        }

        failure = process.ExitCode == 0 ? null : errors.GetAwaiter().GetResult().Trim() is { Length: > 0 } said ? said : $"exit code {process.ExitCode}";
        return failure is null;
    }
}
