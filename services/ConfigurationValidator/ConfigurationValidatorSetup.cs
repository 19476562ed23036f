using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Paas.ConfigurationValidator;

/// <summary>The step ValidateConfiguration, for its own process and for the one that runs everything.</summary>
public static class ConfigurationValidatorSetup
{
    public static IServiceCollection AddConfigurationValidator(this IServiceCollection services, IConfiguration configuration) =>
        services.AddSingleton<Planner>();

    public static void AddConfigurationValidator(this IBusRegistrationConfigurator bus) =>
        bus.AddConsumer<ValidateConfigurationConsumer, ValidateConfigurationConsumerDefinition>();
}
