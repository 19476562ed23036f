using MassTransit;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.ResponseCompression;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Paas.Gateway.Access;
using Paas.Gateway.Apps;
using Paas.Gateway.ConfigVars;
using Paas.Gateway.Deliveries;
using Paas.Gateway.Deployments;
using Paas.Gateway.Faults;
using Paas.Gateway.Formations;
using Paas.Gateway.Http;
using Paas.Gateway.Instances;
using Paas.Gateway.OpenApi;
using Paas.Gateway.Output;
using Paas.Gateway.Releases;
using Paas.Gateway.Router;
using Paas.Gateway.Runs;
using Paas.Gateway.Status;
using Paas.Gateway.Targets;
using Paas.Gateway.Webhooks;
using Paas.Hosting.Messaging;
using Paas.Hosting.Messaging.RabbitMq;
using Paas.Hosting.Source;
using Paas.Persistence;

namespace Paas.Gateway;

/// <summary>The gateway's parts: webhooks, the REST API, and the router in front of the apps.</summary>
public static class GatewaySetup
{
    private const int MaxApiBodyBytes = 1024 * 1024;

    /// <summary>Needs the platform, the persistence and the bus as well.</summary>
    public static IServiceCollection AddGateway(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<GatewayOptions>().BindConfiguration(GatewayOptions.Section)
            .Configure(gateway =>
            {
                gateway.HasEngine = !string.IsNullOrEmpty(configuration["Docker:Endpoint"]);
                gateway.HasCluster = !string.IsNullOrEmpty(configuration["Kubernetes:Kubeconfig"]);
            })
            .ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<GatewayOptions>, GatewayOptionsValidator>());
        services.AddSourceOptions();
        services.AddSingleton(provider => ConnectionLimits.From(provider.GetRequiredService<IOptions<GatewayOptions>>()));
        services.AddSingleton<IConfigureOptions<Microsoft.AspNetCore.Server.Kestrel.Core.KestrelServerOptions>, ServerLimits>();
        services.AddSingleton<TrustedProxies>();
        services.AddSingleton<MalformedRequests>();
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        services.AddSingleton<IProblemDetailsWriter, ProblemWriter>();
        services.AddProblemDetails();
        services.AddExceptionHandler<ProblemHandler>();
        services.AddResponseCompression(compression =>
        {
            compression.EnableForHttps = true; // a caller proves itself by a token, which no other site can make a browser send
            compression.Providers.Add<GzipCompressionProvider>();
            compression.MimeTypes = ["application/json", "application/problem+json", "text/plain", EventStream.MediaType];
        });
        services.AddSingleton<Farewell>();
        services.AddHostedService(provider => provider.GetRequiredService<Farewell>());
        services.AddSingleton<SocketTransportFactory>();
        services.AddSingleton<IConnectionListenerFactory, FarewellTransport>();
        services.AddAccess();
        services.AddWebhooks();
        services.AddRouter();
        services.AddApiDescription();
        services.AddScoped<AppRules>();
        services.AddSingleton<RepositoryLookup>();
        services.AddScoped<AppView>();
        services.AddScoped<LiveRelease>();
        services.AddScoped<ConfigVarChanges>();
        services.AddScoped<FormationChanges>();
        services.AddScoped<LogReader>();
        services.AddSingleton<LogFollowers>();
        services.AddSingleton<DeployerClient>();
        services.AddScoped<OutputFollower>();
        services.AddScoped(provider => new DeadMessageReader(
            provider.GetService<DeadMessages>(), provider.GetRequiredService<PaasDbContext>(), provider.GetRequiredService<TimeProvider>()));
        return services;
    }

    public static void AddGateway(this IBusRegistrationConfigurator bus) =>
        bus.AddConsumer<SwitchRouteConsumer, SwitchRouteConsumerDefinition>();

    /// <summary>
    /// Keeps several gateways' routes alike. They also go on while the broker is away: then they are degraded, but ready.
    /// </summary>
    public static void AddOtherGateways(this IBusRegistrationConfigurator bus)
    {
        bus.AddSingleton<NewsConnection>();
        bus.AddSingleton<OtherGateways>();
        bus.AddSingleton<RouteWatch>();
        bus.AddHostedService(provider => provider.GetRequiredService<RouteWatch>());
        bus.AddConsumer<GatewayNewsConsumer, GatewayNewsConsumerDefinition>().InEveryProcess(Hosting.Messaging.Endpoints.GatewayNewsQueue);
        bus.AddBusObserver<Goodbye>();
        bus.ConfigureHealthCheckOptions(health => health.MinimalFailureStatus = HealthStatus.Degraded);
    }

    /// <summary>
    /// Lets the command line on the same machine find the platform, and in: by a file in the data directory that only
    /// its owner may read, for as long as the process runs.
    /// </summary>
    public static IServiceCollection AddLocalAccess(this IServiceCollection services)
    {
        services.AddSingleton<LocalAccess>();
        services.AddHostedService<LocalAccessFile>();
        return services;
    }

    /// <summary>Makes the operator's token at the first start, and shows it then.</summary>
    public static IServiceCollection AddOperatorToken(this IServiceCollection services) => services.AddHostedService<OperatorToken>();

    /// <summary>The whole pipeline: first the router, then the platform's own endpoints.</summary>
    public static WebApplication UseGateway(this WebApplication app)
    {
        var farewell = app.Services.GetRequiredService<Farewell>();
        app.Use(next => context => farewell.InvokeAsync(context, next));
        var proxies = app.Services.GetRequiredService<TrustedProxies>();
        app.Use(next => context => proxies.InvokeAsync(context, next));
        var malformed = app.Services.GetRequiredService<MalformedRequests>();
        app.Use(next => context => malformed.InvokeAsync(context, next));
        app.UseMiddleware<AppRouter>();
        app.UseResponseCompression();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.UseRouting();
        app.UseAuthentication();
        app.UseAuthorization();

        app.MapWebhooks();
        var v1 = app.MapGroup("/v1").RequireAuthorization().WithMetadata(new RequestSizeLimitAttribute(MaxApiBodyBytes))
            .ProducesProblem(StatusCodes.Status401Unauthorized);
        v1.MapApps();
        v1.MapConfigVars();
        v1.MapFormations();
        v1.MapDeployments();
        v1.MapReleases();
        v1.MapAppLogs();
        v1.MapInstances();
        v1.MapRuns();
        v1.MapTargets();
        v1.MapDeliveries();
        v1.MapFaults();
        v1.MapStatus();
        app.MapOpenApi();
        app.MapGet("/", () => TypedResults.Text(GatewayTexts.Welcome())).ExcludeFromDescription();
        return app;
    }
}
