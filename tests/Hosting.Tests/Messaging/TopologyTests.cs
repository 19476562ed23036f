using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Paas.Contracts;
using Paas.Hosting.Messaging;
using Paas.Hosting.Messaging.RabbitMq;
using Paas.Servers;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Paas.Hosting.Tests.Messaging;

/// <summary>Who hears which events, on a real RabbitMQ.</summary>
public sealed class TopologyTests(RabbitMqServer broker) : IClassFixture<RabbitMqServer>
{
    [Fact]
    public async Task An_event_goes_to_those_who_listen_and_nowhere_else()
    {
        Assert.SkipUnless(RabbitMqServer.IsInstalled, "RabbitMQ is not installed here.");
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["RabbitMq:Uri"] = broker.Uri.ToString() });
        builder.Services.AddPaasBus(builder.Configuration, _ => { });
        using var host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);
        await host.Services.GetRequiredService<BusReadiness>().WaitAsync(TestContext.Current.CancellationToken);

        // Two that are heard by their own type, and one by an interface of it.
        var bus = host.Services.GetRequiredService<IBus>();
        await bus.Publish(
            new UrlResolved { DeploymentId = NewId.NextGuid(), Attempt = 1, LogId = NewId.NextGuid(), LogBatches = 0 }, TestContext.Current.CancellationToken);
        await bus.Publish(
            new StepStopped { DeploymentId = NewId.NextGuid(), Step = Step.BuildImage, Attempt = 1 }, TestContext.Current.CancellationToken);
        await bus.Publish(
            new UrlResolutionFailed { DeploymentId = NewId.NextGuid(), Attempt = 1, LogId = NewId.NextGuid(), LogBatches = 0, Reason = "x", Message = "x" },
            TestContext.Current.CancellationToken);

        (await broker.CountAsync(Endpoints.DeploymentQueue)).ShouldBe(3u);
        (await ExistsAsync("Paas.Contracts:UrlResolved")).ShouldBeTrue();
        (await ExistsAsync("Paas.Contracts:IStepFailed")).ShouldBeTrue();
        foreach (var unheard in new[] { "IStepMessage", "IStepEnded", "IStepSucceeded" })
            (await ExistsAsync($"Paas.Contracts:{unheard}")).ShouldBeFalse(unheard);
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Whatever_can_end_in_a_queue_of_its_own_is_listed_with_the_dead_messages()
    {
        Assert.SkipUnless(RabbitMqServer.IsInstalled, "RabbitMQ is not installed here.");
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["RabbitMq:Uri"] = broker.Uri.ToString() });
        builder.Services.AddPaasBus(builder.Configuration, _ => { });
        using var host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);
        await host.Services.GetRequiredService<BusReadiness>().WaitAsync(TestContext.Current.CancellationToken);

        var declared = (await broker.QueuesAsync()).Where(IsServed).ToList();
        declared.Count.ShouldBeGreaterThan(12);
        foreach (var queue in declared)
        {
            DeadQueues.All.ShouldContain(queue + "_error");
            DeadQueues.All.ShouldContain(queue + "_skipped");
        }

        await host.StopAsync(TestContext.Current.CancellationToken);

        // Not those that end with a process, nor those whose messages come back.
        static bool IsServed(string queue) => !queue.StartsWith("stop-step", StringComparison.Ordinal) && !queue.Contains("_wait_", StringComparison.Ordinal)
            && !queue.Contains("_bus_", StringComparison.Ordinal) && !DeadQueues.All.Contains(queue);
    }

    private async Task<bool> ExistsAsync(string exchange)
    {
        await using var connection = await new ConnectionFactory { Uri = broker.Uri }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        try
        {
            await channel.ExchangeDeclarePassiveAsync(exchange);
            return true;
        }
        catch (OperationInterruptedException)
        {
            return false;
        }
    }
}
