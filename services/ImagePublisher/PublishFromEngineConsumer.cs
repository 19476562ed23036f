using MassTransit;
using Paas.Contracts;
using Paas.Hosting.Messaging;
using Paas.Hosting.Steps;

namespace Paas.ImagePublisher;

/// <summary>Takes up what the engine beside this publisher has built, from the engine's own queue.</summary>
public sealed class PublishFromEngineConsumer(ImagePublication publication) : IConsumer<PublishImage>
{
    public Task Consume(ConsumeContext<PublishImage> context) => publication.RunAsync(context);
}

public sealed class PublishFromEngineConsumerDefinition(StepPolicies policies)
    : StepConsumerDefinition<PublishFromEngineConsumer>(Step.PublishImage, policies);
