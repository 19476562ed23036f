using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Paas.Deployer.Targets;
using Paas.Deployer.Targets.Docker;
using Paas.Deployer.Targets.Kubernetes;
using Paas.Deployer.Targets.Local;
using Paas.Deployer.Targets.Output;
using Paas.Docker;
using Paas.Hosting.Processes;
using Paas.Kubernetes;

namespace Paas.Deployer;

/// <summary>The deployer within a process, its own or one with other services.</summary>
public static class DeployerSetup
{
    /// <summary>Comes before the bus, so that apps are stopped after the last command was.</summary>
    public static IServiceCollection AddDeployer(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        services.AddOptions<DeployerOptions>().BindConfiguration(DeployerOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<DeployerOptions>, DeployerOptionsValidator>());
        services.AddOptions<RouterOptions>().BindConfiguration(RouterOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<RouterOptions>, RouterOptionsValidator>());
        services.AddHttpClient(UrlResolver.HttpClient)
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false })
            .RemoveAllLoggers();

        services.AddSingleton<RouterAddress>();
        services.AddSingleton<UrlResolver>();
        services.TryAddSingleton<ImageRegistry>();
        services.AddSingleton<ReleaseTags>();
        services.AddSingleton<ReleaseDeployer>();

        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, SandboxStart>());
        services.AddSingleton<PortPool>();
        services.AddSingleton<Instances>();
        services.AddSingleton<RouteClient>();
        services.AddSingleton<LogPoll>();
        services.AddSingleton<OutputReader>();
        services.AddSingleton<LocalRuns>();
        services.AddSingleton<IRuns>(provider => provider.GetRequiredService<LocalRuns>());
        services.AddSingleton<IAppLogs, LocalLogs>();
        services.AddSingleton<LocalTarget>();
        services.AddSingleton<IDeploymentTarget>(provider => provider.GetRequiredService<LocalTarget>());
        services.AddSingleton<IInstanceStates>(provider => provider.GetRequiredService<LocalTarget>());
        services.AddHostedService<InstanceWatch>();
        services.AddSingleton<StandBy>();
        services.AddHostedService<LocalTargetService>();
        services.AddSingleton<RunKeeper>();
        services.AddHostedService(provider => provider.GetRequiredService<RunKeeper>());

        if (services.AddDocker(configuration))
        {
            services.AddSingleton<ImageSource>();
            services.AddSingleton<AddOns>();
            services.AddSingleton<DockerTarget>();
            services.AddSingleton<IAppLogs, DockerLogs>();
            services.AddSingleton<IRuns, DockerRuns>();
            services.AddSingleton<IDeploymentTarget>(provider => provider.GetRequiredService<DockerTarget>());
            services.AddSingleton<IInstanceStates>(provider => provider.GetRequiredService<DockerTarget>());
            services.AddHostedService<DockerTargetService>();
            services.AddHostedService<DiskWatch>();
        }

        if (services.AddKubernetes(configuration))
        {
            services.AddOptions<KubernetesTargetOptions>().BindConfiguration(KubernetesTargetOptions.Section).ValidateOnStart();
            services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<KubernetesTargetOptions>, KubernetesTargetOptionsValidator>());
            services.AddSingleton<KubernetesAddOns>();
            services.AddSingleton<KubernetesServices>();
            services.AddSingleton<KubernetesUrls>();
            services.AddSingleton<IAppLogs, KubernetesLogs>();
            services.AddSingleton<IInstanceStates, KubernetesInstances>();
            services.AddSingleton<IDeploymentTarget, KubernetesTarget>();
            services.AddSingleton<IRuns, KubernetesRuns>();
            services.AddHostedService<PullLoginCheck>();
        }

        return services;
    }

    public static void AddDeployer(this IBusRegistrationConfigurator bus)
    {
        bus.AddBusObserver(provider => provider.GetRequiredService<StandBy>());
        bus.AddConsumer<DeployReleaseConsumer, DeployReleaseConsumerDefinition>();
        bus.AddConsumer<ResolveUrlConsumer, ResolveUrlConsumerDefinition>();
        bus.AddConsumer<RemoveAppConsumer, RemoveAppConsumerDefinition>();
        bus.AddConsumer<OutputConsumer, OutputConsumerDefinition>();
        bus.AddConsumer<RunConsumer, RunConsumerDefinition>();
    }
}
