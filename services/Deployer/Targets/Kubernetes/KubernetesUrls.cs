using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Deployer.Targets.Kubernetes.Rollouts;
using Paas.Hosting.Steps;
using Paas.Kubernetes;

namespace Paas.Deployer.Targets.Kubernetes;

/// <summary>The URL of an app on the cluster, seen to answer while instances of the release run what was built.</summary>
internal sealed class KubernetesUrls(
    KubernetesServices services, IHttpClientFactory http, IOptions<DeployerOptions> options, TimeProvider clock)
{
    private const int ServerError = 500;
    private static readonly TimeSpan Wait = TimeSpan.FromMilliseconds(250);

    /// <returns>Null for an app without a web process.</returns>
    /// <exception cref="StepFailedException">The app answers, but badly.</exception>
    /// <exception cref="HttpRequestException">The URL can't be reached.</exception>
    public async Task<Uri?> ResolveAsync(ResolveUrl command, AppNamespace app, IStepLog log, CancellationToken cancellation)
    {
        await CheckImageAsync(command, app, cancellation);
        if (!command.Run.Processes.Any(type => type is { Name: ProcessType.Web, Scale: > 0 }))
        {
            log.Heading(DeployerTexts.NoWebProcess());
            return null;
        }

        var url = await UrlAsync(app, cancellation);
        var shown = UrlPath.At(url, command.Run.Health.Path).ToString();
        log.Heading(DeployerTexts.Asking(shown));
        using var timeout = new CancellationTokenSource(options.Value.UrlTimeout, clock);
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        Exception problem = new TimeoutException(KubernetesTargetTexts.UrlUnreachable(shown, "no answer"));
        try
        {
            while (true)
            {
                try
                {
                    var status = await AskAsync(url, command.Run.Health.Path, giveUp.Token);
                    if (status < ServerError)
                    {
                        log.Detail(DeployerTexts.Answers(shown, status));
                        return url;
                    }

                    problem = new StepFailedException(FailureReason.UrlNotAnswering, DeployerTexts.UrlNotAnswering(shown, status));
                }
                catch (HttpRequestException exception)
                {
                    problem = new HttpRequestException(KubernetesTargetTexts.UrlUnreachable(shown, exception.Message), exception);
                }

                await Task.Delay(Wait, clock, giveUp.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw problem;
        }
    }

    /// <summary>What runs has to be what was built.</summary>
    private async Task CheckImageAsync(ResolveUrl command, AppNamespace app, CancellationToken cancellation)
    {
        var version = AppNamespace.VersionOf(command.Release);
        var pods = (await services.Cluster.ListAsync(KubernetesResource.Pods, app.Name, cancellation, labels: $"{AppNamespace.NameLabel}={app.App},{AppNamespace.Version}={version}"))
            .Items.Where(pod => pod.DeletionTimestamp is null && RolloutReader.Condition(pod, "Ready")?.Status == "True").ToList();
        if (pods.Count == 0 && command.Run.Processes.Any(process => process.Scale > 0))
            throw new InvalidOperationException(KubernetesTargetTexts.NoPods(version));
        foreach (var pod in pods)
        {
            var image = (string?)pod.Read("spec", "containers")?[0]?["image"] ?? "";
            // A runtime that names what it runs by the digest it was pulled by has the last word; others name a configuration.
            var runs = (string?)(pod.Read("status", "containerStatuses") as JsonArray)?[0]?["imageID"] ?? "";
            var isOther = runs.Contains('@', StringComparison.Ordinal) && !runs.EndsWith(command.ImageDigest, StringComparison.Ordinal);
            if (isOther || !image.EndsWith("@" + command.ImageDigest, StringComparison.Ordinal))
                throw new StepPermanentException(KubernetesTargetTexts.OtherImage(pod.Name, isOther ? runs : image, command.ImageDigest));
        }
    }

    private async Task<Uri> UrlAsync(AppNamespace app, CancellationToken cancellation)
    {
        var target = services.Target;
        switch (target.Exposure)
        {
            case Exposure.LoadBalancer:
                return await LoadBalancerAsync(app, cancellation);
            case Exposure.NodePort:
                var service = await services.Cluster.FindAsync(KubernetesResource.Services, app.Name, ProcessType.Web, cancellation);
                var port = RolloutReader.Number(service?.Read("spec", "ports")?[0]?["nodePort"]);
                return new UriBuilder(Uri.UriSchemeHttp, target.NodeAddress!, port, "/").Uri;
            default:
                return new UriBuilder(target.TlsSecret is null ? Uri.UriSchemeHttp : Uri.UriSchemeHttps, services.HostOf(app.App), target.IngressPort ?? -1, "/").Uri;
        }
    }

    private async Task<Uri> LoadBalancerAsync(AppNamespace app, CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(services.Target.LoadBalancerTimeout, clock);
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        try
        {
            await foreach (var (_, service) in services.Cluster.WatchAsync(KubernetesResource.Services, app.Name, giveUp.Token, fields: $"metadata.name={ProcessType.Web}"))
            {
                var first = (service.Read("status", "loadBalancer", "ingress") as JsonArray)?.FirstOrDefault();
                if (((string?)first?["hostname"] ?? (string?)first?["ip"]) is { Length: > 0 } address)
                    return new UriBuilder(Uri.UriSchemeHttp, address, -1, "/").Uri;
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // Said below.
        }

        throw new TimeoutException(KubernetesTargetTexts.NoAddress(ProcessType.Web, services.Target.LoadBalancerTimeout));
    }

    private async Task<int> AskAsync(Uri url, string path, CancellationToken cancellation)
    {
        // Where the name does not lead to the cluster from here, the controller is asked directly.
        var root = services.Target is { Exposure: Exposure.Ingress, IngressAddress: { } address } ? address : url;
        using var request = new HttpRequestMessage(HttpMethod.Get, UrlPath.At(root, path));
        request.Headers.Host = url.Authority;
        using var response = await http.CreateClient(UrlResolver.HttpClient).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        return (int)response.StatusCode;
    }
}
