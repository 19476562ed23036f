using System.Net;
using System.Net.Http.Headers;
using Paas.Contracts;
using Paas.Deployer.Tests.Support;

namespace Paas.Deployer.Tests.Local;

public sealed class StaticSiteTests : IAsyncLifetime
{
    private static readonly RunPlan Site = new()
    {
        Runtime = RuntimeName.Static,
        StaticRoot = "public",
        Processes = [new ProcessType { Name = ProcessType.Web }],
    };

    private TestPlatform _platform = null!;

    public async ValueTask InitializeAsync()
    {
        _platform = await TestPlatform.StartAsync();
        await File.WriteAllTextAsync(Path.Combine(_platform.DataDirectory, "secret.txt"), "secret");
        var digest = await _platform.PackAsync(
            ("public/index.html", "<h1>Grüezi</h1>"), ("public/about.html", "about"), ("public/404.html", "<h1>gone</h1>"),
            ("public/docs/index.html", "docs"), ("public/empty/note.txt", "ü"), ("public/app.3f2a9c01.js", "1"), ("public/data.weird", "?"),
            ("public/.env", "SECRET=1"), ("public/.git/config", "secret"), ("public/.paas.yml", "secret"), ("public/.well-known/security.txt", "mailto"),
            ("public/inside.txt", "-> empty/note.txt"), ("public/hidden.txt", "-> .env"), ("public/up.txt", "-> ../outside.txt"), ("outside.txt", "secret"));
        await _platform.DeployAsync(TestApp.Release(_platform.App, 1, digest, Site));
    }

    public ValueTask DisposeAsync() => _platform.DisposeAsync();

    [Theory]
    [InlineData("/", "text/html; charset=utf-8", "<h1>Grüezi</h1>")]
    [InlineData("/about", "text/html; charset=utf-8", "about")]
    [InlineData("/docs/", "text/html; charset=utf-8", "docs")]
    [InlineData("/empty/note.txt", "text/plain; charset=utf-8", "ü")]
    [InlineData("/inside.txt", "text/plain; charset=utf-8", "ü")]
    [InlineData("/data.weird", "application/octet-stream", "?")]
    [InlineData("/.well-known/security.txt", "text/plain; charset=utf-8", "mailto")]
    public async Task Files_are_served_as_what_they_are(string path, string type, string content)
    {
        using var response = await GetAsync(path);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.Content.Headers.ContentType!.ToString().ShouldBe(type);
        (await response.Content.ReadAsStringAsync()).ShouldBe(content);
    }

    [Theory]
    [InlineData("/.env")]
    [InlineData("/.git/config")]
    [InlineData("/.paas.yml")]
    [InlineData("/hidden.txt")]
    [InlineData("/up.txt")]
    [InlineData("/leaves.txt")]
    [InlineData("/%2e%2e/outside.txt")]
    [InlineData("/..%2foutside.txt")]
    [InlineData("/empty/")]
    [InlineData("/nothing")]
    public async Task What_is_not_public_is_not_there(string path)
    {
        // No archive brings such a link in, but the app's release command could make one.
        var link = Path.Combine(_platform.AppFolder, "releases/v1/slug/public/leaves.txt");
        if (!File.Exists(link))
            File.CreateSymbolicLink(link, Path.Combine(_platform.DataDirectory, "secret.txt"));
        using var response = await GetAsync(path);
        response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await response.Content.ReadAsStringAsync()).ShouldBe("<h1>gone</h1>");
    }

    [Fact]
    public async Task A_browser_that_has_the_file_is_told_so_until_the_next_release()
    {
        using var first = await GetAsync("/");
        first.Headers.CacheControl!.NoCache.ShouldBeTrue();
        first.Content.Headers.LastModified.ShouldNotBeNull();
        using var second = await GetAsync("/", request => request.Headers.IfNoneMatch.Add(first.Headers.ETag!));
        second.StatusCode.ShouldBe(HttpStatusCode.NotModified);

        var digest = await _platform.PackAsync(("public/index.html", "<h1>Grüezo</h1>"));
        await _platform.DeployAsync(TestApp.Release(_platform.App, 2, digest, Site));
        using var third = await GetAsync("/", request => request.Headers.IfNoneMatch.Add(first.Headers.ETag!));
        (await third.Content.ReadAsStringAsync()).ShouldBe("<h1>Grüezo</h1>");
    }

    [Fact]
    public async Task Fingerprinted_names_may_be_kept_for_ever_and_ranges_are_served()
    {
        using var script = await GetAsync("/app.3f2a9c01.js");
        script.Headers.CacheControl!.ToString().ShouldContain("immutable");
        using var part = await GetAsync("/", request => request.Headers.Range = new RangeHeaderValue(0, 3));
        part.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
        (await part.Content.ReadAsStringAsync()).ShouldBe("<h1>");
    }

    [Theory]
    [InlineData("/docs?q=1", "/docs/?q=1")]
    [InlineData("//docs", "/docs/")]
    public async Task A_folder_without_its_slash_is_redirected_within_the_site(string path, string location)
    {
        using var response = await GetAsync(path);
        response.StatusCode.ShouldBe(HttpStatusCode.MovedPermanently);
        response.Headers.Location!.OriginalString.ShouldBe(location);
    }

    [Fact]
    public async Task A_missing_folder_is_named()
    {
        var digest = await _platform.PackAsync(("index.html", "x"));
        var failure = await _platform.FailAsync(TestApp.Release(_platform.App, 3, digest, Site with { StaticRoot = "dist" }));
        failure.Message.ShouldContain("'dist'");
    }

    private async Task<HttpResponseMessage> GetAsync(string path, Action<HttpRequestMessage>? prepare = null)
    {
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        var instance = _platform.Router.InstanceOf(_platform.App);
        using var request = new HttpRequestMessage(HttpMethod.Get,
            new Uri(instance.GetLeftPart(UriPartial.Authority) + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        prepare?.Invoke(request);
        return await http.SendAsync(request);
    }
}
