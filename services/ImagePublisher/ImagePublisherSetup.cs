using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Paas.Docker;
using Paas.Hosting.Messaging;
using Paas.ImagePublisher.Docker;
using Paas.ImagePublisher.Local;

namespace Paas.ImagePublisher;

/// <summary>The step PublishImage, for its own process and for the standalone platform.</summary>
public static class ImagePublisherSetup
{
    public static IServiceCollection AddImagePublisher(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<ImagePublisherOptions>().Bind(configuration.GetSection(ImagePublisherOptions.Section)).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ImagePublisherOptions>, ImagePublisherOptionsValidator>());
        services.AddSingleton<IImagePublisher, SlugPublisher>();
        if (services.AddDocker(configuration))
        {
            services.AddSingleton<IImagePublisher, DockerImagePublisher>();
            services.AddSingleton<ImagePruner>();
            services.TryAddSingleton<ImageRegistry>();
            if (configuration.UsesRabbitMq())
                services.AddHostedService<EngineWatch>();
        }

        services.AddSingleton<ImagePublishers>();
        services.AddSingleton<ImagePublication>();
        return services;
    }

    public static IBusRegistrationConfigurator AddImagePublisher(this IBusRegistrationConfigurator bus)
    {
        bus.AddConsumer<PublishImageConsumer, PublishImageConsumerDefinition>();
        // On the queue of an engine, once that is known.
        bus.AddConsumer<PublishFromEngineConsumer, PublishFromEngineConsumerDefinition>().ExcludeFromConfigureEndpoints();
        return bus;
    }
}
