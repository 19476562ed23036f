using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Paas.ImagePublisher.Local;

namespace Paas.ImagePublisher;

/// <summary>The step PublishImage, for its own process and for the standalone platform.</summary>
public static class ImagePublisherSetup
{
    public static IServiceCollection AddImagePublisher(this IServiceCollection services, IConfiguration configuration)
    {
        _ = configuration; // nothing to set so far; the same shape as every other service
        services.AddSingleton<IImagePublisher, SlugPublisher>();
        services.AddSingleton<ImagePublishers>();
        return services;
    }

    public static IBusRegistrationConfigurator AddImagePublisher(this IBusRegistrationConfigurator bus)
    {
        bus.AddConsumer<PublishImageConsumer, PublishImageConsumerDefinition>();
        return bus;
    }
}
