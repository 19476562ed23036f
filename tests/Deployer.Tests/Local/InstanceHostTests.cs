using Paas.Contracts;
using Paas.Deployer.Tests.Support;

namespace Paas.Deployer.Tests.Local;

/// <summary>The router on another machine or in another container; here, one that reaches the apps at 127.0.0.2.</summary>
public sealed class InstanceHostTests
{
    private const string Host = "127.0.0.2";

    [Fact]
    public async Task The_router_is_told_the_host_of_an_app_that_listens_everywhere()
    {
        await using var platform = await StartAsync();
        var everywhere = TestApp.Web.Replace("\"127.0.0.1\"", "\"0.0.0.0\"", StringComparison.Ordinal);
        var digest = await platform.PackAsync(("app.py", everywhere));
        await platform.DeployAsync(TestApp.Release(platform.App, 1, digest, TestApp.Python()));
        platform.Router.InstanceOf(platform.App).Host.ShouldBe(Host);
        (await platform.AskAsync()).GetProperty("release").GetString().ShouldBe("v1");
    }

    [Fact]
    public async Task A_static_site_is_reached_at_the_host()
    {
        await using var platform = await StartAsync();
        var site = new RunPlan { Runtime = RuntimeName.Static, Processes = [new ProcessType { Name = ProcessType.Web }] };
        await platform.DeployAsync(TestApp.Release(platform.App, 1, await platform.PackAsync(("index.html", "here")), site));
        platform.Router.InstanceOf(platform.App).Host.ShouldBe(Host);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/", UriKind.Relative));
        using var response = await platform.GetAsync(request);
        (await response.Content.ReadAsStringAsync()).ShouldBe("here");
    }

    [Fact]
    public async Task An_app_that_listens_for_itself_only_is_told_so()
    {
        await using var platform = await StartAsync();
        var failure = await platform.FailAsync(await platform.WebAsync(1, TestApp.Python(timeout: 3)));
        failure.Reason.ShouldBe(FailureReason.AppListensElsewhere);
        failure.Message.ShouldContain("0.0.0.0");
        failure.Message.ShouldContain(Host);
    }

    private static Task<TestPlatform> StartAsync() => TestPlatform.StartAsync(settings: ("Deployer:InstanceHost", Host));
}
