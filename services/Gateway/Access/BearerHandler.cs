using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;

namespace Paas.Gateway.Access;

/// <summary>Authenticates by <c>Authorization: Bearer …</c>.</summary>
internal sealed partial class BearerHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, AccessTokens tokens, IProblemDetailsService problems)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "Bearer";
    private const string Prefix = SchemeName + " ";

    // Not the handler's own: under that one the framework says of each refused request only that it was.
    private readonly ILogger _log = logger.CreateLogger("Paas.Gateway.Access");

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var header = Request.Headers.Authorization;
        if (header.Count != 1 || header[0] is not { } value || !value.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
            return AuthenticateResult.NoResult();
        var name = await tokens.FindNameAsync(value[Prefix.Length..].Trim(), Context.RequestAborted);
        if (name is null)
            return AuthenticateResult.Fail("The token is not known.");
        var identity = new ClaimsIdentity([new Claim(ClaimTypes.Name, name)], SchemeName);
        return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), SchemeName));
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        var given = Request.Headers.Authorization.Count > 0;
        var (method, path) = (GatewayTexts.Shorten(Request.Method), GatewayTexts.Shorten(Request.Path.Value ?? ""));
        Log.Refused(_log, method, path, Context.Connection.RemoteIpAddress, given ? "an unknown token" : "no token");
        Response.StatusCode = StatusCodes.Status401Unauthorized;
        Response.Headers.WWWAuthenticate = given ? "Bearer error=\"invalid_token\"" : SchemeName;
        await problems.WriteAsync(new ProblemDetailsContext
        {
            HttpContext = Context,
            ProblemDetails = new ProblemDetails
            {
                Status = Response.StatusCode,
                Title = GatewayTexts.UnauthorizedTitle(),
                Detail = given ? GatewayTexts.TokenUnknown() : GatewayTexts.TokenMissing(),
            },
        });
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Refused {Method} {Path} from {Address}, which came with {Token}")]
        public static partial void Refused(ILogger logger, string method, string path, System.Net.IPAddress? address, string token);
    }
}
