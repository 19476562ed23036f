using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Paas.Hosting.Messaging;
using Paas.Hosting.Messaging.RabbitMq;
using Paas.Servers;
using RabbitMQ.Client;

namespace Paas.Hosting.Tests.Messaging;

/// <summary>What the queues keep, as every process declares them.</summary>
public sealed class DurabilityTests(RabbitMqServer broker) : IClassFixture<RabbitMqServer>
{
    private const string Queue = "build-image";
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(4);

    [Fact]
    public async Task A_broker_killed_at_the_instant_at_which_hundreds_of_redeliveries_expire_loses_none()
    {
        Assert.SkipUnless(RabbitMqServer.IsInstalled, "RabbitMQ is not installed here.");
        await DeclareAsync();
        var ids = Enumerable.Range(0, 400).Select(i => i.ToString(CultureInfo.InvariantCulture)).ToList();
        await using (var connection = await ConnectAsync())
        {
            await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true));
            await Task.WhenAll(ids.Select(id => PublishAsync(channel, WaitQueues.NameOf(Queue, Delay), id)));
        }

        await Task.Delay(Delay); // not for luck: this is the instant
        await broker.KillAndStartAgainAsync();

        var arrived = new HashSet<string>();
        var deadline = DateTime.UtcNow.AddSeconds(90);
        await using var reading = await ConnectAsync();
        await using var reader = await reading.CreateChannelAsync();
        while (arrived.Count < ids.Count)
        {
            DateTime.UtcNow.ShouldBeLessThan(deadline, $"{arrived.Count} of {ids.Count} have arrived");
            if (await reader.BasicGetAsync(Queue, autoAck: true) is { } message)
                arrived.Add(message.BasicProperties.MessageId!);
            else
                await Task.Delay(50);
        }

        arrived.Order().ShouldBe(ids.Order());
        while (await reader.BasicGetAsync(Queue, autoAck: true) is not null)
        {
            // Some may come twice; who consumes them knows that.
        }
    }

    [Fact]
    public async Task A_message_whose_consumer_was_killed_25_times_is_still_there()
    {
        Assert.SkipUnless(RabbitMqServer.IsInstalled, "RabbitMQ is not installed here.");
        const string queue = "publish-image";
        await DeclareAsync();
        await using (var connection = await ConnectAsync())
        {
            await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true));
            await PublishAsync(channel, queue, "survivor");
        }

        for (var i = 0; i < 25; i++)
        {
            await using var connection = await ConnectAsync();
            await using var channel = await connection.CreateChannelAsync();
            BasicGetResult? message = null;
            var deadline = DateTime.UtcNow.AddSeconds(60);
            while ((message = await channel.BasicGetAsync(queue, autoAck: false)) is null)
            {
                DateTime.UtcNow.ShouldBeLessThan(deadline, $"the message came again after {i} kills");
                await Task.Delay(20);
            }

            message.BasicProperties.MessageId.ShouldBe("survivor");
            await connection.AbortAsync(); // without a word about the message, as a kill does
        }

        await using var last = await ConnectAsync();
        await using var reader = await last.CreateChannelAsync();
        BasicGetResult? found = null;
        var end = DateTime.UtcNow.AddSeconds(60);
        while ((found = await reader.BasicGetAsync(queue, autoAck: true)) is null && DateTime.UtcNow < end)
            await Task.Delay(20);
        found.ShouldNotBeNull().BasicProperties.MessageId.ShouldBe("survivor");
    }

    private async Task DeclareAsync()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["RabbitMq:Uri"] = broker.Uri.ToString(),
            ["Steps:BuildImage:Redelivery:0"] = Delay.ToString(),
        });
        builder.Services.AddPaasBus(builder.Configuration, _ => { });
        using var host = builder.Build();
        await host.StartAsync();
        await host.Services.GetRequiredService<BusReadiness>().WaitAsync(TestContext.Current.CancellationToken);
        await host.StopAsync();
    }

    private Task<IConnection> ConnectAsync() => new ConnectionFactory { Uri = broker.Uri }.CreateConnectionAsync();

    private static async Task PublishAsync(IChannel channel, string exchange, string id) => await channel.BasicPublishAsync(
        exchange, "", mandatory: true, new BasicProperties { MessageId = id, Persistent = true }, new byte[] { 1 });
}
