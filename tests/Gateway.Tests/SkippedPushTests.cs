using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts.Api;
using Paas.Gateway.Webhooks;

namespace Paas.Gateway.Tests;

public sealed class SkippedPushTests : IAsyncLifetime
{
    private GatewayHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await GatewayHost.StartAsync();
        await _host.CreateAppAsync("shop");
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [InlineData("Docs only [skip ci]", "[skip ci]")]
    [InlineData("[CI skip] Docs", "[CI skip]")]
    [InlineData("Docs\n\nMore about them [no ci]", "[no ci]")]
    [InlineData("[skip actions]", "[skip actions]")]
    [InlineData("[actions skip]", "[actions skip]")]
    [InlineData("[skip deploy]", "[skip deploy]")]
    [InlineData("Docs\n\n\nskip-checks: true", "skip-checks: true")]
    public async Task A_push_whose_newest_commit_asks_for_it_is_left_out_with_the_reason(string message, string marker) =>
        (await SkipReasonAsync(GatewayHost.Payload(message: message)))!.ShouldStartWith($"The newest commit says {marker}, so the push is not deployed.");

    [Theory]
    [InlineData("Skip CI")]
    [InlineData("Explain [skip] and [ci]")]
    [InlineData("skip-checks: true, says the documentation")]
    public async Task Other_messages_do_not_ask_for_it(string message) => (await SkipReasonAsync(GatewayHost.Payload(message: message))).ShouldBeNull();

    [Fact]
    public async Task Words_at_the_end_of_a_long_message_count() =>
        (await SkipReasonAsync(GatewayHost.Payload(message: new string('x', 3_000) + " [skip ci]"))).ShouldNotBeNull();

    [Fact]
    public async Task Only_the_newest_commit_decides()
    {
        var payload = JsonNode.Parse(GatewayHost.Payload())!;
        payload["commits"]![0]!["message"] = "Older [skip ci]";
        (await SkipReasonAsync(payload.ToJsonString())).ShouldBeNull();
    }

    [Fact]
    public async Task An_app_can_deploy_them_all_the_same()
    {
        await UpdateAsync(new { skipCi = false });
        (await SkipReasonAsync(GatewayHost.Payload(message: "[skip ci]"))).ShouldBeNull();
        (await (await _host.Client.GetAsync("/v1/apps/shop")).Content.ReadFromJsonAsync<AppResponse>())!.SkipCi.ShouldBeFalse();
    }

    [Fact]
    public async Task A_push_that_touches_no_watched_path_is_left_out_with_the_reason()
    {
        await UpdateAsync(new { watchPaths = new[] { "api/**", "shared" } });

        (await SkipReasonAsync(Push(["docs/a.md"], ["README.md"]))).ShouldBe(
            "The push changes none of the paths that shop watches (api/**, shared), so it is not deployed. 'paas deploy shop' deploys it.");
        (await SkipReasonAsync(Push(["docs/a.md"], ["shared/x/y.cs"]))).ShouldBeNull();
        (await SkipReasonAsync(Push(["api/main.py"]))).ShouldBeNull();
    }

    [Theory]
    [InlineData("forced")]
    [InlineData("created")]
    public async Task A_push_of_which_not_all_files_are_told_is_deployed(string flag)
    {
        await UpdateAsync(new { watchPaths = new[] { "api/**" } });
        var payload = JsonNode.Parse(Push(["docs/a.md"]))!;
        payload[flag] = true;
        (await SkipReasonAsync(payload.ToJsonString())).ShouldBeNull();
        (await SkipReasonAsync(Push(Enumerable.Repeat<string[]>(["docs/a.md"], 2_048).ToArray()))).ShouldBeNull();
        (await SkipReasonAsync(Push())).ShouldBeNull();
        (await SkipReasonAsync(GatewayHost.Payload())).ShouldBeNull("its commits name no files");
    }

    [Theory]
    [InlineData("**", "a/b.c", true)]
    [InlineData("*.md", "README.md", true)]
    [InlineData("*.md", "docs/README.md", false)]
    [InlineData("**/*.md", "README.md", true)]
    [InlineData("**/*.md", "docs/a/README.md", true)]
    [InlineData("docs", "docs/a/README.md", true)]
    [InlineData("/docs/", "docs/a/README.md", true)]
    [InlineData("docs", "docs2/a", false)]
    [InlineData("api/**", "api/a/b", true)]
    [InlineData("api/**", "apis/a", false)]
    [InlineData("a?c/[x]", "abc/[x]", true)]
    [InlineData("a.c", "abc", false)]
    [InlineData("!docs/**", "docs/a", false)]
    [InlineData("!docs/**", "api/a", true)]
    public void Patterns_fit_as_in_workflows(string pattern, string path, bool fits) => new WatchedPaths([pattern]).Watches(path).ShouldBe(fits);

    [Fact]
    public void The_last_pattern_that_fits_decides()
    {
        var watched = new WatchedPaths(["src/**", "!src/docs/**", "src/docs/api.json"]);
        watched.Watches("src/a").ShouldBeTrue();
        watched.Watches("src/docs/a").ShouldBeFalse();
        watched.Watches("src/docs/api.json").ShouldBeTrue();
    }

    [Theory]
    [InlineData("")]
    [InlineData("!")]
    [InlineData("/")]
    [InlineData("a\nb")]
    public async Task What_is_no_pattern_is_refused(string pattern)
    {
        var answer = await _host.Client.PatchAsJsonAsync("/v1/apps/shop", new { watchPaths = new[] { pattern } });
        ((int)answer.StatusCode).ShouldBe(400);
    }

    private static string Push(params string[][] commits)
    {
        var payload = JsonNode.Parse(GatewayHost.Payload())!;
        payload["commits"] = new JsonArray([.. commits.Select(files => (JsonNode)new JsonObject
        {
            ["id"] = "1",
            ["author"] = new JsonObject { ["added"] = "no list" },
            ["added"] = new JsonArray(),
            ["removed"] = new JsonArray(),
            ["modified"] = new JsonArray([.. files.Select(file => (JsonNode)file)]),
        })]);
        return payload.ToJsonString();
    }

    private async Task UpdateAsync(object change) => (await _host.Client.PatchAsJsonAsync("/v1/apps/shop", change)).EnsureSuccessStatusCode();

    private async Task<string?> SkipReasonAsync(string payload)
    {
        var answer = await _host.DeliverAsync(payload);
        var accepted = (await answer.Content.ReadFromJsonAsync<DeliveryAccepted>())!;
        accepted.Decision.ShouldBe(DeliveryDecisions.Pending);
        return await _host.WithDbAsync(db => db.Deliveries.Where(delivery => delivery.Id == accepted.Id).Select(delivery => delivery.SkipReason).SingleAsync());
    }
}
