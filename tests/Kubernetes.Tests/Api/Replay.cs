using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Paas.Servers.Kubernetes;

namespace Paas.Kubernetes.Tests.Api;

/// <summary>Sends the double what a real API server was sent.</summary>
internal sealed partial class Replay : IDisposable
{
    private readonly KubernetesApi _api;
    private readonly Dictionary<string, HttpClient> _clients = [];
    private string? _continue;

    public Replay(KubernetesApi api) => _api = api;

    /// <summary>Where watches begin, by the transcript's name: the version before what they are about.</summary>
    public Dictionary<string, long> Marks { get; } = [];

    /// <summary>Sends a request, and tells how the answer differs.</summary>
    public async Task<IReadOnlyList<string>> RunAsync(Transcript transcript, Func<string, bool> ignores)
    {
        using var request = new HttpRequestMessage(new HttpMethod(transcript.Method), new Uri(_api.Url, Here(transcript)));
        request.Headers.UserAgent.ParseAdd("curl/8");
        if (Token(transcript.As) is { } token)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (transcript.Text() is { } body)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            if (transcript.ContentType is not null)
                request.Content.Headers.ContentType = new MediaTypeHeaderValue(transcript.ContentType);
        }

        using var response = await Client(transcript.As).SendAsync(request, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        var differences = new List<string>();
        if ((int)response.StatusCode != transcript.Status)
            differences.Add($"status {(int)response.StatusCode}, not {transcript.Status}: {text}");
        foreach (var (name, value) in transcript.Headers)
        {
            var found = response.Headers.TryGetValues(name, out var values) ? string.Join(',', values) : "";
            if (found != value)
                differences.Add($"header {name} is '{found}', not '{value}'");
        }

        if (transcript.IsText != (response.Content.Headers.ContentType?.MediaType == "text/plain"))
            differences.Add($"content type {response.Content.Headers.ContentType}");
        differences.AddRange(Compare(transcript, text, ignores));
        return [.. differences.Select(difference => $"{transcript.Name}: {difference}")];
    }

    /// <summary>Begins a list, so that its next page can be asked for.</summary>
    public async Task BeginListAsync(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_api.Url, path));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", KubernetesApi.AdminToken);
        using var response = await Client(null).SendAsync(request, TestContext.Current.CancellationToken);
        _continue = (string?)JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["metadata"]!["continue"];
    }

    public void Dispose()
    {
        foreach (var client in _clients.Values)
            client.Dispose();
    }

    private IEnumerable<string> Compare(Transcript transcript, string text, Func<string, bool> ignores)
    {
        if (transcript.Answer is JsonArray events)
        {
            var found = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)).ToList();
            if (transcript.IsSet)
                return CompareSets(events, found, ignores);
            // Of a long watch the first and the last: how many there are between is a matter of time.
            if (events.Count == 2 && found.Count > 2)
                found = [found[0], found[^1]];
            return Transcript.Differences(events, new JsonArray([.. found]), ignores);
        }

        if (transcript.Answer is JsonValue said)
            return Transcript.Normal(said.GetValue<string>()) == Transcript.Normal(text) ? [] : [$"said '{text}', not '{said}'"];
        var answer = JsonNode.Parse(text);
        _continue = (string?)answer?["metadata"]?["continue"] ?? _continue;
        return Transcript.Differences(transcript.Answer, answer, ignores);
    }

    private static IEnumerable<string> CompareSets(IEnumerable<JsonNode?> expected, IEnumerable<JsonNode?> found, Func<string, bool> ignores)
    {
        static string Key(JsonNode? told) => Transcript.Normal($"{told!["object"]!["involvedObject"]!["name"]}: {told["object"]!["reason"]}: {told["object"]!["message"]}");
        var (wanted, there) = (expected.ToLookup(Key), found.ToLookup(Key));
        return wanted.Where(each => !there.Contains(each.Key)).Select(each => $"not told: {each.Key}")
            .Concat(there.Where(each => !wanted.Contains(each.Key)).Select(each => $"told as well: {each.Key}"))
            .Concat(wanted.Where(each => there.Contains(each.Key)).SelectMany(each => Transcript.Differences(each.First(), there[each.Key].First(), ignores)));
    }

    /// <summary>The path with this cluster's names and versions, and without long waits.</summary>
    private string Here(Transcript transcript)
    {
        var path = transcript.Path;
        path = Timeout().Replace(path, "timeoutSeconds=1");
        if (path.Contains("watch=1", StringComparison.Ordinal) && !path.Contains("timeoutSeconds", StringComparison.Ordinal))
            path += "&timeoutSeconds=1";
        // These were begun before, and are asked for here when all is over.
        if (Marks.TryGetValue(transcript.Name, out var mark))
            path = Version().Replace(path, "") + $"&resourceVersion={mark}";
        path = Continue().Replace(path, _ => $"continue={_continue}");
        return Pod().Replace(path, pod =>
        {
            var app = pod.Groups[2].Value;
            var found = _api.Cluster.All("pods", "roll").First(each => (string?)each["metadata"]!["labels"]!["app"] == app && each["metadata"]!["deletionTimestamp"] is null);
            return $"{pod.Groups[1].Value}{found["metadata"]!["name"]}";
        });
    }

    private static string? Token(string? who) => who switch
    {
        null => KubernetesApi.AdminToken,
        "limited" => "token-of-limited",
        "bad token" => "nobody-has-this",
        _ => null,
    };

    private HttpClient Client(string? who)
    {
        var key = who == "unknown certificate" ? who : "";
        if (_clients.TryGetValue(key, out var client))
            return client;
        var handler = new SocketsHttpHandler { UseProxy = false };
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPem(_api.Certificates.AuthorityPem);
        handler.SslOptions.CertificateChainPolicy = policy;
        if (key.Length > 0)
        {
            using var others = new ApiCertificates("somebody-else");
            var (certificate, privateKey) = others.IssueClient("intruder");
            handler.SslOptions.ClientCertificates = [X509Certificate2.CreateFromPem(certificate, privateKey)];
        }

        return _clients[key] = new HttpClient(handler);
    }

    [GeneratedRegex("timeoutSeconds=[0-9]+")]
    private static partial Regex Timeout();

    [GeneratedRegex("&resourceVersion=[0-9]+")]
    private static partial Regex Version();

    [GeneratedRegex("continue=[A-Za-z0-9]+")]
    private static partial Regex Continue();

    [GeneratedRegex("(pods/|involvedObject\\.name%3D)([a-z]+)-[0-9a-z]{8,10}-[0-9a-z]{5}")]
    private static partial Regex Pod();
}
