using System.Collections.Concurrent;
using MassTransit;
using Paas.Contracts;

namespace Paas.Hosting.Steps;

/// <summary>The steps this process works on right now, so that they can be stopped.</summary>
public sealed class RunningSteps
{
    private readonly ConcurrentDictionary<(Guid, string, int), CancellationTokenSource> _steps = new();

    internal Registration Begin(IStepMessage step, CancellationToken shutdown)
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(shutdown);
        var key = (step.DeploymentId, step.Step, step.Attempt);
        _steps[key] = source;
        return new Registration(this, key, source);
    }

    internal void Stop(IStepMessage step)
    {
        if (_steps.TryGetValue((step.DeploymentId, step.Step, step.Attempt), out var source))
            source.Cancel();
    }

    internal sealed class Registration(RunningSteps owner, (Guid, string, int) key, CancellationTokenSource source) : IDisposable
    {
        public CancellationToken Token => source.Token;

        public void Dispose()
        {
            owner._steps.TryRemove(new(key, source));
            source.Dispose();
        }
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
