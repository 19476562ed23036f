using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
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
            .SetApplicationName("paas");
        services.AddSingleton<IConfigureOptions<KeyManagementOptions>>(provider => new ConfigureOptions<KeyManagementOptions>(
            options => options.XmlRepository = new PrivateKeyFiles(new DirectoryInfo(keys), provider.GetRequiredService<ILoggerFactory>())));
        services.AddSingleton<SecretSealer>();
        services.AddSingleton<IHostedService>(provider => ActivatorUtilities.CreateInstance<KeyRing>(provider, keys));
        services.AddOptions<ArtifactsOptions>().BindConfiguration(ArtifactsOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ArtifactsOptions>, ArtifactsOptionsValidator>());
        services.AddSingleton(provider => OpenArtifacts(provider, dataDirectory));
        services.AddSingleton<ArtifactQuota>();
        services.AddSingleton(provider => CreateSandbox(provider, configuration, dataDirectory));
        services.AddSingleton(provider => new ProcessOwner(dataDirectory, provider.GetService<Service>()?.Name) { Sandbox = provider.GetRequiredService<Sandbox>() });
        return services;
    }

    private static Sandbox CreateSandbox(IServiceProvider provider, IConfiguration configuration, string dataDirectory)
    {
        var artifacts = provider.GetRequiredService<IOptions<ArtifactsOptions>>().Value.Path;
        // What settings name, such as a kubeconfig or a certificate's key, is the platform's; variables such as SHELL have no section.
        var named = configuration.AsEnumerable().Where(setting => setting.Key.IndexOf(':') > 0 && Path.IsPathRooted(setting.Value) && File.Exists(setting.Value))
            .Select(setting => setting.Value!);
        var settings = new[] { AppContext.BaseDirectory, Directory.GetCurrentDirectory() }
            .SelectMany(folder => Directory.GetFiles(folder, "appsettings*.json", new EnumerationOptions()));
        return new Sandbox(
            provider.GetRequiredService<IOptions<PaasOptions>>().Value.Sandbox, dataDirectory, string.IsNullOrEmpty(artifacts) ? [] : [artifacts], [.. named, .. settings]);
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
