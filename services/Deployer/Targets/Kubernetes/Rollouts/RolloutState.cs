using Paas.Hosting.Steps;

namespace Paas.Deployer.Targets.Kubernetes.Rollouts;

/// <summary>How far a process type's rollout has come.</summary>
/// <param name="Ready">New instances that take requests, or run.</param>
/// <param name="Wanted">Instances asked for.</param>
/// <param name="IsComplete">All new ones are there, and the old ones gone.</param>
/// <param name="Trouble">What keeps it from going on; null if nothing is known to.</param>
internal sealed record RolloutState(int Ready, int Wanted, bool IsComplete, Trouble? Trouble);

/// <summary>Why an instance does not come up.</summary>
/// <param name="Patience">
/// How long it may be so before the rollout is given up: nothing for what can't pass, a while for what may.
/// </param>
/// <param name="Message">A sentence for a person.</param>
internal sealed record Trouble(TimeSpan Patience, string Message)
{
    /// <summary>One of <see cref="Contracts.FailureReason"/> if the app is to blame; null if the platform or the cluster is.</summary>
    public string? Reason { get; init; }

    /// <summary>What has not passed within the patience never will: it is not tried again by itself.</summary>
    public bool Lasts { get; init; }

    /// <summary>The pod whose last lines tell more.</summary>
    public string? Pod { get; init; }
}

/// <summary>How long trouble has lasted, and what the developer has been told of it.</summary>
internal sealed class Patience(IStepLog log, TimeProvider clock)
{
    /// <summary>Words that differ from one try to the next are not told for ever.</summary>
    private const int MostTold = 5;

    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private long? _since;

    /// <summary>How long it may go on, not more than a limit; nothing if it is to be given up.</summary>
    public TimeSpan Left(Trouble? trouble, TimeSpan limit)
    {
        if (trouble is null)
        {
            _since = null;
            return limit;
        }

        // Words change from one try to the next; what matters is that it is stuck.
        _since ??= clock.GetTimestamp();
        var left = trouble.Patience - clock.GetElapsedTime(_since.Value);
        // What ends the waiting is told by whoever ends it.
        if (left > TimeSpan.Zero && _told.Count < MostTold && _told.Add(trouble.Message))
            log.Warning(KubernetesTargetTexts.Waiting(trouble.Message, left));
        return left <= TimeSpan.Zero ? TimeSpan.Zero : left < limit ? left : limit;
    }
}
