using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Paas.Hosting.Processes;
using Paas.Kubernetes.Access;

namespace Paas.Kubernetes;

/// <summary>The cluster of a service.</summary>
public static class KubernetesSetup
{
    /// <summary>Adds the <see cref="KubernetesClient"/> and its options.</summary>
    /// <returns>Whether there is a cluster: a kubeconfig is set, or this runs in a pod. Without one nothing that needs it is to be added.</returns>
    public static bool AddKubernetes(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<KubernetesOptions>().Bind(configuration.GetSection(KubernetesOptions.Section)).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<KubernetesOptions>, KubernetesOptionsValidator>());
        if (string.IsNullOrEmpty(configuration.GetSection(KubernetesOptions.Section)["Kubeconfig"]) && !InCluster.IsHere)
            return false;
        services.TryAddSingleton(provider => new KubernetesClient(
            provider.GetRequiredService<IOptions<KubernetesOptions>>().Value,
            provider.GetRequiredService<ProcessOwner>(),
            provider.GetRequiredService<TimeProvider>()));
        return true;
    }
}
