using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Paas.CodeDownloader.Git;
using Paas.Hosting.Source;

namespace Paas.CodeDownloader;

public static class CodeDownloaderSetup
{
    public static IServiceCollection AddCodeDownloader(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSourceOptions();
        services.AddOptions<CodeDownloaderOptions>().Bind(configuration.GetSection(CodeDownloaderOptions.Section)).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<CodeDownloaderOptions>, CodeDownloaderOptionsValidator>());
        services.AddSingleton<GitRunner>();
        services.AddSingleton<GitCaches>();
        services.AddSingleton<RedirectFinder>();
        services.AddSingleton<SubmoduleReader>();
        services.AddSingleton<SourceArchiver>();
        services.AddSingleton<SourceDownloader>();
        services.AddSingleton<RepositoryInspector>();
        return services;
    }

    public static void AddCodeDownloader(this IBusRegistrationConfigurator bus)
    {
        bus.AddConsumer<DownloadCodeConsumer, DownloadCodeConsumerDefinition>();
        bus.AddConsumer<InspectRepositoryConsumer, InspectRepositoryConsumerDefinition>();
    }
}
