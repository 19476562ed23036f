using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Persistence.Entities;

namespace Paas.Gateway.Tests;

public sealed class ApiTests : IAsyncLifetime
{
    private GatewayHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await GatewayHost.StartAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task An_app_is_made_with_a_secret_that_is_shown_once()
    {
        var answer = await _host.Client.PostAsJsonAsync("/v1/apps", new { name = "shop", repository = "https://github.com/acme/shop", repositoryToken = "ghp_1" });
        answer.StatusCode.ShouldBe(HttpStatusCode.Created);
        answer.Headers.Location!.ToString().ShouldBe("/v1/apps/shop");
        var made = (await answer.Content.ReadFromJsonAsync<AppResponse>())!;
        made.WebhookSecret!.Length.ShouldBeGreaterThan(30);
        made.WebhookUrl.ShouldBe($"{_host.Url}webhooks/github/shop");
        made.Url.ShouldBe($"http://shop.apps.test:{_host.Url.Port}/");
        (made.Branch, made.Target, made.Policy, made.Environment).ShouldBe(("main", "local", "latest", "production"));
        (await _host.DeliverAsync(GatewayHost.Payload(), secret: made.WebhookSecret)).StatusCode.ShouldBe(HttpStatusCode.Accepted);

        var shown = await _host.Client.GetStringAsync("/v1/apps/shop");
        shown.ShouldNotContain(made.WebhookSecret);
        shown.ShouldNotContain("ghp_1");
        var stored = await _host.WithDbAsync(db => db.Apps.SingleAsync());
        stored.SealedWebhookSecret.ShouldNotContain(made.WebhookSecret);
        stored.SealedRepositoryToken!.ShouldNotContain("ghp_1");
    }

    [Theory]
    [InlineData("""{"repository":"https://github.com/a/b"}""", "name")]
    [InlineData("""{"name":"","repository":"https://github.com/a/b"}""", "name")]
    [InlineData("""{"name":"a","repository":"https://github.com/a/b"}""", "name")]
    [InlineData("""{"name":"Shop","repository":"https://github.com/a/b"}""", "name")]
    [InlineData("""{"name":"1shop","repository":"https://github.com/a/b"}""", "name")]
    [InlineData("""{"name":"shop-","repository":"https://github.com/a/b"}""", "name")]
    [InlineData("""{"name":"shop\n","repository":"https://github.com/a/b"}""", "name")]
    [InlineData("""{"name":"xn--shop","repository":"https://github.com/a/b"}""", "name")]
    [InlineData("""{"name":"www","repository":"https://github.com/a/b"}""", "name")]
    [InlineData("""{"name":"../../etc","repository":"https://github.com/a/b"}""", "name")]
    [InlineData("""{"name":"shop';--","repository":"https://github.com/a/b"}""", "name")]
    [InlineData("""{"name":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","repository":"https://github.com/a/b"}""", "name")]
    [InlineData("""{"name":"shöp","repository":"https://github.com/a/b"}""", "name")]
    [InlineData("""{"name":"shop"}""", "repository")]
    [InlineData("""{"name":"shop","repository":"file:///etc"}""", "repository")]
    [InlineData("""{"name":"shop","repository":"ext::sh -c id"}""", "repository")]
    [InlineData("""{"name":"shop","repository":"https://u:p@github.com/a/b"}""", "repository")]
    [InlineData("""{"name":"shop","repository":"https://github.com/a/b","branch":"a..b"}""", "branch")]
    [InlineData("""{"name":"shop","repository":"https://github.com/a/b","branch":""}""", "branch")]
    [InlineData("""{"name":"shop","repository":"https://github.com/a/b","target":"moon"}""", "target")]
    [InlineData("""{"name":"shop","repository":"https://github.com/a/b","target":"kubernetes"}""", "target")]
    [InlineData("""{"name":"shop","repository":"https://github.com/a/b","policy":"all"}""", "policy")]
    [InlineData("""{"name":"shop","repository":"https://github.com/a/b","webhookSecret":"short"}""", "webhookSecret")]
    [InlineData("""{"name":"shop","repository":"https://github.com/a/b","webhookSecret":""}""", "webhookSecret")]
    [InlineData("""{"name":"shop","repository":"https://github.com/a/b","repositoryToken":"a\nb"}""", "repositoryToken")]
    [InlineData("""{"name":"shop","repository":"https://github.com/a/b","colour":"red"}""", "colour")]
    [InlineData("""{"name":7,"repository":"https://github.com/a/b"}""", "name")]
    public async Task A_wrong_value_is_refused_by_name(string body, string field)
    {
        var answer = await _host.Client.PostAsync("/v1/apps", Json(body));
        var problem = await ProblemAsync(answer, 400);
        problem.GetProperty("errors").GetProperty(field)[0].GetString().ShouldBe(problem.GetProperty("detail").GetString());
        (await _host.WithDbAsync(db => db.Apps.CountAsync())).ShouldBe(0);
    }

    [Theory]
    [InlineData("{\"name\":\n x}", "line 2")]
    [InlineData("[]", "object")]
    [InlineData("""{"name":"a","name":"b"}""", "twice")]
    [InlineData("", "name, repository")]
    public async Task A_malformed_body_is_refused(string body, string says) =>
        (await ProblemAsync(await _host.Client.PostAsync("/v1/apps", Json(body)), 400)).GetProperty("detail").GetString()!.ShouldContain(says);

    [Fact]
    public async Task A_name_is_given_once_even_at_the_same_moment()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => _host.Client.PostAsJsonAsync("/v1/apps", new { name = "shop", repository = "https://github.com/a/b" })));
        answers.Count(answer => answer.StatusCode == HttpStatusCode.Created).ShouldBe(1);
        answers.Count(answer => answer.StatusCode == HttpStatusCode.Conflict).ShouldBe(4);
    }

    [Fact]
    public async Task An_app_is_changed_and_removed()
    {
        await _host.CreateAppAsync("shop");
        var answer = await _host.Client.PatchAsJsonAsync("/v1/apps/shop", new { branch = "refs/heads/feature/x", repository = "https://github.com/Acme/two.git", policy = "queue", webhookSecret = "another secret, long" });
        var app = (await answer.Content.ReadFromJsonAsync<AppResponse>())!;
        (app.Branch, app.Repository, app.Policy, app.WebhookSecret).ShouldBe(("feature/x", "https://github.com/Acme/two.git", "queue", "another secret, long"));
        (await _host.DeliverAsync(GatewayHost.Payload(repository: "https://github.com/acme/TWO"), secret: "another secret, long")).StatusCode.ShouldBe(HttpStatusCode.Accepted);

        await _host.Client.PatchAsJsonAsync("/v1/apps/shop/config-vars", new { A = "1" });
        var deployment = await _host.Client.PostAsync("/v1/apps/shop/deployments", null);
        var id = (await deployment.Content.ReadFromJsonAsync<DeploymentResponse>())!.Id;
        (await _host.Client.DeleteAsync("/v1/apps/shop")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await _host.Received.OneAsync<CancelDeployment>()).DeploymentId.ShouldBe(id);
        (await _host.Received.OneAsync<RemoveApp>()).App.ShouldBe("shop");
        (await _host.Client.GetAsync("/v1/apps/shop")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await _host.Client.GetAsync($"/v1/deployments/{id}")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await _host.Client.GetFromJsonAsync<Page<DeploymentResponse>>("/v1/deployments"))!.Items.ShouldBeEmpty();
        (await _host.WithDbAsync(db => db.ConfigVars.CountAsync())).ShouldBe(0);
        (await _host.WithDbAsync(db => db.Environments.CountAsync())).ShouldBe(0);
    }

    [Fact]
    public async Task Lists_are_paged_newest_first()
    {
        for (var i = 0; i < 5; i++)
            await _host.CreateAppAsync($"app-{i}");
        var names = new List<string>();
        var pages = 0;
        for (string? cursor = ""; cursor is not null; pages++)
        {
            var page = (await _host.Client.GetFromJsonAsync<Page<AppResponse>>($"/v1/apps?limit=2&cursor={cursor}"))!;
            names.AddRange(page.Items.Select(app => app.Name));
            cursor = page.Next;
        }

        names.ShouldBe(["app-4", "app-3", "app-2", "app-1", "app-0"]);
        pages.ShouldBe(3);
        foreach (var query in (string[])["limit=0", "limit=201", "limit=x", "cursor=!", "cursor=AAAA"])
            await ProblemAsync(await _host.Client.GetAsync($"/v1/apps?{query}"), 400);
    }

    [Theory]
    [InlineData("GET", "/v1/apps/none", 404)]
    [InlineData("GET", "/v1/nothing", 404)]
    [InlineData("GET", "/v1/apps/..%2f..%2fetc%2fpasswd", 404)]
    [InlineData("GET", "/v1/deployments/7", 404)]
    [InlineData("GET", "/v1/deployments/00000000-0000-0000-0000-000000000000", 404)]
    [InlineData("GET", "/v1/deployments/00000000-0000-0000-0000-000000000000/logs", 404)]
    [InlineData("PUT", "/v1/apps", 405)]
    [InlineData("GET", "/webhooks/github", 405)]
    public async Task What_is_not_there_is_told_what_there_is(string method, string path, int status)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.Authorization = _host.Client.DefaultRequestHeaders.Authorization;
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        var problem = await ProblemAsync(await _host.Client.SendAsync(request), status);
        problem.GetProperty("title").GetString().ShouldNotBeNullOrEmpty();
        problem.GetProperty("detail").GetString()!.Length.ShouldBeGreaterThan(20);
    }

    [Fact]
    public async Task Other_bodies_than_json_and_huge_ones_are_refused()
    {
        await ProblemAsync(await _host.Client.PostAsync("/v1/apps", new StringContent("name=x", Encoding.UTF8, "text/plain")), 415);
        await ProblemAsync(await _host.Client.PostAsync("/v1/apps", Json("{\"name\":\"" + new string('x', 1_100_000) + "\"}")), 413);
    }

    [Fact]
    public async Task Targets_that_are_configured_can_be_chosen()
    {
        await using var host = await GatewayHost.StartAsync(new() { ["Gateway:Targets:0"] = "docker", ["Gateway:PublicUrl"] = "https://paas.example.com" });
        var answer = await host.Client.PostAsJsonAsync("/v1/apps", new { name = "shop", repository = "https://github.com/a/b", target = "docker" });
        var app = (await answer.Content.ReadFromJsonAsync<AppResponse>())!;
        app.WebhookUrl.ShouldBe("https://paas.example.com/webhooks/github/shop");
        app.Url.ShouldBe("https://shop.apps.test/");
        await ProblemAsync(await host.Client.PostAsJsonAsync("/v1/apps", new { name = "two", repository = "https://github.com/a/b" }), 400);
    }

    [Fact]
    public async Task Health_openapi_and_the_front_page_are_open_to_all()
    {
        using var stranger = _host.NewClient();
        (await stranger.GetStringAsync("/health/live")).ShouldContain("Healthy");
        await GatewayHost.UntilAsync(async () => (await stranger.GetAsync("/health/ready")).IsSuccessStatusCode, "readiness");
        (await stranger.GetStringAsync("/health/ready")).ShouldContain("database");
        (await stranger.GetStringAsync("/")).ShouldContain("/openapi/v1.json");
        var api = JsonDocument.Parse(await stranger.GetStringAsync("/openapi/v1.json")).RootElement;
        api.GetProperty("components").GetProperty("securitySchemes").GetProperty("Bearer").GetProperty("scheme").GetString().ShouldBe("bearer");
        var paths = api.GetProperty("paths");
        foreach (var path in (string[])["/webhooks/github", "/v1/apps", "/v1/apps/{app}/config-vars", "/v1/deployments/{id}/logs", "/v1/admin/faults/{id}/replay"])
            paths.GetProperty(path).EnumerateObject().First().Value.GetProperty("summary").GetString().ShouldNotBeNullOrEmpty();
        paths.GetProperty("/v1/apps").GetProperty("post").GetProperty("requestBody").ToString().ShouldContain("CreateAppRequest");

        await _host.WithDbAsync(async db => await db.Database.ExecuteSqlRawAsync("DROP TABLE access_tokens"));
        (await stranger.GetAsync("/health/ready")).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await stranger.GetAsync("/health/live")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    private static async Task<JsonElement> ProblemAsync(HttpResponseMessage answer, int status)
    {
        var text = await answer.Content.ReadAsStringAsync();
        ((int)answer.StatusCode).ShouldBe(status, text);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        return JsonDocument.Parse(text).RootElement;
    }
}
