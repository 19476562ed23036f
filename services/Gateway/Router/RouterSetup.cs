using Yarp.ReverseProxy.Forwarder;

namespace Paas.Gateway.Router;

internal static class RouterSetup
{
    public static IServiceCollection AddRouter(this IServiceCollection services)
    {
        services.AddHttpForwarder();
        services.AddSingleton<RouteTable>();
        services.AddSingleton<AppNames>();
        services.AddSingleton<RequestEnd>();
        services.AddSingleton<OpenConnections>();
        services.AddSingleton<AppConnections>();
        services.AddSingleton<InstanceAddresses>();
        services.AddSingleton<AppForwarder>();
        services.AddSingleton<RouteSwitch>();
        services.AddHostedService(provider => provider.GetRequiredService<RouteSwitch>());
        return services;
    }
}
