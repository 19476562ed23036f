using System.Collections.Concurrent;
using System.Diagnostics;

namespace Paas.Hosting.Processes;

/// <summary>
/// Starts processes that are to die with the platform. Linux ends them with the thread that has started them
/// (<c>PR_SET_PDEATHSIG</c>), and those of the thread pool end when there is little to do: so this one never does.
/// </summary>
internal static class ProcessLauncher
{
    private static readonly BlockingCollection<Action> Starts = [];

    static ProcessLauncher() => new Thread(Run) { IsBackground = true, Name = "Process launcher" }.Start();

    public static void Start(Process process) => Run(() => process.Start());

    /// <summary>Runs what starts a process on the thread that stays.</summary>
    public static T Run<T>(Func<T> start)
    {
        var started = new TaskCompletionSource<T>();
        Starts.Add(() =>
        {
            try
            {
                started.SetResult(start());
            }
            catch (Exception exception)
            {
                started.SetException(exception);
            }
        });
        return started.Task.GetAwaiter().GetResult();
    }

    private static void Run()
    {
        foreach (var start in Starts.GetConsumingEnumerable())
            start();
    }
}
