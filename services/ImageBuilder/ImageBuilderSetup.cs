using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Paas.Docker;
using Paas.Hosting.Processes;
using Paas.ImageBuilder.Docker;
using Paas.ImageBuilder.Local;

namespace Paas.ImageBuilder;

/// <summary>The step BuildImage, for its own process and for the standalone platform.</summary>
public static class ImageBuilderSetup
{
    public static IServiceCollection AddImageBuilder(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<ImageBuilderOptions>().Bind(configuration.GetSection(ImageBuilderOptions.Section)).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ImageBuilderOptions>, ImageBuilderOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, SandboxStart>());
        services.AddSingleton<IImageBuilder, SlugBuilder>();
        if (services.AddDocker(configuration))
            services.AddSingleton<IImageBuilder, DockerImageBuilder>();
        services.AddSingleton<ImageBuilders>();
        return services;
    }

    public static IBusRegistrationConfigurator AddImageBuilder(this IBusRegistrationConfigurator bus)
    {
        bus.AddConsumer<BuildImageConsumer, BuildImageConsumerDefinition>();
        return bus;
    }
}
