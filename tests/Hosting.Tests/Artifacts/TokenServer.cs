using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Paas.Servers;

namespace Paas.Hosting.Tests.Artifacts;

/// <summary>Gives tokens for a registry to whoever knows the password, as the distribution specification describes it.</summary>
internal sealed class TokenServer : IAsyncDisposable
{
    private const string Issuer = "test-issuer";
    private const string Service = "test-registry";
    private readonly TempFolder _folder = new();
    private readonly RSA _key = RSA.Create(2048);
    private readonly X509Certificate2 _certificate;
    private readonly WebApplication _app;
    private int _given;

    private TokenServer()
    {
        var request = new CertificateRequest("CN=test-issuer", _key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        _certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(_folder["root.pem"], _certificate.ExportCertificatePem());
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.MapGet("/token", Answer);
    }

    public int Given => _given;

    public string RegistryAuth => $"{{ token: {{ realm: \"{_app.Urls.First()}/token\", service: {Service}, issuer: {Issuer}, rootcertbundle: {_folder["root.pem"]} }} }}";

    public static async Task<TokenServer> StartAsync()
    {
        var server = new TokenServer();
        await server._app.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _certificate.Dispose();
        _key.Dispose();
        _folder.Dispose();
    }

    private IResult Answer(HttpRequest request)
    {
        var expected = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{RegistryServer.Username}:{RegistryServer.Password}"));
        if (request.Headers.Authorization != expected || request.Query["service"] != Service)
            return TypedResults.Unauthorized();
        Interlocked.Increment(ref _given);
        var scope = request.Query["scope"].ToString().Split(':');
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var header = new { typ = "JWT", alg = "RS256", x5c = new[] { Convert.ToBase64String(_certificate.RawData) } };
        var claims = new
        {
            iss = Issuer,
            sub = RegistryServer.Username,
            aud = Service,
            exp = now + 300,
            nbf = now - 10,
            iat = now,
            jti = Guid.NewGuid().ToString("N"),
            access = new[] { new { type = scope[0], name = scope[1], actions = scope[2].Split(',') } },
        };
        var signed = $"{Part(JsonSerializer.SerializeToUtf8Bytes(header))}.{Part(JsonSerializer.SerializeToUtf8Bytes(claims))}";
        var signature = _key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return TypedResults.Json(new { token = $"{signed}.{Part(signature)}", expires_in = 300 });
    }

    private static string Part(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);
}
