using MassTransit;
using Microsoft.Extensions.Hosting;
using Paas.Contracts;
using Paas.Deployer.Targets;
using Paas.Hosting.Messaging;

namespace Paas.Deployer;

/// <summary>Answers those who read what runs has printed; most of them only wait for a line.</summary>
internal sealed class OutputConsumer(OutputReader reader, IEnumerable<IDeploymentTarget> targets, IHostApplicationLifetime lifetime) :
    IConsumer<ReadAppLogs>, IConsumer<ReadRunOutput>, IConsumer<FindRuns>, IConsumer<FindTargets>, IConsumer<FindInstances>
{
    public Task Consume(ConsumeContext<ReadAppLogs> context) => AnswerAsync(context, stop => reader.ReadAsync(context.Message, stop));

    public Task Consume(ConsumeContext<ReadRunOutput> context) => AnswerAsync(context, stop => reader.ReadAsync(context.Message, stop));

    public Task Consume(ConsumeContext<FindRuns> context) => AnswerAsync(context, stop => reader.FindAsync(context.Message, stop));

    public Task Consume(ConsumeContext<FindTargets> context) =>
        context.RespondAsync(new TargetsFound { Targets = [.. targets.Select(target => target.Status)] });

    public Task Consume(ConsumeContext<FindInstances> context) => AnswerAsync(context, stop => reader.FindAsync(context.Message, stop));

    private async Task AnswerAsync<T>(ConsumeContext context, Func<CancellationToken, Task<T>> answer)
        where T : class
    {
        // Whoever waits for a line must not keep the deployer from stopping.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        await context.RespondAsync(await answer(stop.Token));
    }
}

internal sealed class OutputConsumerDefinition : ConsumerDefinition<OutputConsumer>
{
    private const int AtATime = 256;

    public OutputConsumerDefinition()
    {
        EndpointName = Endpoints.OutputQueue;
        ConcurrentMessageLimit = AtATime;
    }

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator, IConsumerConfigurator<OutputConsumer> consumerConfigurator, IRegistrationContext context) =>
        endpointConfigurator.PrefetchCount = AtATime;
}

/// <summary>Starts and stops runs.</summary>
internal sealed class RunConsumer(OutputReader reader) : IConsumer<StartRun>, IConsumer<StopRun>
{
    public async Task Consume(ConsumeContext<StartRun> context) => await context.RespondAsync(await reader.StartAsync(context.Message, context.CancellationToken));

    public async Task Consume(ConsumeContext<StopRun> context) => await context.RespondAsync(await reader.StopAsync(context.Message, context.CancellationToken));
}

internal sealed class RunConsumerDefinition : ConsumerDefinition<RunConsumer>
{
    private const int AtATime = 64;

    public RunConsumerDefinition()
    {
        EndpointName = Endpoints.RunQueue;
        ConcurrentMessageLimit = AtATime;
    }

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator, IConsumerConfigurator<RunConsumer> consumerConfigurator, IRegistrationContext context) =>
        endpointConfigurator.PrefetchCount = AtATime;
}
