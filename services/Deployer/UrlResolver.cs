using System.Globalization;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Hosting;
using Paas.Hosting.Steps;

namespace Paas.Deployer;

/// <summary>The URL of an app behind the platform's router, seen to answer with the release that has just taken over.</summary>
internal sealed class UrlResolver(
    IHttpClientFactory http, RouterAddress router, IOptions<PaasOptions> paas, IOptions<DeployerOptions> options, TimeProvider clock)
{
    public const string HttpClient = nameof(UrlResolver);
    private const string ReleaseHeader = "Paas-Release";
    private const int ServerError = 500;
    private static readonly TimeSpan Wait = TimeSpan.FromMilliseconds(250);

    /// <returns>Null for an app without a web process.</returns>
    /// <exception cref="StepFailedException">The release answers, but badly.</exception>
    /// <exception cref="HttpRequestException">The router can't be reached, or something else answers.</exception>
    public async Task<Uri?> ResolveAsync(ResolveUrl command, IStepLog log, CancellationToken cancellation)
    {
        if (!command.Run.Processes.Any(type => type is { Name: ProcessType.Web, Scale: > 0 }))
        {
            log.Heading(command.Run.Processes.Any(type => type.Name == ProcessType.Web) ? DeployerTexts.WebScaledToZero(command.App) : DeployerTexts.NoWebProcess());
            return null;
        }

        var url = router.PublicUrl($"{command.App}.{paas.Value.Domain}");
        var shown = UrlPath.At(url, command.Run.Health.Path).ToString();
        log.Heading(DeployerTexts.Asking(shown));
        using var timeout = new CancellationTokenSource(options.Value.UrlTimeout, clock);
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        Exception problem = new TimeoutException(DeployerTexts.RouterUnreachable(router.Uri, "no answer"));
        try
        {
            while (true)
            {
                try
                {
                    var (release, status) = await AskAsync(url, command.Run.Health.Path, giveUp.Token);
                    if (release != "v" + command.Release.ToString(CultureInfo.InvariantCulture))
                        problem = new HttpRequestException(DeployerTexts.OtherRelease(shown, command.Release, release));
                    else if (status >= ServerError)
                        problem = new StepFailedException(FailureReason.UrlNotAnswering, DeployerTexts.UrlNotAnswering(shown, status));
                    else
                    {
                        log.Detail(DeployerTexts.Answers(shown, status));
                        return url;
                    }
                }
                catch (HttpRequestException exception)
                {
                    problem = new HttpRequestException(DeployerTexts.RouterUnreachable(router.Uri, exception.Message), exception);
                }

                await Task.Delay(Wait, clock, giveUp.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw problem;
        }
    }

    private async Task<(string? Release, int Status)> AskAsync(Uri url, string path, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, UrlPath.At(router.Uri, path));
        request.Headers.Host = url.Authority;
        using var response = await http.CreateClient(HttpClient).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        var release = response.Headers.TryGetValues(ReleaseHeader, out var values) ? values.First() : null;
        return (release, (int)response.StatusCode);
    }
}
