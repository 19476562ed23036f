using System.Runtime.InteropServices;

namespace Paas.Hosting.Processes;

/// <summary>
/// Ends what got away where there are no walls. A process that forks twice, takes a session of its own and clears its
/// variables has nothing left by which it is known; but it becomes a child of this process, as its subreaper
/// (prctl(2)), and none of those this process has started.
/// </summary>
internal static partial class EscapedProcesses
{
    private const int SetChildSubreaper = 36;
    private const int DoNotWait = 1;

    private static readonly Lock Gate = new();
    private static readonly HashSet<int> Started = [];
    private static volatile bool _isOn;

    /// <summary>From now on this process gets what has lost its parent.</summary>
    public static void Watch() => _isOn = OperatingSystem.IsLinux() && Control(SetChildSubreaper, 1, 0, 0, 0) == 0;

    /// <summary>Starts a process in a session of its own, which is not taken for one that got away.</summary>
    public static void Start(Func<int> start)
    {
        // Nobody looks for others until its id is known.
        lock (Gate)
            Started.Add(start());
    }

    /// <summary>A process has ended, and its parent knows how.</summary>
    public static void Ended(int process)
    {
        lock (Gate)
            Started.Remove(process);
    }

    /// <summary>Ends those that got away.</summary>
    /// <param name="owner">What carries its mark is ended when the thing it belongs to ends.</param>
    /// <returns>How many there were.</returns>
    public static int End(ProcessOwner owner)
    {
        var ended = new HashSet<int>();
        // What they have started becomes this process's in turn.
        for (var round = 0; _isOn && round < 200; round++)
        {
            var found = Find(owner);
            if (found.Count == 0)
                break;
            foreach (var process in found)
                Signals.Send(process, Signals.Kill);
            ended.UnionWith(found);
            Thread.Sleep(round < 20 ? 0 : 10);
        }

        return ended.Count;
    }

    private static List<int> Find(ProcessOwner owner)
    {
        lock (Gate)
        {
            var all = ProcessTree.All();
            // What this process starts otherwise, such as a credential plugin, stays in its session.
            var session = all.Find(process => process.Id == Environment.ProcessId).Session;
            var strangers = all.Where(process => process.Parent == Environment.ProcessId && process.Session != session && !Started.Contains(process.Id)).ToList();
            foreach (var gone in strangers.Where(process => process.IsZombie))
                WaitFor(gone.Id, out _, DoNotWait);
            return [.. strangers.Where(process => !process.IsZombie && !Started.Contains(process.Session) && !owner.Owns(process.Id)).Select(process => process.Id)];
        }
    }

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int Control(int option, nuint argument, nuint second, nuint third, nuint fourth);

    [LibraryImport("libc", EntryPoint = "waitpid")]
    private static partial int WaitFor(int process, out int status, int options);
}
