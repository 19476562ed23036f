using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Paas.Hosting.Messaging.RabbitMq;
using Paas.Hosting.Steps;

namespace Paas.Hosting.Messaging;

/// <summary>The bus, with the same policies in every service. RabbitMQ if <c>RabbitMq:Uri</c> is set, in memory if not.</summary>
public static class BusSetup
{
    private const string StopEndpointPrefix = "stop-step";

    public static IServiceCollection AddPaasBus(
        this IServiceCollection services, IConfiguration configuration, Action<IBusRegistrationConfigurator> addConsumers)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(new StepPolicies(configuration));
        services.AddSingleton<RunningSteps>();
        services.AddSingleton<StepConfirmer>();
        services.AddSingleton<StepRunner>();
        if (configuration.UsesRabbitMq())
        {
            services.AddSingleton<IHostedService>(provider => ActivatorUtilities.CreateInstance<QueueDeclarer>(
                provider, new Uri(configuration["RabbitMq:Uri"]!)));
        }

        services.AddMassTransit(bus =>
        {
            bus.DisableUsageTelemetry();
            bus.SetKebabCaseEndpointNameFormatter();
            bus.AddConsumer<StopStepConsumer>().Endpoint(endpoint =>
            {
                // One endpoint for each process: whoever runs the step has to hear it.
                endpoint.Name = StopEndpointPrefix;
                endpoint.Temporary = true;
                endpoint.InstanceId = NewId.NextGuid().ToString("N");
            });
            addConsumers(bus);
            if (configuration.UsesRabbitMq())
            {
                bus.AddConfigureEndpointsCallback((_, name, endpoint) => UseQuorumQueue(name, endpoint));
                bus.UsingRabbitMq((context, rabbit) => rabbit.UsePaasPolicies(context, new Uri(configuration["RabbitMq:Uri"]!)));
            }
            else
                bus.UsingInMemory((context, memory) => memory.ConfigureEndpoints(context));
        });
        return services;
    }

    public static bool UsesRabbitMq(this IConfiguration configuration) => !string.IsNullOrEmpty(configuration["RabbitMq:Uri"]);

    /// <summary>Says on standard error that a service on its own needs a broker, if there is none.</summary>
    /// <returns>False if there is none.</returns>
    public static bool HasRabbitMq(this IConfiguration configuration, string service)
    {
        if (configuration.UsesRabbitMq())
            return true;
        Console.Error.WriteLine(
            $"The {service} on its own talks to the other services over RabbitMQ: set RabbitMq__Uri, or run the standalone platform, which needs no broker.");
        return false;
    }

    private static void UsePaasPolicies(this IRabbitMqBusFactoryConfigurator rabbit, IBusRegistrationContext context, Uri uri)
    {
        rabbit.Host(uri);
        rabbit.ConfigureEndpoints(context);
    }

    /// <summary>Durable endpoints are quorum queues; those of one process only stay as the library makes them.</summary>
    private static void UseQuorumQueue(string name, IReceiveEndpointConfigurator endpoint)
    {
        if (endpoint is not IRabbitMqReceiveEndpointConfigurator rabbit || name.StartsWith(StopEndpointPrefix, StringComparison.Ordinal))
            return;
        rabbit.SetQuorumQueue();
        rabbit.SetQueueArgument("x-delivery-limit", WaitQueues.DeliveryLimit);
    }
}
