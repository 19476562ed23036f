using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Paas.Gateway.Access;

namespace Paas.Gateway.OpenApi;

internal static class OpenApiSetup
{
    public static IServiceCollection AddApiDescription(this IServiceCollection services) => services.AddOpenApi("v1", options =>
    {
        options.AddDocumentTransformer<Description>();
        options.AddOperationTransformer((operation, context, _) =>
        {
            if (context.Description.RelativePath?.StartsWith("v1/", StringComparison.Ordinal) == true)
                operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(BearerHandler.SchemeName, context.Document)] = [] }];
            return Task.CompletedTask;
        });
    });

    private sealed class Description : IOpenApiDocumentTransformer
    {
        public Task TransformAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
        {
            document.Info = new OpenApiInfo { Title = GatewayTexts.ApiTitle(), Version = "v1", Description = GatewayTexts.ApiDescription() };
            // The address by which the description was asked for says nothing about where the API is.
            document.Servers = [];
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
            document.Components.SecuritySchemes[BearerHandler.SchemeName] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                Description = GatewayTexts.TokenMissing(),
            };
            return Task.CompletedTask;
        }
    }
}
