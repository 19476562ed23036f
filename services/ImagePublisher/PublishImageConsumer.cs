using MassTransit;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Hosting.Messaging;
using Paas.Hosting.Messaging.RabbitMq;
using Paas.Hosting.Steps;

namespace Paas.ImagePublisher;

/// <summary>
/// Takes up every command. What an engine has built is passed on to the publishers beside that engine; if there are none
/// for some time, the build counts as lost.
/// </summary>
public sealed class PublishImageConsumer(ImagePublication publication, EngineQueues engines, StepRunner runner, IOptions<ImagePublisherOptions> options)
    : IConsumer<PublishImage>
{
    public async Task Consume(ConsumeContext<PublishImage> context)
    {
        var command = context.Message;
        var timeout = options.Value.EngineTimeout;
        if (!engines.AreUsed || command.Target == Target.Local || string.IsNullOrEmpty(command.Builder))
        {
            await publication.RunAsync(context);
        }
        else if (await engines.HasConsumersAsync(command.Step, command.Builder, context.CancellationToken))
        {
            await engines.PassOnAsync(context, command.Builder, timeout / 2);
        }
        else if (EngineQueues.LooksOf(context) is var looks && looks * EngineQueues.LookInterval < timeout)
        {
            if (looks == 0)
                await runner.SayAsync(command, ImagePublisherTexts.WaitingForEngine(command.Builder, timeout));
            await engines.PutOffAsync(context);
        }
        else
        {
            await publication.GiveUpAsync(context, ImagePublisherTexts.EngineGone(command.Builder, timeout));
        }
    }
}

public sealed class PublishImageConsumerDefinition(StepPolicies policies)
    : StepConsumerDefinition<PublishImageConsumer>(Step.PublishImage, policies);
