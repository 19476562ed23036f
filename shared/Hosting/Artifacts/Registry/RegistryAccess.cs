using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace Paas.Hosting.Artifacts.Registry;

/// <summary>What a registry is shown to let the platform in: name and password, or the token its token server gives for them.</summary>
internal sealed partial class RegistryAccess(HttpClient http, RegistryAddress registry, string? username, string? password, TimeProvider clock)
{
    /// <summary>What a token server that gives no time means, by the distribution specification.</summary>
    private const int DefaultLifetime = 60;

    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(10);

    private readonly AuthenticationHeaderValue? _basic = string.IsNullOrEmpty(username)
        ? null
        : new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{username}:{password}")));

    private Token? _token;

    public AuthenticationHeaderValue? Header =>
        _token is { } token && clock.GetUtcNow() < token.ValidUntil ? new("Bearer", token.Value) : _basic;

    /// <summary>What to say of a registry that does not let the platform in.</summary>
    public string Refusal => username is { Length: > 0 } ? ArtifactTexts.CredentialsRefused(registry, username) : ArtifactTexts.CredentialsMissing(registry);

    /// <summary>Gets a token, if the registry asks for one.</summary>
    /// <returns>False if it asks for something else.</returns>
    public async Task<bool> AnswerAsync(HttpHeaderValueCollection<AuthenticationHeaderValue> challenges, CancellationToken cancellation)
    {
        if (challenges.FirstOrDefault(challenge => challenge.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase)) is not { Parameter: { } parameter })
            return false;
        var values = ChallengeValue().Matches(parameter).ToDictionary(match => match.Groups[1].Value.ToLowerInvariant(), match => match.Groups[2].Value);
        if (!values.TryGetValue("realm", out var address) || !Uri.TryCreate(address, UriKind.Absolute, out var realm) || realm.Scheme is not ("http" or "https"))
            throw new ArtifactStoreException(ArtifactTexts.NotARegistry(registry, "its challenge names no token server"));
        if (_basic is not null && realm.Scheme == "http" && registry.Host.Scheme == "https")
            throw new ArtifactStoreException(ArtifactTexts.TokenServerInTheClear(registry, realm));

        // One token for all that is done: servers leave out what the user may not do.
        var scope = $"repository:{registry.Repository}:pull,push,delete";
        var query = new StringBuilder(realm.Query.Length > 1 ? realm.Query + "&" : "?").Append("scope=").Append(Uri.EscapeDataString(scope));
        if (values.TryGetValue("service", out var service))
            query.Append("&service=").Append(Uri.EscapeDataString(service));
        using var request = new HttpRequestMessage(HttpMethod.Get, new UriBuilder(realm) { Query = query.ToString() }.Uri);
        request.Headers.Authorization = _basic;
        using var response = await http.SendAsync(request, cancellation);
        if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
            throw new ArtifactStoreException(Refusal) { IsRefusal = true };
        if (!response.IsSuccessStatusCode)
            throw new ArtifactStoreException(ArtifactTexts.Unexpected(registry, "give a token", response.StatusCode, null));
        var answer = await response.Content.ReadFromJsonAsync<TokenAnswer>(cancellation);
        if (answer is null || (answer.Token ?? answer.AccessToken) is not { Length: > 0 } token)
            throw new ArtifactStoreException(ArtifactTexts.NotARegistry(registry, "its token server gave no token"));
        _token = new Token(token, clock.GetUtcNow().AddSeconds(answer.ExpiresIn ?? DefaultLifetime) - Margin);
        return true;
    }

    private sealed record Token(string Value, DateTimeOffset ValidUntil);

    private sealed record TokenAnswer(
        [property: JsonPropertyName("token")] string? Token,
        [property: JsonPropertyName("access_token")] string? AccessToken,
        [property: JsonPropertyName("expires_in")] int? ExpiresIn);

    [GeneratedRegex("([A-Za-z_]+)=\"([^\"]*)\"")]
    private static partial Regex ChallengeValue();
}
