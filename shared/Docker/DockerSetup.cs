using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Paas.Docker;

/// <summary>The engine of a service.</summary>
public static class DockerSetup
{
    /// <summary>Adds the <see cref="EngineClient"/>, and the options of engine and registry.</summary>
    /// <returns>Whether there is an engine; without one nothing that needs it is to be added.</returns>
    public static bool AddDocker(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<DockerOptions>().Bind(configuration.GetSection(DockerOptions.Section)).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<DockerOptions>, DockerOptionsValidator>());
        services.AddOptions<RegistryOptions>().Bind(configuration.GetSection(RegistryOptions.Section)).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<RegistryOptions>, RegistryOptionsValidator>());
        if (string.IsNullOrEmpty(configuration.GetSection(DockerOptions.Section)["Endpoint"]))
            return false;
        services.TryAddSingleton(provider => new EngineClient(provider.GetRequiredService<IOptions<DockerOptions>>().Value));
        return true;
    }
}
