namespace Paas.Hosting.Messaging;

/// <summary>Tells when messages may be sent: before all queues are declared they would go nowhere.</summary>
public sealed class BusReadiness
{
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task WaitAsync(CancellationToken cancellation) => _ready.Task.WaitAsync(cancellation);

    internal void Set() => _ready.TrySetResult();
}
