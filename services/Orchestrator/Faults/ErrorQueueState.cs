using System.Collections.Concurrent;

namespace Paas.Orchestrator.Faults;

/// <summary>What is there of a step's faults at first sight: while that stays the same, so has the rest.</summary>
/// <param name="Messages">How many lie in the error queue.</param>
/// <param name="Faulted">How many deployments are faulted in the step.</param>
/// <param name="Newest">When the newest of them faulted.</param>
internal sealed record FirstSight(uint Messages, int Faulted, DateTime? Newest);

/// <summary>For which steps the error queue is known to agree with the deployments, and whether to look again.</summary>
internal sealed class ErrorQueueState
{
    private readonly ConcurrentDictionary<string, FirstSight> _agreed = new();
    private readonly ConcurrentDictionary<string, bool> _disturbedSteps = new();
    private TaskCompletionSource _disturbed = New();

    /// <summary>Completes when something has happened that changes error queues.</summary>
    public Task Disturbed => Volatile.Read(ref _disturbed).Task;

    /// <summary>A deployment is about to be faulted in a step, or to be replayed or given up after that.</summary>
    public void Disturb(string step)
    {
        _disturbedSteps[step] = true;
        Volatile.Read(ref _disturbed).TrySetResult();
    }

    /// <summary>What happened so far is going to be looked at.</summary>
    public void Settle()
    {
        Volatile.Write(ref _disturbed, New());
        foreach (var step in _disturbedSteps.Keys)
        {
            _disturbedSteps.TryRemove(step, out _);
            _agreed.TryRemove(step, out _);
        }
    }

    public bool IsAgreed(string step, FirstSight sight) => _agreed.TryGetValue(step, out var agreed) && agreed == sight;

    public void Agree(string step, FirstSight sight) => _agreed[step] = sight;

    /// <summary>Looks at everything again, also where nothing seems to have changed.</summary>
    public void Forget() => _agreed.Clear();

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
