using System.Diagnostics;
using MassTransit;

namespace Paas.KillHost;

/// <summary>
/// Kills the process when a message of a given type is consumed or sent for the n-th time: <c>consume:DownloadCode</c>
/// before a consumer sees it, <c>consumed:DownloadCode</c> when it is done but the message not yet acknowledged,
/// <c>send:BuildImage</c> after the commit that decided upon it and before it is sent; <c>:2</c> for the second time.
/// </summary>
internal sealed class KillSwitch(string moment, string message, int time) : IConsumeObserver, ISendObserver, IPublishObserver
{
    private int _seen;

    public Task PreConsume<T>(ConsumeContext<T> context)
        where T : class => At("consume", typeof(T).Name);

    public Task PostConsume<T>(ConsumeContext<T> context)
        where T : class => At("consumed", typeof(T).Name);

    public Task PreSend<T>(SendContext<T> context)
        where T : class => At("send", NameOf(context));

    public Task PrePublish<T>(PublishContext<T> context)
        where T : class => At("publish", typeof(T).Name);

    public Task ConsumeFault<T>(ConsumeContext<T> context, Exception exception)
        where T : class => Task.CompletedTask;

    public Task PostSend<T>(SendContext<T> context)
        where T : class => Task.CompletedTask;

    public Task SendFault<T>(SendContext<T> context, Exception exception)
        where T : class => Task.CompletedTask;

    public Task PostPublish<T>(PublishContext<T> context)
        where T : class => Task.CompletedTask;

    public Task PublishFault<T>(PublishContext<T> context, Exception exception)
        where T : class => Task.CompletedTask;

    /// <summary>What comes out of the outbox is sent as its serialized form; its own type stands in the context.</summary>
    private static string NameOf<T>(SendContext<T> context)
        where T : class => context.SupportedMessageTypes?.FirstOrDefault()?.Split(':')[^1] ?? typeof(T).Name;

    private Task At(string reached, string name)
    {
        if (reached == moment && name == message && Interlocked.Increment(ref _seen) == time)
        {
            Process.GetCurrentProcess().Kill();
            Thread.Sleep(Timeout.Infinite); // nothing more happens in this process
        }

        return Task.CompletedTask;
    }
}

internal static class KillSwitchSetup
{
    public static IServiceCollection AddKillSwitch(this IServiceCollection services, string? at)
    {
        if (string.IsNullOrEmpty(at))
            return services;
        var parts = at.Split(':');
        var kill = new KillSwitch(parts[0], parts[1], parts.Length > 2 ? int.Parse(parts[2], System.Globalization.CultureInfo.InvariantCulture) : 1);
        services.AddSingleton<IHostedService>(provider => new Connector(provider.GetRequiredService<IBus>(), kill));
        return services;
    }

    private sealed class Connector(IBus bus, KillSwitch kill) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            bus.ConnectConsumeObserver(kill);
            bus.ConnectSendObserver(kill);
            bus.ConnectPublishObserver(kill);
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
