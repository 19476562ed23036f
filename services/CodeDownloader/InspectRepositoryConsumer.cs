using MassTransit;
using Paas.Contracts;
using Paas.Hosting.Messaging;

namespace Paas.CodeDownloader;

/// <summary>Answers what a repository's branches are, while somebody waits.</summary>
public sealed class InspectRepositoryConsumer(RepositoryInspector inspector) : IConsumer<InspectRepository>
{
    public async Task Consume(ConsumeContext<InspectRepository> context) =>
        await context.RespondAsync(await inspector.InspectAsync(context.Message, context.CancellationToken));
}

public sealed class InspectRepositoryConsumerDefinition : ConsumerDefinition<InspectRepositoryConsumer>
{
    private const int AtATime = 8;

    public InspectRepositoryConsumerDefinition()
    {
        EndpointName = Endpoints.InspectQueue;
        ConcurrentMessageLimit = AtATime;
    }

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator, IConsumerConfigurator<InspectRepositoryConsumer> consumerConfigurator, IRegistrationContext context) =>
        endpointConfigurator.PrefetchCount = AtATime;
}
