using Paas.Contracts;

namespace Paas.Deployer;

/// <summary>Finds out, from one look at all instances of a target after the other, which apps crash again and again.</summary>
/// <param name="stableAfter">An instance that has run for this long does not crash any more.</param>
internal sealed class CrashDetector(TimeSpan stableAfter)
{
    /// <summary>This many restarts within the window are no accident.</summary>
    private const int Enough = 3;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(10);

    /// <summary>While it lasts it is told again this often.</summary>
    private static readonly TimeSpan Repeat = TimeSpan.FromMinutes(10);

    private readonly Dictionary<(Guid AppId, string Process), History> _histories = [];
    private bool _hasLooked;

    /// <summary>What is new since the look before.</summary>
    public IReadOnlyList<RecordAppEvent> Look(IReadOnlyList<InstanceStatus> instances, DateTime now)
    {
        var events = new List<RecordAppEvent>();
        var groups = instances.GroupBy(instance => (instance.AppId, instance.Process)).ToList();
        foreach (var gone in _histories.Keys.Except(groups.Select(group => group.Key)).ToList())
            _histories.Remove(gone);
        foreach (var group in groups)
        {
            if (!_histories.TryGetValue(group.Key, out var history))
                _histories[group.Key] = history = new History();
            if (Look(history, [.. group], now) is { } told)
                events.Add(told);
        }

        _hasLooked = true;
        return events;
    }

    private RecordAppEvent? Look(History history, List<InstanceStatus> instances, DateTime now)
    {
        // What another release did says nothing of this one.
        var release = instances.Max(instance => instance.Release);
        instances.RemoveAll(instance => instance.Release < release);
        if (release != history.Release)
            history.Restarts.Clear();
        history.Release = release;
        foreach (var instance in instances)
        {
            // Those that were there before the first look may have been started again long ago, but one that waits for its next start has not.
            var before = history.Known.TryGetValue(instance.Name, out var known) ? known
                : _hasLooked ? 0
                : instance.State == InstanceState.Restarting ? Math.Max(0, instance.Restarts - Enough) : instance.Restarts;
            for (var i = 0; i < Math.Min(instance.Restarts - before, Enough); i++)
                history.Restarts.Enqueue(now);
        }

        history.Known = instances.ToDictionary(instance => instance.Name, instance => instance.Restarts);
        while (history.Restarts.TryPeek(out var oldest) && now - oldest > Window)
            history.Restarts.Dequeue();

        var worst = instances.OrderByDescending(instance => instance.State == InstanceState.Restarting).ThenByDescending(instance => instance.Restarts).First();
        var isStable = instances.TrueForAll(instance => instance.State == InstanceState.Running && now - (instance.Since ?? now) >= stableAfter);
        if (isStable)
        {
            history.Restarts.Clear();
            if (history.Told == AppEventKind.Recovered)
                return null;
            // Also of what was never seen to crash: a deployer before this one may have told that it does.
            return Tell(AppEventKind.Recovered);
        }

        var isLooping = history.Restarts.Count >= Enough && (worst.LastExitAt is not { } at || now - at < Window);
        return isLooping && (history.Told != AppEventKind.CrashLooping || history.ToldOf != release || now - history.ToldAt >= Repeat) ? Tell(AppEventKind.CrashLooping) : null;

        RecordAppEvent Tell(string kind)
        {
            (history.Told, history.ToldAt, history.ToldOf) = (kind, now, release);
            return new RecordAppEvent
            {
                AppId = worst.AppId,
                Kind = kind,
                Process = worst.Process,
                Instance = worst.Name,
                Release = release,
                At = now,
                Restarts = worst.Restarts,
                ExitCode = worst.LastExitCode,
                Reason = worst.Reason,
            };
        }
    }

    private sealed class History
    {
        public Queue<DateTime> Restarts { get; } = new();

        public Dictionary<string, int> Known { get; set; } = [];

        public string? Told { get; set; }

        public DateTime ToldAt { get; set; }

        public int ToldOf { get; set; }

        public int Release { get; set; }
    }
}
