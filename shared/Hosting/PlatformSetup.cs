using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Artifacts.Registry;
using Paas.Hosting.Processes;
using Paas.Hosting.Secrets;

namespace Paas.Hosting;

/// <summary>What every service shares besides the bus: options, the artifact store, sealed secrets, child processes.</summary>
public static class PlatformSetup
{
    public static IServiceCollection AddPaasPlatform(this IServiceCollection services, IConfiguration configuration)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<PaasOptions>().BindConfiguration(PaasOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PaasOptions>, PaasOptionsValidator>());
        var dataDirectory = Path.GetFullPath(configuration[$"{PaasOptions.Section}:DataDirectory"] ?? PaasOptions.DefaultDataDirectory);
        var keys = Path.Combine(dataDirectory, "keys");
        services.AddDataProtection()
            .SetApplicationName("paas")
            .PersistKeysToFileSystem(new DirectoryInfo(keys));
        services.AddSingleton<SecretSealer>();
        services.AddSingleton<IHostedService>(provider => ActivatorUtilities.CreateInstance<KeyRing>(provider, keys));
        services.AddOptions<ArtifactsOptions>().BindConfiguration(ArtifactsOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ArtifactsOptions>, ArtifactsOptionsValidator>());
        services.AddSingleton(provider => OpenArtifacts(provider, dataDirectory));
        services.AddSingleton<ArtifactQuota>();
        services.AddSingleton(provider => new ProcessOwner(dataDirectory, provider.GetService<Service>()?.Name));
        return services;
    }

    private static IArtifactStore OpenArtifacts(IServiceProvider provider, string dataDirectory)
    {
        var options = provider.GetRequiredService<IOptions<ArtifactsOptions>>().Value;
        var clock = provider.GetRequiredService<TimeProvider>();
        if (string.IsNullOrEmpty(options.Registry))
            return new FolderArtifactStore(string.IsNullOrEmpty(options.Path) ? Path.Combine(dataDirectory, "artifacts") : options.Path, clock);
        return new OciArtifactStore(options, Path.Combine(dataDirectory, "cache", "artifacts"), clock, provider.GetRequiredService<ILogger<OciArtifactStore>>());
    }
}
