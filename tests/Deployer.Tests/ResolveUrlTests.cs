using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Paas.Contracts;
using Paas.Deployer.Tests.Support;
using Paas.Hosting.Steps;

namespace Paas.Deployer.Tests;

public sealed class ResolveUrlTests
{
    [Fact]
    public async Task The_url_is_what_the_router_answers_at()
    {
        var (url, host, router) = await ResolveAsync("v3", 200);
        url.ShouldBe($"http://shop.apps.example:{router.Port}/");
        host.ShouldBe($"shop.apps.example:{router.Port}");
    }

    [Fact]
    public async Task Behind_a_proxy_the_public_scheme_and_port_are_shown()
    {
        var (url, _, _) = await ResolveAsync("v3", 404, ("Router:PublicScheme", "https"));
        url.ShouldBe("https://shop.apps.example/");
    }

    [Fact]
    public async Task A_release_that_answers_badly_is_the_users_failure()
    {
        var failure = await Should.ThrowAsync<StepFailedException>(() => ResolveAsync("v3", 502));
        failure.Reason.ShouldBe(FailureReason.UrlNotAnswering);
        failure.Message.ShouldContain("502");
    }

    [Theory]
    [InlineData("v2")]
    [InlineData(null)]
    public async Task Another_release_that_answers_is_a_fault(string? release)
    {
        var fault = await Should.ThrowAsync<HttpRequestException>(() => ResolveAsync(release, 200));
        fault.Message.ShouldContain("v3");
    }

    [Fact]
    public async Task A_router_that_cannot_be_reached_is_a_fault()
    {
        await using var platform = await TestPlatform.StartAsync(settings: [("Deployer:UrlTimeout", "00:00:00.5"), ("Router:Address", "http://127.0.0.1:1")]);
        var fault = await Should.ThrowAsync<HttpRequestException>(() => ResolveAsync(platform, TestApp.Python()));
        fault.Message.ShouldContain("http://127.0.0.1:1");
    }

    [Fact]
    public async Task An_app_without_a_web_process_has_no_url()
    {
        await using var platform = await TestPlatform.StartAsync();
        (await ResolveAsync(platform, TestApp.Python(type: "worker"))).ShouldBeNull();
    }

    private static async Task<(string? Url, string Host, Uri Router)> ResolveAsync(string? release, int status, params (string, string?)[] settings)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        await using var router = builder.Build();
        var host = "";
        router.Run(context =>
        {
            host = context.Request.Host.Value!;
            if (release is not null)
                context.Response.Headers["Paas-Release"] = release;
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        });
        await router.StartAsync();

        await using var platform = await TestPlatform.StartAsync(settings: [.. settings, ("Deployer:UrlTimeout", "00:00:01"), ("Paas:Domain", "apps.example")]);
        var address = new Uri(router.Urls.Single());
        platform.Services.GetRequiredService<RouterAddress>().Uri = address;
        return (await ResolveAsync(platform, TestApp.Python()), host, address);
    }

    private static Task<string?> ResolveAsync(TestPlatform platform, RunPlan run) =>
        platform.Services.GetRequiredService<ReleaseDeployer>().ResolveUrlAsync(new ResolveUrl
        {
            DeploymentId = Guid.NewGuid(),
            Attempt = 1,
            AppId = platform.App,
            App = "shop",
            Environment = "production",
            Target = Target.Local,
            Release = 3,
            ImageDigest = "sha256:" + new string('0', 64),
            Run = run,
        }, platform.Log, CancellationToken.None);
}
