using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Paas.Docker;

/// <summary>
/// One Docker Engine, over its REST API (https://docs.docker.com/reference/api/engine/). Stands in for Docker.DotNet.
/// This part speaks HTTP; the others hold what can be asked for.
/// </summary>
public sealed partial class EngineClient : IDisposable
{
    /// <summary>The newest version of the API that was tried, and the oldest that has all that is used.</summary>
    private static readonly Version Newest = new(1, 47), Oldest = new(1, 41);

    private static readonly TimeSpan ShortAnswer = TimeSpan.FromSeconds(60);

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNameCaseInsensitive = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private readonly HttpClient _http;
    private readonly Uri _address;
    private Uri? _versioned;

    /// <param name="options">Where the engine is; its endpoint has to be set.</param>
    /// <exception cref="ArgumentException">The endpoint can't be read.</exception>
    public EngineClient(DockerOptions options)
    {
        Endpoint = options.Endpoint ?? "";
        var endpoint = EngineEndpoint.TryParse(Endpoint) ?? throw new ArgumentException(DockerTexts.WrongEndpoint(Endpoint), nameof(options));
        (_http, _address) = endpoint.Open(options.TlsFolder);
    }

    /// <summary>As it stands in the settings.</summary>
    public string Endpoint { get; }

    /// <summary>What the engine calls itself: it stays the same for as long as its data directory does.</summary>
    /// <exception cref="EngineUnreachableException">It does not answer.</exception>
    public async Task<EngineInfo> InfoAsync(CancellationToken cancellation) =>
        await GetAsync<EngineInfo>("info", "tell about itself", cancellation);

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    /// <summary>Escapes a value for the query of a path.</summary>
    internal static string Escape(string value) => Uri.EscapeDataString(value);

    /// <summary>A JSON value for the query of a path, such as filters.</summary>
    internal static string EscapeJson<T>(T value) => Uri.EscapeDataString(JsonSerializer.Serialize(value, Json));

    /// <summary>Gets a thing.</summary>
    /// <param name="path">After the version: <c>images/json?all=1</c>.</param>
    /// <param name="what">What the engine is to do, for the sentence if it won't: <c>list its images</c>.</param>
    /// <param name="cancellation">Ends the request.</param>
    /// <exception cref="EngineException">It would not.</exception>
    /// <exception cref="EngineUnreachableException">It does not answer.</exception>
    internal Task<T> GetAsync<T>(string path, string what, CancellationToken cancellation) => AskAsync<T>(HttpMethod.Get, path, what, null, cancellation);

    /// <inheritdoc cref="GetAsync"/>
    internal async Task<T> AskAsync<T>(HttpMethod method, string path, string what, object? body, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(ShortAnswer);
        try
        {
            using var response = await SendAsync(method, path, what, body is null ? null : JsonContent.Create(body, body.GetType(), options: Json), null, limit.Token);
            return await response.Content.ReadFromJsonAsync<T>(Json, limit.Token) ?? throw new JsonException();
        }
        catch (Exception exception) when (IsAway(exception, cancellation))
        {
            throw new EngineUnreachableException(DockerTexts.Unreachable(Endpoint), exception);
        }
        catch (JsonException exception)
        {
            throw new EngineUnreachableException(DockerTexts.WentAway(Endpoint), exception);
        }
    }

    /// <summary>Does a thing that has no answer but that it was done.</summary>
    /// <param name="method">The method.</param>
    /// <param name="path">After the version.</param>
    /// <param name="what">What the engine is to do, for the sentence if it won't.</param>
    /// <param name="limit">How long it may take; null for a minute.</param>
    /// <param name="cancellation">Ends the request.</param>
    /// <param name="done">Statuses besides those of success that mean that it was done already, such as 404 when removing.</param>
    /// <exception cref="EngineException">It would not.</exception>
    /// <exception cref="EngineUnreachableException">It does not answer.</exception>
    internal async Task DoAsync(
        HttpMethod method, string path, string what, TimeSpan? limit, CancellationToken cancellation, params HttpStatusCode[] done)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(limit ?? ShortAnswer);
        try
        {
            using var response = await SendAsync(method, path, what, null, null, timeout.Token);
            await response.Content.LoadIntoBufferAsync(timeout.Token);
        }
        catch (EngineException exception) when (done.Contains(exception.Status))
        {
            // It was done before.
        }
        catch (Exception exception) when (IsAway(exception, cancellation))
        {
            throw new EngineUnreachableException(DockerTexts.Unreachable(Endpoint), exception);
        }
    }

    /// <summary>
    /// Sends a request whose answer is a stream of JSON messages, one after the other, for as long as it takes. Whoever
    /// stops listening ends what the engine does.
    /// </summary>
    /// <exception cref="EngineException">It would not.</exception>
    /// <exception cref="EngineUnreachableException">It does not answer, or has gone away before its answer was complete.</exception>
    internal async IAsyncEnumerable<T> StreamAsync<T>(
        HttpMethod method, string path, string what, HttpContent? content, IReadOnlyDictionary<string, string>? headers,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var response = await AwayAsync(SendAsync(method, path, what, content, headers, cancellation), cancellation);
        await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
        await using var messages = JsonSerializer.DeserializeAsyncEnumerable<T>(stream, topLevelValues: true, Json, cancellation).GetAsyncEnumerator(cancellation);
        while (await AwayAsync(messages.MoveNextAsync().AsTask(), cancellation))
            yield return messages.Current!;
    }

    /// <summary>Sends a request whose answer is read by the caller, who disposes of it.</summary>
    /// <inheritdoc cref="StreamAsync"/>
    internal async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, string what, HttpContent? content, IReadOnlyDictionary<string, string>? headers, CancellationToken cancellation)
    {
        var request = new HttpRequestMessage(method, new Uri(await VersionedAsync(cancellation), path)) { Content = content };
        foreach (var (name, value) in headers ?? new Dictionary<string, string>())
            request.Headers.TryAddWithoutValidation(name, value);
        var response = await AwayAsync(_http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation), cancellation);
        if (response.IsSuccessStatusCode || response.StatusCode == HttpStatusCode.NotModified)
            return response;
        using (response)
        {
            var reason = await ReasonAsync(response, cancellation);
            throw new EngineException(DockerTexts.Refused(Endpoint, what, response.StatusCode, reason), response.StatusCode, reason);
        }
    }

    /// <summary>The version both speak, asked for once: an older engine is spoken to in its own.</summary>
    private async Task<Uri> VersionedAsync(CancellationToken cancellation)
    {
        if (_versioned is not null)
            return _versioned;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(ShortAnswer);
        try
        {
            using var response = await _http.GetAsync(new Uri(_address, "_ping"), limit.Token);
            var has = response.Headers.TryGetValues("Api-Version", out var values) && Version.TryParse(values.First(), out var version) ? version : Oldest;
            if (has < Oldest)
                throw new EngineException(DockerTexts.TooOld(Endpoint, $"{has}", $"{Oldest}"), HttpStatusCode.BadRequest, "");
            var spoken = has < Newest ? has : Newest;
            return _versioned = new Uri(_address, string.Create(CultureInfo.InvariantCulture, $"v{spoken}/"));
        }
        catch (Exception exception) when (IsAway(exception, cancellation))
        {
            throw new EngineUnreachableException(DockerTexts.Unreachable(Endpoint), exception);
        }
    }

    private static async Task<string> ReasonAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        try
        {
            return (await response.Content.ReadFromJsonAsync<Refusal>(Json, cancellation))?.Message ?? response.ReasonPhrase ?? "";
        }
        catch (Exception exception) when (exception is JsonException or HttpRequestException or IOException)
        {
            return response.ReasonPhrase ?? "";
        }
    }

    private async Task<T> AwayAsync<T>(Task<T> answer, CancellationToken cancellation)
    {
        try
        {
            return await answer;
        }
        catch (Exception exception) when (IsAway(exception, cancellation) || exception is JsonException)
        {
            throw new EngineUnreachableException(
                exception is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } ? DockerTexts.Unreachable(Endpoint) : DockerTexts.WentAway(Endpoint),
                exception);
        }
    }

    private static bool IsAway(Exception exception, CancellationToken cancellation) =>
        exception is HttpRequestException or IOException || (exception is OperationCanceledException && !cancellation.IsCancellationRequested);

    private sealed record Refusal(string? Message);
}

/// <summary>What an engine tells about itself.</summary>
/// <param name="Id">Of its data directory.</param>
/// <param name="Name">Of its machine.</param>
/// <param name="ServerVersion">Such as <c>20.10.24</c>.</param>
/// <param name="Architecture">Such as <c>x86_64</c>.</param>
public sealed record EngineInfo([property: JsonPropertyName("ID")] string Id, string Name, string ServerVersion, string Architecture);
