using System.Collections.Concurrent;
using MassTransit;
using Paas.Contracts;

namespace Paas.Hosting.Steps;

/// <summary>The steps this process works on right now, so that they can be stopped.</summary>
public sealed class RunningSteps
{
    private readonly ConcurrentDictionary<(Guid, string, int), RunningStep> _steps = new();

    /// <param name="step">The step that begins.</param>
    /// <param name="left">How long it may be held.</param>
    /// <param name="grace">How long it may go on when the process is asked to stop.</param>
    /// <param name="shutdown">The process is asked to stop.</param>
    internal RunningStep Begin(IStepMessage step, TimeSpan left, TimeSpan grace, CancellationToken shutdown)
    {
        var running = new RunningStep(this, step, left, grace, shutdown);
        _steps[KeyOf(step)] = running;
        return running;
    }

    internal void Stop(IStepMessage step)
    {
        if (_steps.TryGetValue(KeyOf(step), out var running))
            running.Stop();
    }

    internal void Remove(IStepMessage step, RunningStep running) => _steps.TryRemove(new(KeyOf(step), running));

    private static (Guid, string, int) KeyOf(IStepMessage step) => (step.DeploymentId, step.Step, step.Attempt);
}

/// <summary>One step at work, and why it has to stop.</summary>
internal sealed class RunningStep : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _deadline;
    private readonly CancellationTokenSource _shutdownGrace = new();
    private readonly CancellationTokenSource _all;
    private readonly CancellationTokenRegistration _shutdown;
    private readonly RunningSteps _owner;
    private readonly IStepMessage _step;

    public RunningStep(RunningSteps owner, IStepMessage step, TimeSpan left, TimeSpan grace, CancellationToken shutdown)
    {
        (_owner, _step) = (owner, step);
        _deadline = new CancellationTokenSource(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        _all = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, _deadline.Token, _shutdownGrace.Token);
        _shutdown = shutdown.UnsafeRegister(_ => _shutdownGrace.CancelAfter(grace), null);
    }

    public CancellationToken Token => _all.Token;

    /// <summary>Nobody wants it any more.</summary>
    public bool IsStopped => _stop.IsCancellationRequested;

    /// <summary>It was held for longer than it may be.</summary>
    public bool IsExpired => _deadline.IsCancellationRequested;

    public void Stop() => _stop.Cancel();

    public void Dispose()
    {
        _owner.Remove(_step, this);
        _shutdown.Dispose();
        _all.Dispose();
        _stop.Dispose();
        _deadline.Dispose();
        _shutdownGrace.Dispose();
    }
}

/// <summary>Hears <see cref="StopStep"/> in every process that runs steps.</summary>
internal sealed class StopStepConsumer(RunningSteps running) : IConsumer<StopStep>
{
    public Task Consume(ConsumeContext<StopStep> context)
    {
        running.Stop(context.Message);
        return Task.CompletedTask;
    }
}
