using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Paas.Hosting.Messaging;
using Paas.Orchestrator.AppEvents;
using Paas.Orchestrator.Artifacts;
using Paas.Orchestrator.Deployments;
using Paas.Orchestrator.Faults;
using Paas.Orchestrator.Logs;
using Paas.Orchestrator.Pushes;
using Paas.Orchestrator.Recovery;
using Paas.Persistence;
using Paas.Persistence.Entities;

namespace Paas.Orchestrator;

public static class OrchestratorSetup
{
    public static IServiceCollection AddOrchestrator(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddScoped<StepCommands>();
        services.AddScoped<Turns>();
        services.AddScoped<BranchHeads>();
        services.AddScoped<Releases>();
        services.AddScoped<NeededArtifacts>();
        services.AddOptions<ArtifactCleanerOptions>().Bind(configuration.GetSection(ArtifactCleanerOptions.Section)).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ArtifactCleanerOptions>, ArtifactCleanerOptionsValidator>());
        services.AddHostedService<DeadlineWatcher>();
        services.AddHostedService<ArtifactCleaner>();
        services.AddSingleton<ErrorQueueState>();
        if (configuration.UsesRabbitMq())
        {
            services.AddHostedService<LostMessages>();
            services.AddOptions<FaultOptions>().BindConfiguration(FaultOptions.Section);
            services.AddHostedService<DeadMessageReconciler>();
        }
        else
        {
            services.AddHostedService<UnfinishedDeployments>();
        }

        return services;
    }

    public static void AddOrchestrator(this IBusRegistrationConfigurator bus)
    {
        bus.AddSagaStateMachine<DeploymentStateMachine, DeploymentState, DeploymentSagaDefinition>().PaasRepository();
        bus.AddConsumer<PushReceivedConsumer, PushReceivedConsumerDefinition>();
        bus.AddConsumer<AppendLogConsumer, AppendLogConsumerDefinition>();
        bus.AddConsumer<RecordAppEventConsumer, RecordAppEventConsumerDefinition>();
        bus.AddConsumer<ConfirmStepConsumer>().Endpoint(endpoint => endpoint.Name = Endpoints.ConfirmQueue);
    }

    private sealed class DeploymentSagaDefinition : SagaDefinition<DeploymentState>
    {
        public DeploymentSagaDefinition()
        {
            EndpointName = Endpoints.DeploymentQueue;
        }

        protected override void ConfigureSaga(
            IReceiveEndpointConfigurator endpointConfigurator, ISagaConfigurator<DeploymentState> sagaConfigurator, IRegistrationContext context)
        {
            endpointConfigurator.UseFilter(new LogBeforeEventFilter(
                context.GetRequiredService<IServiceScopeFactory>(), context.GetRequiredService<TimeProvider>()));
            endpointConfigurator.UsePaasOutbox(context);
            sagaConfigurator.UseFilter(new DeploymentTrace());
        }
    }

    private sealed class PushReceivedConsumerDefinition : ConsumerDefinition<PushReceivedConsumer>
    {
        public PushReceivedConsumerDefinition()
        {
            EndpointName = Endpoints.PushQueue;
        }

        protected override void ConfigureConsumer(
            IReceiveEndpointConfigurator endpointConfigurator, IConsumerConfigurator<PushReceivedConsumer> consumerConfigurator, IRegistrationContext context) =>
            endpointConfigurator.UsePaasOutbox(context);
    }

    private sealed class RecordAppEventConsumerDefinition : ConsumerDefinition<RecordAppEventConsumer>
    {
        public RecordAppEventConsumerDefinition()
        {
            EndpointName = Endpoints.AppEventQueue;
            // What is told of one app is written in its order.
            ConcurrentMessageLimit = 1;
        }

        protected override void ConfigureConsumer(
            IReceiveEndpointConfigurator endpointConfigurator, IConsumerConfigurator<RecordAppEventConsumer> consumerConfigurator, IRegistrationContext context) =>
            endpointConfigurator.UseDatabaseRetry();
    }

    private sealed class AppendLogConsumerDefinition : ConsumerDefinition<AppendLogConsumer>
    {
        public AppendLogConsumerDefinition()
        {
            EndpointName = Endpoints.LogQueue;
            // The batches of one log wait for each other; those of several logs go side by side.
            ConcurrentMessageLimit = 8;
        }

        protected override void ConfigureConsumer(
            IReceiveEndpointConfigurator endpointConfigurator, IConsumerConfigurator<AppendLogConsumer> consumerConfigurator, IRegistrationContext context) =>
            endpointConfigurator.UseDatabaseRetry();
    }
}
