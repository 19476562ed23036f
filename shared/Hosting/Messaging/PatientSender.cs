using MassTransit;
using Microsoft.Extensions.Logging;

namespace Paas.Hosting.Messaging;

/// <summary>
/// Sends by the bus, again and again for as long as a broker may be away. A send waits for the broker by itself; one that
/// was under way when the connection was lost may never end, and is sent again after a time. What is sent twice by that
/// is known by whoever hears it.
/// </summary>
public sealed partial class PatientSender(IBus bus, StuckSends stuck, TimeProvider clock, ILogger<PatientSender> logger)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan SendTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan SendAgainAfter = TimeSpan.FromSeconds(1);

    /// <param name="address">Where to.</param>
    /// <param name="message">The message.</param>
    /// <param name="change">Sets headers.</param>
    /// <param name="patience">For how long it is tried; three minutes if nothing is said.</param>
    public Task SendAsync<T>(Uri address, T message, Action<SendContext<T>>? change = null, TimeSpan? patience = null)
        where T : class => TryAsync(
            cancellation => bus.SendUncanceledAsync(address, message, Pipe.Execute<SendContext<T>>(context => change?.Invoke(context)), cancellation),
            patience ?? Patience);

    /// <param name="message">The message.</param>
    /// <param name="type">What it is published as.</param>
    public Task PublishAsync(object message, Type type) => TryAsync(cancellation => bus.PublishUncanceledAsync(message, type, cancellation), Patience);

    /// <exception cref="Exception">What the last try met.</exception>
    private async Task TryAsync(Func<CancellationToken, Task> send, TimeSpan patience)
    {
        var (since, isStuck) = (clock.GetTimestamp(), false);
        try
        {
            while (true)
            {
                try
                {
                    using var timeout = new CancellationTokenSource(SendTimeout, clock);
                    await send(timeout.Token);
                    return;
                }
                catch (Exception exception) when (clock.GetElapsedTime(since) < patience)
                {
                    Log.NotSent(logger, exception.Message);
                    if (!isStuck && exception is OperationCanceledException)
                    {
                        isStuck = true;
                        stuck.Add();
                    }
                }

                await Task.Delay(SendAgainAfter, clock);
            }
        }
        finally
        {
            if (isStuck)
                stuck.Remove();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "A message could not be sent yet: {Reason}")]
        public static partial void NotSent(ILogger logger, string reason);
    }
}
