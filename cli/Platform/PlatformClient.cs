using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Paas.Cli.Platform;

/// <summary>A body the API answered with: as it came, for <c>--json</c>, or read.</summary>
internal sealed record ApiAnswer(HttpStatusCode Status, string Body)
{
    public T Read<T>(JsonTypeInfo<T> type) => ApiJson.Read(Body, type);
}

/// <summary>Speaks the platform's HTTP API; whatever goes wrong becomes a sentence and an exit code.</summary>
internal sealed class PlatformClient : IDisposable
{
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(100);
    private readonly HttpClient _http;

    private readonly Func<PlatformAddress, PlatformAddress?>? _findAgain;

    /// <param name="address">The platform's.</param>
    /// <param name="findAgain">
    /// Looks where the platform is now: one on this machine has another token, and perhaps another port, after each start.
    /// </param>
    public PlatformClient(PlatformAddress address, Func<PlatformAddress, PlatformAddress?>? findAgain = null)
    {
        Address = address;
        _findAgain = findAgain;
        _http = new HttpClient(new SocketsHttpHandler
        {
            // A redirect would carry the token to somewhere nobody has named.
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.GZip,
            UseProxy = !address.Url.IsLoopback,
            ConnectTimeout = TimeSpan.FromSeconds(10),
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = 64 * 1024 * 1024,
        };
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("paas-cli", CommandLineApp.Version));
        if (address.Token is { } token && token.Any(character => character is <= ' ' or > '~'))
            throw CliException.Platform(CliTexts.TokenMalformed());
    }

    public PlatformAddress Address { get; private set; }

    public Task<ApiAnswer> GetAsync(string path, CancellationToken cancellation) =>
        SendAsync(() => new HttpRequestMessage(HttpMethod.Get, path), cancellation);

    public Task<ApiAnswer> SendAsync<T>(HttpMethod method, string path, T body, JsonTypeInfo<T> type, CancellationToken cancellation) =>
        SendAsync(() => new HttpRequestMessage(method, path)
        {
            Content = new StringContent(JsonSerializer.Serialize(body, type), Encoding.UTF8, "application/json"),
        }, cancellation);

    public Task<ApiAnswer> SendAsync(HttpMethod method, string path, CancellationToken cancellation) =>
        SendAsync(() => new HttpRequestMessage(method, path), cancellation);

    /// <exception cref="CliException">The answer was an error, or there was none.</exception>
    public async Task<ApiAnswer> SendAsync(Func<HttpRequestMessage> request, CancellationToken cancellation)
    {
        var answer = await TrySendAsync(request(), cancellation);
        // What was refused for its token has had no effect.
        if (answer.Status == HttpStatusCode.Unauthorized && FindAgain())
            answer = await TrySendAsync(request(), cancellation);
        return (int)answer.Status is >= 200 and < 300 ? answer : throw Refusal(answer.Status, answer.Body);
    }

    /// <summary>Sends a request whose refusal the caller knows how to handle.</summary>
    public async Task<ApiAnswer> TrySendAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        Complete(request);
        using (request)
        using (var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation))
        {
            timeout.CancelAfter(RequestTimeout);
            try
            {
                using var response = await _http.SendAsync(request, timeout.Token);
                return new ApiAnswer(response.StatusCode, await response.Content.ReadAsStringAsync(timeout.Token));
            }
            catch (HttpRequestException exception)
            {
                throw Unreachable(exception);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                throw CliException.Platform(CliTexts.NoAnswerInTime(Address.Url, RequestTimeout));
            }
        }
    }

    /// <summary>Opens an answer that is read while it is still being written.</summary>
    /// <exception cref="CliException">The platform refused.</exception>
    /// <exception cref="HttpRequestException">The platform could not be reached, failed, or does not know the token.</exception>
    public async Task<HttpResponseMessage> OpenAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        Complete(request);
        var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (response.IsSuccessStatusCode)
            return response;
        using (response)
        {
            var body = await response.Content.ReadAsStringAsync(cancellation);
            throw (int)response.StatusCode is >= 500 or 429 or 401
                ? new HttpRequestException(Refusal(response.StatusCode, body).Message, null, response.StatusCode)
                : Refusal(response.StatusCode, body);
        }
    }

    /// <summary>Looks again where the platform is, and with which token it is spoken to.</summary>
    /// <returns>Whether that is another address or token than before.</returns>
    public bool FindAgain()
    {
        if (_findAgain?.Invoke(Address) is not { } found || found == Address)
            return false;
        Address = found;
        return true;
    }

    public CliException Unreachable(HttpRequestException exception) =>
        exception.StatusCode is not null
            ? CliException.Platform(exception.Message)
            : CliException.Platform(CliTexts.Unreachable(Address.Url, exception.HttpRequestError, exception.InnerException?.Message ?? exception.Message));

    public void Dispose() => _http.Dispose();

    private void Complete(HttpRequestMessage request)
    {
        request.RequestUri = new Uri(new Uri(Address.Url.AbsoluteUri.TrimEnd('/') + "/"), request.RequestUri!);
        if (Address.Token is { Length: > 0 } token)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    private CliException Refusal(HttpStatusCode status, string body)
    {
        var problem = ReadProblem(body);
        var said = problem is null ? null : Describe(problem);
        if (said is not null && CliTexts.Remedy(problem!.Code, problem.App) is { } remedy)
            said += " " + remedy;
        return status switch
        {
            HttpStatusCode.Unauthorized => CliException.Platform(CliTexts.Unauthorized(Address)),
            HttpStatusCode.Forbidden => CliException.Platform(CliTexts.Forbidden(Address.Url, said)),
            HttpStatusCode.NotFound => new CliException(ExitCodes.NotFound, said ?? CliTexts.NotFound(Address.Url)) { Code = problem?.Code },
            HttpStatusCode.Conflict => new CliException(ExitCodes.NotPossible, said ?? CliTexts.Refused((int)status)) { Code = problem?.Code },
            HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout => CliException.Platform(said ?? CliTexts.TryLater(Address.Url)),
            >= (HttpStatusCode)500 => CliException.Platform(CliTexts.PlatformError(Address.Url, (int)status, said)),
            >= (HttpStatusCode)400 => CliException.Usage(said ?? CliTexts.Refused((int)status)),
            _ => CliException.Platform(CliTexts.Redirected(Address.Url, (int)status)),
        };
    }

    private static Problem? ReadProblem(string body)
    {
        try
        {
            return JsonSerializer.Deserialize(body, ApiJson.Default.Problem);
        }
        catch (JsonException)
        {
            return null; // a proxy's HTML page says nothing to this command's user
        }
    }

    private static string? Describe(Problem problem)
    {
        List<string> sentences = [];
        // What a code stands for needs no heading.
        if (problem.Title is { Length: > 0 } title && problem.Code is null && !(problem.Detail ?? "").StartsWith(title, StringComparison.Ordinal))
            sentences.Add(title);
        if (problem.Detail is { Length: > 0 } detail)
            sentences.Add(detail);
        foreach (var (field, errors) in problem.Errors ?? [])
            sentences.AddRange(errors.Where(error => error != problem.Detail).Select(error => field.Length == 0 ? error : $"{field}: {error}"));
        return sentences.Count == 0 ? null : string.Join(' ', sentences.Select(CliTexts.AsSentence));
    }
}
