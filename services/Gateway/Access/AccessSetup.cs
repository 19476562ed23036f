using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;
using Paas.Hosting;
using Paas.Persistence;

namespace Paas.Gateway.Access;

internal static class AccessSetup
{
    public static IServiceCollection AddAccess(this IServiceCollection services)
    {
        services.AddSingleton(provider => new AccessTokens(
            provider.GetRequiredService<IServiceScopeFactory>(), provider.GetRequiredService<TimeProvider>(), provider.GetService<LocalAccess>()));
        services.AddScoped(provider => new AdminTokens(
            provider.GetRequiredService<PaasDbContext>(), provider.GetRequiredService<AccessTokens>(),
            provider.GetRequiredService<IOptions<PaasOptions>>(), provider.GetRequiredService<TimeProvider>()));
        services.AddAuthentication(BearerHandler.SchemeName).AddScheme<AuthenticationSchemeOptions, BearerHandler>(BearerHandler.SchemeName, null);
        // A fallback, so that an endpoint below /v1 that is added without a thought of it is closed, not open.
        services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAssertion(IsAllowed).Build());
        return services;
    }

    /// <summary>Who asks, for records.</summary>
    public static string CallerName(this ClaimsPrincipal caller) => caller.Identity?.Name ?? "unknown";

    private static bool IsAllowed(AuthorizationHandlerContext context) =>
        context.User.Identity?.IsAuthenticated == true
        || (context.Resource is HttpContext http && !http.Request.Path.StartsWithSegments("/v1", StringComparison.OrdinalIgnoreCase));
}
