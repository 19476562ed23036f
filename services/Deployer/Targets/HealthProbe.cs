using System.Globalization;
using System.Net.Sockets;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.Deployer.Targets;

/// <summary>Waits until an instance is healthy, or finds out why it is not.</summary>
internal sealed class HealthProbe(IOptions<DeployerOptions> options, TimeProvider clock) : IDisposable
{
    private const int ServerError = 500;
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SettlesFor = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan WarnAfter = TimeSpan.FromSeconds(5);

    /// <summary>For an app that knows PORT to listen there, before another port is taken.</summary>
    private static readonly TimeSpan PortTime = TimeSpan.FromSeconds(2);

    // A fresh connection for each try: a kept one would say little about who listens now.
    private readonly string? _host = options.Value.InstanceHost;
    private readonly string[] _addresses = options.Value.InstanceHost is { } host ? [host] : ["127.0.0.1", "[::1]"];
    private readonly string _published = options.Value.PublishHost ?? options.Value.InstanceHost ?? "127.0.0.1";
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        ConnectTimeout = TimeSpan.FromSeconds(1),
        PooledConnectionLifetime = TimeSpan.Zero,
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    public void Dispose() => _http.Dispose();

    /// <summary>Waits until an instance without a port has run for a while.</summary>
    /// <param name="instance">The instance.</param>
    /// <param name="name">What it is called, such as <c>worker.1</c>.</param>
    /// <param name="ranFor">How long it has run already.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task WaitUntilStableAsync(IProbedInstance instance, string name, TimeSpan ranFor, CancellationToken cancellation)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var staysUpFor = options.Value.StaysUpFor;
        var left = ranFor <= TimeSpan.Zero ? staysUpFor : ranFor >= staysUpFor ? TimeSpan.Zero : staysUpFor - ranFor;
        var wait = Task.Delay(left, clock, waiting.Token);
        await Task.WhenAny(instance.Left, wait);
        await waiting.CancelAsync();
        cancellation.ThrowIfCancellationRequested();
        if (instance.Left.IsCompleted)
            throw await ExitedAsync(instance, name);
    }

    /// <summary>
    /// Waits for the first healthy answer, and whether the instance stays: what answers may be a server that it has put
    /// into the background before it ended itself.
    /// </summary>
    /// <returns>The base URL at which the instance answers.</returns>
    public async Task<Uri> WaitUntilAnsweringAsync(
        IProbedInstance instance, string name, string host, HealthCheck health, Action<string> warn, CancellationToken cancellation)
    {
        var started = clock.GetTimestamp();
        var url = await WaitForAnswerAsync(instance, name, host, health, warn, cancellation);
        var ranFor = clock.GetElapsedTime(started);
        var staysUpFor = options.Value.StaysUpFor;
        await WaitUntilStableAsync(instance, name, Shorter(ranFor, staysUpFor - Shorter(SettlesFor, staysUpFor)), cancellation);
        return url;
    }

    private async Task<Uri> WaitForAnswerAsync(
        IProbedInstance instance, string name, string host, HealthCheck health, Action<string> warn, CancellationToken cancellation)
    {
        var (port, reachedAt) = (instance.Port!.Value, instance.ReachedAt!.Value);
        using var timeout = new CancellationTokenSource(health.Timeout, clock);
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
        var stop = giveUp.Token;
        _ = instance.Left.ContinueWith(_ => Cancel(giveUp), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);

        var started = clock.GetTimestamp();
        var warned = false;
        var answer = new Answer(false, null, null);
        var wait = FirstWait;
        try
        {
            while (true)
            {
                foreach (var address in instance.IsBehindProxy ? [_published] : _addresses)
                {
                    var url = new Uri($"http://{address}:{reachedAt.ToString(CultureInfo.InvariantCulture)}");
                    if (await AskAsync(url, host, health.Path, stop) is not { } got)
                        continue;
                    answer = instance.IsBehindProxy ? got with { Connected = got.Status is not null } : got;
                    if (got.Status < ServerError)
                        return url;
                    break;
                }

                stop.ThrowIfCancellationRequested();
                if (!answer.Connected && clock.GetElapsedTime(started) > PortTime && await AskExposedAsync(instance, port, host, health, stop) is { } exposed)
                {
                    warn(DeployerTexts.ListensOnExposed(name, instance.Exposed!.Value.Port, port));
                    return exposed;
                }

                if (!warned && !answer.Connected && clock.GetElapsedTime(started) > WarnAfter)
                {
                    warned = true;
                    if (await instance.FindListeningPortsAsync() is { Count: > 0 } others && others.All(other => other.Port != port))
                        warn(DeployerTexts.ListensElsewhere(name, Numbers(others), port));
                }

                await Task.Delay(wait, clock, stop);
                wait = wait * 2 < LongestWait ? wait * 2 : LongestWait;
            }
        }
        catch (OperationCanceledException)
        {
            cancellation.ThrowIfCancellationRequested();
            if (instance.Left.IsCompleted)
                throw await ExitedAsync(instance, name);
            throw await DiagnoseAsync(instance, name, health, port, answer);
        }
    }

    /// <summary>An app that does not know PORT may listen on the port that its image exposes.</summary>
    private async Task<Uri?> AskExposedAsync(IProbedInstance instance, int port, string host, HealthCheck health, CancellationToken cancellation)
    {
        if (instance.Exposed is not { } exposed)
            return null;
        var url = new Uri($"http://{_published}:{exposed.ReachedAt.ToString(CultureInfo.InvariantCulture)}");
        if (await AskAsync(url, host, health.Path, cancellation) is not { Status: < ServerError })
            return null;
        // One that listens on PORT and does not answer yet is waited for.
        return await instance.FindListeningPortsAsync() is { } ports && ports.Any(listening => listening.Port == port) ? null : url;
    }

    private static async Task<StepFailedException> ExitedAsync(IProbedInstance instance, string name) =>
        new(FailureReason.AppExited, await instance.DescribeEndAsync(name, await instance.Ended));

    private async Task<StepFailedException> DiagnoseAsync(IProbedInstance instance, string name, HealthCheck health, int port, Answer answer)
    {
        if (answer.Status is { } status)
            return new(FailureReason.HealthCheckFailed, DeployerTexts.HealthCheckFailed(name, health.Path, status, health.Timeout));
        if (await instance.FindListeningPortsAsync() is not { } others)
            return new(FailureReason.AppNotListening, DeployerTexts.NotAnswering(name, health.Path, port, health.Timeout));
        var listens = others.Any(other => other.Port == port);
        if (listens && instance.IsBehindProxy && others.All(other => other.Port != port || other.IsLoopback))
            return new(FailureReason.AppListensElsewhere, DeployerTexts.ListensInsideOnly(name, port));
        if (_host is not null && !instance.IsBehindProxy && !answer.Connected && listens && !await ListensAtAsync(_host, port))
            return new(FailureReason.AppListensElsewhere, DeployerTexts.ListensOnLoopback(name, port, _host));
        // The time may have been up in the middle of the first request.
        if (answer.Connected || listens)
            return new(FailureReason.HealthCheckFailed, DeployerTexts.NoHttpAnswer(name, health.Path, port, health.Timeout, answer.Error));
        return others.Count > 0
            ? new(FailureReason.AppListensElsewhere, DeployerTexts.ListensElsewhere(name, Numbers(others), port))
            : new(FailureReason.AppNotListening, DeployerTexts.NotListening(name, port, health.Timeout));
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static int[] Numbers(IReadOnlyList<ListeningPort> ports) => [.. ports.Select(port => port.Port).Distinct()];

    private static async Task<bool> ListensAtAsync(string host, int port)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        using var connection = new TcpClient();
        try
        {
            await connection.ConnectAsync(host, port, limit.Token);
            return true;
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <returns>Null if nobody listens.</returns>
    private async Task<Answer?> AskAsync(Uri url, string host, string path, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(RequestTimeout);
        using var request = new HttpRequestMessage(HttpMethod.Get, UrlPath.At(url, path));
        request.Headers.Host = host;
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            return new Answer(true, (int)response.StatusCode, null);
        }
        catch (HttpRequestException exception)
        {
            return exception.HttpRequestError == HttpRequestError.ConnectionError ? null : new Answer(true, null, exception.Message);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new Answer(true, null, null);
        }
    }

    private static void Cancel(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // the wait was over before the instance ended
        }
    }

    private sealed record Answer(bool Connected, int? Status, string? Error);
}
