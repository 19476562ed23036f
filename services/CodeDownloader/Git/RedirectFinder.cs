using System.Net.Http.Headers;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Hosting.Source;
using Paas.Hosting.Steps;

namespace Paas.CodeDownloader.Git;

/// <summary>
/// Finds where a repository has moved. Git itself is not let follow redirects: it would follow them to any host,
/// and take the token along. Here a redirect is followed on the same host only (a repository was renamed, or http
/// became https), never away from https.
/// </summary>
public sealed class RedirectFinder(IOptions<SourceOptions> options) : IDisposable
{
    private const string Advertisement = "/info/refs?service=git-upload-pack";

    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
    {
        Timeout = TimeSpan.FromSeconds(30),
    };

    internal async Task<RepositoryUrl> FindAsync(RepositoryUrl url, string? authorization, CancellationToken cancellation)
    {
        var location = await AskAsync(url, authorization, cancellation);
        var suffix = location?.PathAndQuery.IndexOf(Advertisement, StringComparison.Ordinal) ?? -1;
        if (location is null || suffix < 0)
            throw new StepFailedException(FailureReason.RepositoryNotFound, CodeDownloaderTexts.RedirectedNowhere(url));
        var target = location.GetLeftPart(UriPartial.Authority) + location.PathAndQuery[..suffix];
        if (RepositoryUrl.TryParse(target, options.Value, out var moved, out _)
            && moved.Host == url.Host
            && (moved.Scheme == url.Scheme ? moved.Port == url.Port : moved.Scheme == "https"))
            return moved;
        throw new StepFailedException(
            FailureReason.RepositoryUrlRefused, CodeDownloaderTexts.RedirectedElsewhere(url, GitErrors.Sanitise(target, null)));
    }

    public void Dispose() => _http.Dispose();

    private async Task<Uri?> AskAsync(RepositoryUrl url, string? authorization, CancellationToken cancellation)
    {
        var asked = new Uri(url.Value.TrimEnd('/') + Advertisement);
        using var request = new HttpRequestMessage(HttpMethod.Get, asked);
        request.Headers.UserAgent.ParseAdd("git/2 (paas)");
        if (authorization is not null)
            request.Headers.Authorization = AuthenticationHeaderValue.Parse(authorization);
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            var location = response.Headers.Location;
            return location is null ? null : new Uri(asked, location);
        }
        catch (Exception exception) when (exception is HttpRequestException or UriFormatException
            || (exception is TaskCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new CodeDownloadException(CodeDownloaderTexts.Unreachable(url, GitErrors.Sanitise(exception.Message, authorization)));
        }
    }
}
