using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using Paas.Hosting.Processes;

namespace Paas.Kubernetes.Access;

/// <summary>
/// A credential that a program prints: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins.
/// It is used until it expires or the server does not accept it, and the program is run by one caller at a time.
/// </summary>
internal sealed class ExecCredential(ExecPlugin plugin, Func<X509Certificate2Collection> certificates, ProcessOwner processes, TimeProvider clock) : ICredentialSource, IDisposable
{
    private const int MaxOutput = 1024 * 1024;
    private const int MaxErrorLines = 20;
    private const int MaxErrorLine = 300;

    /// <summary>A credential is renewed this long before it expires: the request has to get there too.</summary>
    private static readonly TimeSpan Ahead = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _gate = new(1, 1);
    private KubernetesCredential? _last;
    private DateTimeOffset? _expires;
    private long _fetchedAt;

    internal TimeSpan Limit { get; init; } = TimeSpan.FromSeconds(60);

    public async Task<KubernetesCredential> GetAsync(bool anew, CancellationToken cancellation)
    {
        var asked = clock.GetTimestamp();
        await _gate.WaitAsync(cancellation);
        try
        {
            // Who waited for one that was fetched meanwhile has a new one.
            var isFresh = !anew || _fetchedAt > asked;
            if (_last is not null && isFresh && (_expires is null || _expires - Ahead > clock.GetUtcNow()))
                return _last;
            (_last, _expires) = await RunAsync(cancellation);
            _fetchedAt = clock.GetTimestamp();
            return _last;
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private async Task<(KubernetesCredential, DateTimeOffset?)> RunAsync(CancellationToken cancellation)
    {
        var errors = new List<string>();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Limit);
        try
        {
            await using var process = ChildProcess.Start(processes, new ChildProcessStart
            {
                Command = plugin.Command,
                Arguments = plugin.Arguments,
                WorkingDirectory = plugin.Folder,
                Environment = Surroundings(),
                BelongsTo = $"credential-{Guid.NewGuid():N}",
                OnErrorLine = line =>
                {
                    if (errors.Count < MaxErrorLines)
                        errors.Add(line.Length <= MaxErrorLine ? line : line[..MaxErrorLine] + "…");
                },
            });
            var output = new byte[MaxOutput + 1];
            var read = await process.Output.ReadAtLeastAsync(output, output.Length, throwOnEndOfStream: false, limit.Token);
            if (read > MaxOutput)
                throw new KubernetesAccessException(KubernetesTexts.ExecTooMuch(plugin, MaxOutput));
            var code = await process.WaitAsync(limit.Token);
            return code == 0
                ? Parse(output.AsSpan(0, read))
                : throw new KubernetesAccessException(KubernetesTexts.ExecFailed(plugin, code, errors));
        }
        catch (CommandNotFoundException exception)
        {
            throw new KubernetesAccessException(KubernetesTexts.ExecMissing(plugin), exception);
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            throw new KubernetesAccessException(KubernetesTexts.ExecNotStarted(plugin, exception.Message), exception);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new KubernetesAccessException(KubernetesTexts.ExecSlow(plugin, Limit, errors));
        }
    }

    /// <summary>That of this process, as with kubectl, less the platform's own settings: there are secrets among them.</summary>
    private Dictionary<string, string> Surroundings()
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (System.Collections.DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            if (variable is { Key: string name, Value: string value } && !name.Contains("__", StringComparison.Ordinal))
                all[name] = value;
        }

        foreach (var (name, value) in plugin.Environment)
            all[name] = value;
        all["KUBERNETES_EXEC_INFO"] = new JsonObject
        {
            ["apiVersion"] = plugin.ApiVersion,
            ["kind"] = "ExecCredential",
            ["spec"] = new JsonObject { ["interactive"] = false },
        }.ToJsonString();
        return all;
    }

    private (KubernetesCredential, DateTimeOffset?) Parse(ReadOnlySpan<byte> output)
    {
        JsonObject? status;
        try
        {
            var answer = JsonNode.Parse(output) as JsonObject;
            if (KubernetesObject.Text(answer?["kind"]) != "ExecCredential" || KubernetesObject.Text(answer?["apiVersion"]) != plugin.ApiVersion)
                throw new KubernetesAccessException(KubernetesTexts.ExecOtherAnswer(plugin));
            status = answer?["status"] as JsonObject;
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            // Without the reader's words: it may quote the token.
            throw new KubernetesAccessException(KubernetesTexts.ExecOtherAnswer(plugin));
        }

        var token = KubernetesObject.Text(status?["token"]);
        var (certificate, key) = (KubernetesObject.Text(status?["clientCertificateData"]), KubernetesObject.Text(status?["clientKeyData"]));
        if (string.IsNullOrEmpty(token) && (string.IsNullOrEmpty(certificate) || string.IsNullOrEmpty(key)))
            throw new KubernetesAccessException(KubernetesTexts.ExecNothing(plugin));
        var expires = DateTimeOffset.TryParse(KubernetesObject.Text(status?["expirationTimestamp"]), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time : (DateTimeOffset?)null;
        return (new(
            string.IsNullOrEmpty(token) ? null : KubernetesCredential.Bearer(Token.Check(token, KubernetesTexts.ExecAnswer(plugin))),
            string.IsNullOrEmpty(certificate) ? certificates() : Pem.ReadClient(certificate, key ?? "", KubernetesTexts.ExecAnswer(plugin))), expires);
    }
}
