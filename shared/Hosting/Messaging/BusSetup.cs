using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Paas.Hosting.Steps;

namespace Paas.Hosting.Messaging;

/// <summary>The bus, with the same policies in every service. RabbitMQ if <c>RabbitMq:Uri</c> is set, in memory if not.</summary>
public static class BusSetup
{
    public static IServiceCollection AddPaasBus(
        this IServiceCollection services, IConfiguration configuration, Action<IBusRegistrationConfigurator> addConsumers)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(new StepPolicies(configuration));
        services.AddSingleton<RunningSteps>();
        services.AddSingleton<StepRunner>();
        services.AddMassTransit(bus =>
        {
            bus.DisableUsageTelemetry();
            bus.SetKebabCaseEndpointNameFormatter();
            bus.AddConsumer<StopStepConsumer>().Endpoint(endpoint =>
            {
                // One endpoint for each process: whoever runs the step has to hear it.
                endpoint.Temporary = true;
                endpoint.InstanceId = NewId.NextGuid().ToString("N");
            });
            addConsumers(bus);
            if (configuration["RabbitMq:Uri"] is { Length: > 0 } uri)
                bus.UsingRabbitMq((context, rabbit) => rabbit.UsePaasPolicies(context, new Uri(uri)));
            else
                bus.UsingInMemory((context, memory) => memory.ConfigureEndpoints(context));
        });
        return services;
    }

    private static void UsePaasPolicies(this IRabbitMqBusFactoryConfigurator rabbit, IBusRegistrationContext context, Uri uri)
    {
        rabbit.Host(uri);
        rabbit.ConfigureEndpoints(context);
    }
}
