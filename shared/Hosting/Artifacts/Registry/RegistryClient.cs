using System.Net;
using System.Text.Json;

namespace Paas.Hosting.Artifacts.Registry;

/// <summary>Requests to one repository of a registry, with its credentials; what goes wrong becomes a sentence.</summary>
internal sealed class RegistryClient : IDisposable
{
    private const int MaxExplanation = 16 * 1024;
    private const int Tries = 5;
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private readonly HttpClient _http;
    private readonly RegistryAddress _registry;
    private readonly RegistryAccess _access;

    public RegistryClient(RegistryAddress registry, string? username, string? password, TimeProvider clock, HttpMessageHandler? handler)
    {
        _registry = registry;
        _http = new HttpClient(handler ?? new SocketsHttpHandler
        {
            UseCookies = false,
            UseProxy = !registry.Host.IsLoopback,
            ConnectTimeout = ConnectTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5), // a registry that moves is found again
        })
        {
            Timeout = Timeout.InfiniteTimeSpan, // each request has its own
        };
        _access = new RegistryAccess(_http, registry, username, password, clock);
    }

    /// <summary>An address within the repository, such as <c>tags/list</c>.</summary>
    public Uri In(string path) => new(_registry.Host, $"/v2/{_registry.Repository}/{path}");

    /// <summary>An address the registry has given, relative or absolute.</summary>
    public Uri Resolve(Uri given)
    {
        var address = new Uri(_registry.Host, given);
        // Behind a proxy a registry may not know its own scheme and port.
        return address.Host == _registry.Host.Host ? new Uri(_registry.Host, address.PathAndQuery) : address;
    }

    /// <summary>
    /// Sends a request that may be sent again. Registries that keep their data in plain files answer an error now and
    /// then while the same content is being stored by another, because they have just read a half-written file.
    /// </summary>
    /// <inheritdoc cref="SendAsync"/>
    public async Task<HttpResponseMessage> AskAsync(
        HttpMethod method, Uri address, string what, TimeSpan limit, Action<HttpRequestMessage>? prepare, CancellationToken cancellation)
    {
        for (var next = 2; ; next++)
        {
            var response = await SendAsync(method, address, what, limit, prepare, cancellation);
            if (next > Tries || response.StatusCode is not (HttpStatusCode.BadRequest or HttpStatusCode.InternalServerError))
                return response;
            response.Dispose();
            await Task.Delay(Pause * next, cancellation);
        }
    }

    /// <summary>Sends a request; the answer may have any status but 401, and its body is not read yet.</summary>
    /// <param name="method">The method.</param>
    /// <param name="address">Where to.</param>
    /// <param name="what">What is asked for, for the sentence if it can't be had: "list the artifacts".</param>
    /// <param name="limit">How long the answer may take.</param>
    /// <param name="prepare">Adds headers and content; called again if the request has to be sent again.</param>
    /// <param name="cancellation">Ends the request.</param>
    public async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, Uri address, string what, TimeSpan limit, Action<HttpRequestMessage>? prepare, CancellationToken cancellation)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(limit);
        try
        {
            for (var last = false; ; last = true)
            {
                using var request = new HttpRequestMessage(method, address);
                prepare?.Invoke(request);
                // Where a registry sends uploads elsewhere, it puts what lets them in into the address.
                if (address.Authority == _registry.Host.Authority)
                    request.Headers.Authorization = _access.Header;
                var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, timeout.Token);
                if (response.StatusCode != HttpStatusCode.Unauthorized)
                    return response;
                using (response)
                {
                    if (last || !await _access.AnswerAsync(response.Headers.WwwAuthenticate, timeout.Token))
                        throw new ArtifactStoreException(_access.Refusal) { IsRefusal = true };
                }
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new ArtifactStoreException(ArtifactTexts.Silent(_registry, limit));
        }
        catch (HttpRequestException exception)
        {
            // The inner one has the system's own words for it.
            var why = (exception.InnerException ?? exception).Message;
            throw new ArtifactStoreException(
                exception.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError
                    ? ArtifactTexts.Unreachable(_registry, why)
                    : ArtifactTexts.BrokeOff(_registry, why),
                exception);
        }
        catch (JsonException exception)
        {
            throw new ArtifactStoreException(ArtifactTexts.NotARegistry(_registry, $"asked to {what}, it sent no JSON"), exception);
        }
    }

    /// <summary>Reads a small answer as JSON.</summary>
    public async Task<T> ReadAsync<T>(HttpResponseMessage response, string what, CancellationToken cancellation)
    {
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellation);
            return await JsonSerializer.DeserializeAsync<T>(body, JsonSerializerOptions.Web, cancellation) ?? throw new JsonException();
        }
        catch (JsonException exception)
        {
            throw new ArtifactStoreException(ArtifactTexts.NotARegistry(_registry, $"asked to {what}, it sent no JSON of the expected form"), exception);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            throw new ArtifactStoreException(ArtifactTexts.BrokeOff(_registry, exception.Message), exception);
        }
    }

    /// <summary>What to throw for an answer that is not what was asked for.</summary>
    public async Task<ArtifactStoreException> ExplainAsync(HttpResponseMessage response, string what, CancellationToken cancellation)
    {
        if (response.StatusCode == HttpStatusCode.Forbidden)
            return new ArtifactStoreException(ArtifactTexts.Forbidden(_registry, what)) { IsRefusal = true };
        return new ArtifactStoreException(
            ArtifactTexts.Unexpected(_registry, what, response.StatusCode, await ExplanationAsync(response, cancellation)));
    }

    private static async Task<string?> ExplanationAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellation);
            var start = new byte[MaxExplanation];
            var length = await body.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancellation);
            var answer = JsonSerializer.Deserialize<ErrorAnswer>(start.AsSpan(0, length), JsonSerializerOptions.Web);
            return answer?.Errors is [var error, ..] ? Shorten($"{error.Code}, {error.Message}") : null;
        }
        catch (Exception exception) when (exception is JsonException or HttpRequestException or IOException)
        {
            return null; // the status has to do
        }
    }

    private static string Shorten(string text)
    {
        var clean = string.Concat(text.Where(character => !char.IsControl(character)));
        return clean.Length <= 200 ? clean : clean[..200] + "…";
    }

    public void Dispose() => _http.Dispose();

    private sealed record ErrorAnswer(IReadOnlyList<ErrorLine>? Errors);

    private sealed record ErrorLine(string? Code, string? Message);
}
