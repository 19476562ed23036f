using System.Text.Json.Nodes;

namespace Paas.Servers.Kubernetes;

/// <summary>How far a pod has come.</summary>
internal enum PodState
{
    New,
    Scheduled,
    Creating,
    Waiting,
    NotStarted,
    Running,
    Stopped,
    Over,
    Expiring,
    Ending,
}

/// <summary>What its node knows of a pod.</summary>
internal sealed class PodLife(PodScript script)
{
    private long _since = TimeProvider.System.GetTimestamp();
    private long? _taken;

    public PodScript Script { get; set; } = script;
    public PodState State { get; private set; }
    public TimeSpan Age => TimeProvider.System.GetElapsedTime(_since);
    public bool IsReady { get; set; }
    public bool IsStarted { get; set; }
    public bool IsBackingOff { get; set; }
    public string? NeedsSecret { get; set; }

    /// <summary>Why no node takes it, as far as it was told.</summary>
    public string? Unscheduled { get; set; }

    /// <summary>How often a probe has failed since the container was started.</summary>
    public int FailedProbes { get; set; }
    public int Restarts { get; set; }
    public JsonObject? Ended { get; set; }
    public JsonObject? LastState { get; set; }
    public string? StartedAt { get; private set; }
    public string? ContainerId { get; private set; }

    public void To(PodState state)
    {
        State = state;
        if (state == PodState.Scheduled)
            _taken = TimeProvider.System.GetTimestamp();
        IsBackingOff = false;
        FailedProbes = 0;
        _since = TimeProvider.System.GetTimestamp();
    }

    /// <summary>Whether it has been on its node for longer than it may.</summary>
    public bool IsOver(long? seconds) =>
        State != PodState.Over && seconds is { } limit && _taken is { } taken && TimeProvider.System.GetElapsedTime(taken) >= TimeSpan.FromSeconds(limit);

    public void Begin()
    {
        StartedAt = ApiStore.Now;
        ContainerId = $"containerd://{Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32))}";
    }
}
