using Microsoft.AspNetCore.Mvc;
using Paas.Contracts.Api;

namespace Paas.Gateway.Webhooks;

internal static class WebhookEndpoints
{
    public static void MapWebhooks(this IEndpointRouteBuilder endpoints)
    {
        var webhooks = endpoints.MapGroup("/webhooks").WithTags("Webhooks")
            .WithMetadata(new RequestSizeLimitAttribute(DeliveryBodies.MaxBytes))
            .ProducesProblem(400).ProducesProblem(401).ProducesProblem(404).ProducesProblem(413).ProducesProblem(429).ProducesProblem(503);
        webhooks.MapPost("/github", async (HttpContext context, WebhookReceiver receiver) =>
                TypedResults.Accepted((string?)null, await receiver.ReceiveAsync(context, appName: null)))
            .WithSummary("Takes a delivery from GitHub for all apps of its repository whose secret signed it.")
            .Produces<DeliveryAccepted>(202);
        webhooks.MapPost("/github/{app}", async (string app, HttpContext context, WebhookReceiver receiver) =>
                TypedResults.Accepted((string?)null, await receiver.ReceiveAsync(context, app)))
            .WithSummary("Takes a delivery from GitHub for one app.")
            .Produces<DeliveryAccepted>(202);
    }

    public static IServiceCollection AddWebhooks(this IServiceCollection services)
    {
        services.AddSingleton<FailureLimiter>();
        services.AddSingleton<DeliveryBodies>();
        services.AddSingleton<RejectedDeliveries>();
        services.AddHostedService(provider => provider.GetRequiredService<RejectedDeliveries>());
        services.AddSingleton<DeliveryWriter>();
        services.AddHostedService(provider => provider.GetRequiredService<DeliveryWriter>());
        services.AddSingleton<DeliveryStore>();
        services.AddScoped<WebhookReceiver>();
        return services;
    }
}
