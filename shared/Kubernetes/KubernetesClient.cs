using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Paas.Hosting.Processes;
using Paas.Kubernetes.Access;

namespace Paas.Kubernetes;

/// <summary>
/// One cluster, over its REST API (https://kubernetes.io/docs/reference/using-api/). Stands in for KubernetesClient.
/// This part speaks HTTP; the others hold what can be asked for. Every call may throw a <see cref="KubernetesException"/>
/// (the API would not), a <see cref="KubernetesUnreachableException"/> (it does not answer) or a
/// <see cref="KubernetesAccessException"/> (there is no way in).
/// </summary>
public sealed partial class KubernetesClient : IDisposable
{
    /// <summary>The name under which the API notes whose the fields of an object are.</summary>
    public const string FieldManager = "paas";

    /// <summary>The most of one answer that is read.</summary>
    internal const long MaxAnswer = 32 * 1024 * 1024;

    private const int MaxError = 256 * 1024;
    private const int MaxTries = 4;
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);
    private readonly TimeSpan _timeout;
    private readonly TimeSpan _watchPatience;
    private readonly TimeProvider _clock;
    private readonly Lazy<KubernetesAccess> _access;
    private readonly Lock _gate = new();
    private (HttpClient Http, string? Thumbprint)? _connection;

    /// <param name="options">Where the cluster is. It is not read before the first request.</param>
    /// <param name="processes">Whose the exec plugins of a kubeconfig are.</param>
    /// <param name="clock">The time.</param>
    public KubernetesClient(KubernetesOptions options, ProcessOwner processes, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_timeout, _watchPatience, _clock) = (options.RequestTimeout, options.WatchPatience, clock);
        // A kubeconfig that was not there the first time is looked for again: an operator may have mended it.
        _access = new(() => Open(options, processes, clock), LazyThreadSafetyMode.PublicationOnly);
    }

    internal KubernetesClient(KubernetesAccess access, KubernetesOptions options, TimeProvider clock)
    {
        (_timeout, _watchPatience, _clock) = (options.RequestTimeout, options.WatchPatience, clock);
        _access = new(access);
    }

    /// <summary>Where the API is.</summary>
    /// <exception cref="KubernetesAccessException">There is no way in.</exception>
    public Uri Server => _access.Value.Server;

    /// <summary>The namespace of the context or of the pod; null if it names none.</summary>
    /// <exception cref="KubernetesAccessException">There is no way in.</exception>
    public string? Namespace => _access.Value.Namespace;

    /// <inheritdoc/>
    public void Dispose() => _connection?.Http.Dispose();

    /// <summary>Asks for the version of the server: that it answers, and that it is one.</summary>
    public async Task<KubernetesVersion> VersionAsync(CancellationToken cancellation)
    {
        var request = new KubernetesRequest(HttpMethod.Get, "version", KubernetesTexts.ToTellItsVersion);
        var (answer, _) = await AskAsync(request, cancellation);
        return KubernetesObject.Text(answer["gitVersion"]) is { Length: > 0 } version
            ? new(version, KubernetesObject.Text(answer["major"]) ?? "", KubernetesObject.Text(answer["minor"]) ?? "")
            : throw new KubernetesUnreachableException(KubernetesTexts.NotAnApi(Server, request.What));
    }

    /// <summary>Sends a request and reads its answer, a JSON object.</summary>
    private async Task<(JsonObject Answer, HttpResponseMessage Head)> AskAsync(KubernetesRequest request, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            try
            {
                using var response = await SendAsync(request, limit, cancellation);
                var bytes = await ReadAsync(response, MaxAnswer, limit.Token)
                    ?? throw new KubernetesUnreachableException(KubernetesTexts.TooMuch(Server, request.What, MaxAnswer));
                return JsonNode.Parse(bytes) is JsonObject answer ? (answer, response) : throw new JsonException();
            }
            catch (JsonException exception)
            {
                throw new KubernetesUnreachableException(KubernetesTexts.NotAnApi(Server, request.What), exception);
            }
            catch (Exception exception) when (IsAway(exception, cancellation))
            {
                // Only what changes nothing is sent twice if the first may have got there.
                if (request.Method != HttpMethod.Get || attempt == MaxTries || exception is OperationCanceledException)
                    throw Away(exception);
                await Task.Delay(Backoff(attempt), _clock, cancellation);
            }
        }
    }

    /// <summary>
    /// Sends a request whose answer is read by the caller, who disposes of it. What the server has not taken is sent
    /// again, a few times; a credential that it does not accept is renewed once.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="limit">Ends the request too. Its time begins when there is a credential: a program that fetches one has its own.</param>
    /// <param name="cancellation">Ends the request.</param>
    private async Task<HttpResponseMessage> SendAsync(KubernetesRequest request, CancellationTokenSource limit, CancellationToken cancellation)
    {
        var credential = await _access.Value.Credentials.GetAsync(anew: false, cancellation);
        limit.CancelAfter(_timeout);
        var limited = limit.Token;
        var renewed = false;
        for (var attempt = 1; ; attempt++)
        {
            HttpResponseMessage response;
            try
            {
                response = await SendOnceAsync(request, credential, limited);
            }
            catch (HttpRequestException exception) when (IsNotSent(exception) && attempt < MaxTries && !IsTrust(exception))
            {
                await Task.Delay(Backoff(attempt), _clock, limited);
                continue;
            }
            catch (Exception exception) when (IsAway(exception, cancellation) && (exception is not HttpRequestException || IsNotSent((HttpRequestException)exception)))
            {
                throw Away(exception);
            }

            if (response.IsSuccessStatusCode)
                return response;
            using (response)
            {
                var code = (int)response.StatusCode;
                if (code == 401 && !renewed)
                {
                    credential = await _access.Value.Credentials.GetAsync(anew: true, cancellation);
                    limit.CancelAfter(_timeout);
                    renewed = true;
                    attempt--;
                    continue;
                }

                var error = KubernetesErrors.Read(Server, request, code, await ReadTextAsync(response, limited), RetryAfter(response), _access.Value.Origin);
                // 429 is retried only where the server says when; a disruption budget is no matter of seconds.
                var retries = error.Problem switch
                {
                    KubernetesProblem.Throttled => error.RetryAfter is not null,
                    KubernetesProblem.Unavailable => code == 503 || (request.Method == HttpMethod.Get && code is 500 or 502 or 504),
                    _ => false,
                };
                if (!retries || attempt >= MaxTries || error.RetryAfter > LongestWait)
                    throw error;
                await Task.Delay(error.RetryAfter is { } after && after > Backoff(attempt) ? after : Backoff(attempt), _clock, limited);
            }
        }
    }

    private async Task<HttpResponseMessage> SendOnceAsync(KubernetesRequest request, KubernetesCredential credential, CancellationToken limited)
    {
        using var message = new HttpRequestMessage(request.Method, new Uri(Server, request.Path));
        message.Headers.Authorization = credential.Header;
        message.Headers.Accept.ParseAdd("application/json, */*;q=0.5");
        if (request.Body is not null)
        {
            message.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(request.Body.ToJsonString()));
            message.Content.Headers.ContentType = new MediaTypeHeaderValue(request.ContentType);
        }

        try
        {
            return await Connection(credential).SendAsync(message, HttpCompletionOption.ResponseHeadersRead, limited);
        }
        catch (HttpRequestException exception) when (IsTrust(exception))
        {
            // The authority's file may have been renewed: it is read with the next connection.
            lock (_gate)
                _connection = null;
            throw;
        }
    }

    /// <summary>A connection is made with a certificate, and stays with it: another one needs another.</summary>
    private HttpClient Connection(KubernetesCredential credential)
    {
        lock (_gate)
        {
            // The one before is left to requests and watches that use it; its sockets are closed when they are idle.
            if (_connection is not { } open || open.Thumbprint != credential.Thumbprint)
                _connection = open = (_access.Value.Open(credential.Certificates), credential.Thumbprint);
            return open.Http;
        }
    }

    private static KubernetesAccess Open(KubernetesOptions options, ProcessOwner processes, TimeProvider clock) => string.IsNullOrEmpty(options.Kubeconfig)
        ? InCluster.Open(options.ServiceAccountFolder, clock)
        : Kubeconfig.Open(options.Kubeconfig, options.Context, processes, clock);

    /// <summary>Reads a body of a limited size; null if it is larger.</summary>
    private static async Task<byte[]?> ReadAsync(HttpResponseMessage response, long limit, CancellationToken cancellation)
    {
        if (response.Content.Headers.ContentLength > limit)
            return null;
        await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
        using var read = new MemoryStream();
        var piece = new byte[32 * 1024];
        int count;
        while ((count = await stream.ReadAsync(piece, cancellation)) > 0)
        {
            if (read.Length + count > limit)
                return null;
            read.Write(piece, 0, count);
        }

        return read.ToArray();
    }

    private static async Task<string> ReadTextAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        try
        {
            return await ReadAsync(response, MaxError, cancellation) is { } bytes ? Encoding.UTF8.GetString(bytes) : "";
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return "";
        }
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } when date > _clock.GetUtcNow() => date - _clock.GetUtcNow(),
        { Date: not null } => TimeSpan.Zero,
        _ => null,
    };

    /// <summary>A little longer each time, and not for all at once.</summary>
    private static TimeSpan Backoff(int attempt) => TimeSpan.FromMilliseconds(100 * Math.Pow(2, Math.Min(attempt, 6)) * (0.75 + (Random.Shared.NextDouble() / 2)));

    private KubernetesUnreachableException Away(Exception exception) => exception switch
    {
        OperationCanceledException => new(KubernetesTexts.Silent(Server, _timeout), exception),
        HttpRequestException request when IsTrust(request) => new(KubernetesTexts.NotTrusted(Server, Innermost(request)), exception),
        HttpRequestException request when IsNotSent(request) => new(KubernetesTexts.Unreachable(Server, Innermost(request)), exception),
        _ => new(KubernetesTexts.WentAway(Server), exception),
    };

    private static string Innermost(Exception exception) => KubernetesTexts.Line(exception.GetBaseException().Message, 300).TrimEnd('.');

    /// <summary>There was no connection, so nothing has got there.</summary>
    private static bool IsNotSent(HttpRequestException exception) =>
        exception.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError;

    private static bool IsTrust(HttpRequestException exception) => exception.InnerException is AuthenticationException;

    private static bool IsAway(Exception exception, CancellationToken cancellation) =>
        exception is HttpRequestException or IOException || (exception is OperationCanceledException && !cancellation.IsCancellationRequested);
}

/// <summary>What a server says it is.</summary>
/// <param name="Version">Such as <c>v1.36.2</c>.</param>
/// <param name="Major">Such as <c>1</c>.</param>
/// <param name="Minor">Such as <c>36</c>; with a provider's suffix, such as <c>30+</c>, it may be no number.</param>
public sealed record KubernetesVersion(string Version, string Major, string Minor);
