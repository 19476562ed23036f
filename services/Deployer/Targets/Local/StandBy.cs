using MassTransit;

namespace Paas.Deployer.Targets.Local;

/// <summary>Until the apps of this machine are this process's own, the bus must not hand out any command.</summary>
internal sealed class StandBy : IBusObserver
{
    private readonly TaskCompletionSource _hasApps = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Done when they are; canceled when this process ends before.</summary>
    public Task HasApps => _hasApps.Task;

    public void End() => _hasApps.TrySetResult();

    public void Cancel() => _hasApps.TrySetCanceled(CancellationToken.None);

    public Task PreStart(IBus bus) => _hasApps.Task;

    public void PostCreate(IBus bus)
    {
    }

    public void CreateFaulted(Exception exception)
    {
    }

    public Task PostStart(IBus bus, Task<BusReady> busReady) => Task.CompletedTask;
    public Task StartFaulted(IBus bus, Exception exception) => Task.CompletedTask;
    public Task PreStop(IBus bus) => Task.CompletedTask;
    public Task PostStop(IBus bus) => Task.CompletedTask;
    public Task StopFaulted(IBus bus, Exception exception) => Task.CompletedTask;
}
