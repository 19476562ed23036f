using Paas.Cli.Tests.Fakes;
using Paas.Contracts.Api;

namespace Paas.Cli.Tests;

public sealed class ScaleTests : IAsyncLifetime
{
    private static readonly FormationResponse Formation = new()
    {
        Items =
        [
            new() { Process = "web", Instances = 2, IsSet = true, ManifestInstances = 1 },
            new() { Process = "worker", Instances = 1, IsSet = false, ManifestInstances = 1 },
            new() { Process = "old", Instances = 3, IsSet = true },
        ],
    };

    private FakePlatform _platform = null!;
    private PaasCommand _paas = null!;

    public async ValueTask InitializeAsync()
    {
        _platform = await FakePlatform.StartAsync();
        _paas = new PaasCommand(_platform);
    }

    public async ValueTask DisposeAsync()
    {
        _paas.Dispose();
        await _platform.DisposeAsync();
    }

    [Fact]
    public async Task A_formation_is_shown_with_where_it_comes_from()
    {
        _platform.On("GET /v1/apps/shop/formation", Formation);

        (await _paas.RunAsync("scale", "shop")).ShouldBe(new Outcome(0, """
            PROCESS  INSTANCES  FROM
            web      2          set (the manifest says 1)
            worker   1          the manifest
            old      3          set (not in the live release)

            """, ""));
    }

    [Fact]
    public async Task Scaling_is_followed_to_its_end()
    {
        _platform.On("PATCH /v1/apps/shop/formation", Formation with { DeploymentId = Samples.Id });
        _platform.On($"GET /v1/deployments/{Samples.Id}", Samples.Failed());
        _platform.Stream(Samples.Id, async context =>
        {
            await FakePlatform.DeploymentAsync(context, Samples.Failed());
            await FakePlatform.EndAsync(context);
        });

        var outcome = await _paas.RunAsync("scale", "shop", "web=2", "worker=manifest");

        outcome.ExitCode.ShouldBe(1);
        outcome.Output.ShouldContain("brings this about");
        _platform.Only("PATCH", "/v1/apps/shop/formation").Body.ShouldBe("""{"web":2,"worker":null}""");
    }

    [Theory]
    [InlineData(true, "shop runs like that already.")]
    [InlineData(false, "It takes effect with the first deployment of shop.")]
    public async Task Where_nothing_is_deployed_it_is_said_why(bool isLive, string says)
    {
        _platform.On("PATCH /v1/apps/shop/formation", new FormationResponse
        {
            Items = [new() { Process = "web", Instances = 2, IsSet = true, ManifestInstances = isLive ? 1 : null }],
        });

        var outcome = await _paas.RunAsync("scale", "shop", "web=2");

        outcome.ExitCode.ShouldBe(0, outcome.Error);
        outcome.Output.ShouldContain(says);
    }

    [Theory]
    [InlineData("web")]
    [InlineData("=2")]
    [InlineData("web=-1")]
    [InlineData("web=two")]
    [InlineData("web=")]
    public async Task What_is_no_scale_is_a_wrong_command(string word)
    {
        var outcome = await _paas.RunAsync("scale", "shop", word);

        outcome.ExitCode.ShouldBe(2);
        outcome.Error.ShouldContain("Write web=2");
        _platform.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_restart_is_begun_and_need_not_be_watched()
    {
        _platform.On("POST /v1/apps/shop/restart", Samples.Deployment(DeploymentStates.Requested), 202);

        var outcome = await _paas.RunAsync("restart", "shop", "--no-follow");

        outcome.ExitCode.ShouldBe(0, outcome.Error);
        outcome.Output.ShouldContain(Samples.Name);
    }
}
