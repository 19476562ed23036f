using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Paas.Contracts;
using Paas.Hosting.Messaging.RabbitMq;
using Paas.Hosting.Messaging.Signatures;
using Paas.Hosting.Steps;
using Paas.Hosting.Telemetry;

namespace Paas.Hosting.Messaging;

/// <summary>The bus, with the same policies in every service. RabbitMQ if <c>RabbitMq:Uri</c> is set, in memory if not.</summary>
public static class BusSetup
{
    public static IServiceCollection AddPaasBus(
        this IServiceCollection services, IConfiguration configuration, Action<IBusRegistrationConfigurator> addConsumers)
    {
        services.TryAddSingleton(TimeProvider.System);
        var policies = new StepPolicies(configuration);
        services.AddSingleton(policies);
        services.AddSingleton<RunningSteps>();
        services.AddSingleton<StepConfirmer>();
        services.AddSingleton<StuckSends>();
        services.AddSingleton<PatientSender>();
        services.AddSingleton<StepRunner>();
        var broker = configuration.UsesRabbitMq() ? RabbitMqOptions.From(configuration) : null;
        broker?.Check(policies);
        var readiness = new BusReadiness();
        if (broker is null)
            readiness.Set();
        services.AddSingleton(readiness);
        services.AddSingleton(provider => new EngineQueues(broker, provider));

        var keys = broker is null ? null : MessageKeys.From(configuration);
        if (broker is not null && keys is null)
            services.AddHostedService<UnsignedMessagesWarning>();

        services.AddMassTransit(bus =>
        {
            bus.DisableUsageTelemetry();
            bus.SetKebabCaseEndpointNameFormatter();
            bus.AddConsumer<StopStepConsumer>().InEveryProcess(Endpoints.StopStepQueue);
            addConsumers(bus);
            bus.AddConfigureEndpointsCallback((context, _, endpoint) => endpoint.UseDeploymentScopes(context.GetRequiredService<ILoggerFactory>()));
            if (broker is null)
            {
                bus.UsingInMemory((context, memory) => memory.ConfigureEndpoints(context));
            }
            else
            {
                services.AddSingleton(broker);
                services.AddSingleton(new DeadMessages(broker, keys));
                var own = new OwnQueues(broker);
                services.AddSingleton(own);
                bus.AddBusObserver<QueueDeclarer>();
                if (keys is not null)
                {
                    services.AddSingleton(keys);
                    bus.AddSendObserver<SigningObserver>();
                }

                bus.AddConfigureEndpointsCallback((_, name, endpoint) => UseQuorumQueue(name, endpoint, own));
                bus.UsingRabbitMq((context, rabbit) => rabbit.UsePaasPolicies(context, broker, keys));
            }
        });
        return services;
    }

    /// <summary>
    /// Gives a consumer an endpoint in each process, which ends with it: what is published is heard by all of them that
    /// are there. Its name has to be one of <see cref="Endpoints.OfEachProcess"/>.
    /// </summary>
    public static void InEveryProcess(this IConsumerRegistrationConfigurator consumer, string name) => consumer.Endpoint(endpoint =>
    {
        endpoint.Name = name;
        endpoint.Temporary = true;
        endpoint.InstanceId = NewId.NextGuid().ToString("N");
    });

    public static bool UsesRabbitMq(this IConfiguration configuration) => !string.IsNullOrEmpty(configuration["RabbitMq:Uri"]);

    private static void UsePaasPolicies(this IRabbitMqBusFactoryConfigurator rabbit, IBusRegistrationContext context, RabbitMqOptions broker, MessageKeys? keys)
    {
        rabbit.Host(broker.Uri);
        EngineQueues.DeadNames.UseFor(rabbit.SendTopology);
        // What can't be routed comes back as an exception instead of being dropped.
        rabbit.ConfigureSend(send => send.UseExecute(WaitQueues.ReturnUnroutable));
        if (keys is not null)
        {
            rabbit.ConfigurePublish(publish => publish.UseExecute(message => SigningSerializer.Use(message, keys)));
            // Before any endpoint is configured: all of them have it then, those that are connected later included.
            rabbit.UseFilter(new SignatureFilter(keys, context.GetRequiredService<TimeProvider>(), context.GetRequiredService<ILogger<SignatureFilter>>()));
        }

        // Nobody listens to these as such, so the broker needs not pass every event on to them.
        rabbit.Publish<IStepMessage>(message => message.Exclude = true);
        rabbit.Publish<IStepEnded>(message => message.Exclude = true);
        rabbit.Publish<IStepSucceeded>(message => message.Exclude = true);
        rabbit.Publish<IDeploymentEnded>(message => message.Exclude = true);
        rabbit.ConfigureEndpoints(context);
    }

    /// <summary>Durable endpoints are quorum queues; those of one process only stay as the library makes them.</summary>
    private static void UseQuorumQueue(string name, IReceiveEndpointConfigurator endpoint, OwnQueues own)
    {
        if (endpoint is not IRabbitMqReceiveEndpointConfigurator rabbit)
            return;
        if (Endpoints.OfEachProcess.Any(own => name.StartsWith(own, StringComparison.Ordinal)))
        {
            // A queue for them would outlive the process.
            endpoint.DiscardSkippedMessages();
            return;
        }

        rabbit.SetQuorumQueue();
        rabbit.SetQueueArgument("x-delivery-limit", WaitQueues.DeliveryLimit);
        own.Add(name);
    }
}
