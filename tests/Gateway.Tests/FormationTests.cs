using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Persistence;
using Paas.Persistence.Entities;

namespace Paas.Gateway.Tests;

public sealed class FormationTests : IAsyncLifetime
{
    private GatewayHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await GatewayHost.StartAsync(new() { ["Gateway:MaxInstances"] = "10" });
        await _host.CreateAppAsync("shop");
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Before_the_first_deployment_a_formation_is_kept_for_it()
    {
        (await ShowAsync()).ShouldBeEmpty();

        var changed = await ChangeAsync("""{"web":2,"worker":0}""");

        changed.DeploymentId.ShouldBeNull();
        (await ShowAsync()).ShouldBe([("web", 2, true, null), ("worker", 0, true, null)]);
        (await EnvironmentAsync()).Formation.ShouldBe(new Dictionary<string, int> { ["web"] = 2, ["worker"] = 0 }, ignoreOrder: true);
        (await _host.WithDbAsync(db => db.Deployments.CountAsync())).ShouldBe(0);
    }

    [Fact]
    public async Task A_process_type_is_known_by_the_name_in_the_Procfile_as_well()
    {
        (await ChangeAsync("""{"celery_worker":2,"celery-beat":1}""")).DeploymentId.ShouldBeNull();

        (await EnvironmentAsync()).Formation.ShouldBe(new Dictionary<string, int> { ["celery-worker"] = 2, ["celery-beat"] = 1 }, ignoreOrder: true);
    }

    [Fact]
    public async Task Scaling_a_live_app_is_a_deployment_and_null_goes_back_to_the_manifest()
    {
        await ReleaseAsync(ReleaseStates.Live);
        (await ShowAsync()).ShouldBe([("web", 1, false, 1), ("worker", 2, false, 2)]);

        var id = (await ChangeAsync("""{"web":3,"worker":null}""")).DeploymentId.ShouldNotBeNull();

        var deployment = await _host.WithDbAsync(db => db.Deployments.AsNoTracking().SingleAsync(x => x.CorrelationId == id));
        (deployment.Trigger, deployment.Description, deployment.RequestedBy, deployment.Commit).ShouldBe(("scale", "Scale web=3, worker as in the manifest", "admin", "abc"));
        (await _host.Received.OneAsync<DeploymentRequested>()).DeploymentId.ShouldBe(id);
        (await ShowAsync()).ShouldBe([("web", 3, true, 1), ("worker", 2, false, 2)]);
        // What is live still lags behind, so asking again deploys again.
        (await ChangeAsync("""{"web":3}""")).DeploymentId.ShouldNotBeNull();
        (await ChangeAsync("""{"web":null}""")).DeploymentId.ShouldNotBeNull();
        (await ShowAsync()).ShouldBe([("web", 1, false, 1), ("worker", 2, false, 2)]);
        (await ChangeAsync("""{"web":1}""")).DeploymentId.ShouldBeNull();
        (await ChangeAsync("{}")).DeploymentId.ShouldBeNull();
    }

    [Fact]
    public async Task A_change_while_the_first_release_is_on_its_way_is_deployed_after_it()
    {
        await ReleaseAsync(ReleaseStates.Pending);

        (await ChangeAsync("""{"web":2}""")).DeploymentId.ShouldNotBeNull();
    }

    [Theory]
    [InlineData("""{"web":-1}""", "web", "from 0")]
    [InlineData("""{"web":11}""", "web", "to 10")]
    [InlineData("""{"web":"two"}""", "web", "web")]
    [InlineData("""{"web":1.5}""", "web", "web")]
    [InlineData("""{"web":99999999999}""", "web", "web")]
    [InlineData("""{"clock":1}""", "clock", "web, worker")]
    [InlineData("""{"clock":null}""", "clock", "web, worker")]
    [InlineData("""{"web":2,"release":1}""", "release", "web, worker")]
    public async Task What_cannot_be_is_refused_and_changes_nothing(string body, string field, string says)
    {
        await ReleaseAsync(ReleaseStates.Live);
        var problem = await ProblemAsync(body);
        problem.GetProperty("errors").GetProperty(field)[0].GetString()!.ShouldContain(says);
        (await EnvironmentAsync()).Formation.ShouldBeNull();
        (await _host.WithDbAsync(db => db.Deployments.CountAsync())).ShouldBe(0);
    }

    [Theory]
    [InlineData("a.b")]
    [InlineData("")]
    [InlineData("release")]
    [InlineData("a b")]
    [InlineData("web\\n")]
    [InlineData("../web")]
    public async Task Before_the_first_deployment_a_process_type_has_to_be_one_that_can_be(string name) =>
        (await ProblemAsync($$"""{"{{name}}":1}""")).GetProperty("detail").GetString()!.ShouldContain("process type");

    [Fact]
    public async Task A_process_type_that_is_gone_can_be_taken_out_of_the_formation()
    {
        await ChangeAsync("""{"old":2}""");
        await ReleaseAsync(ReleaseStates.Live);
        (await ShowAsync()).ShouldBe([("web", 1, false, 1), ("worker", 2, false, 2), ("old", 2, true, null)]);

        (await ChangeAsync("""{"old":null}""")).DeploymentId.ShouldBeNull();

        (await EnvironmentAsync()).Formation.ShouldBeNull();
    }

    [Fact]
    public async Task A_restart_is_a_deployment_of_what_is_live()
    {
        var early = await _host.Client.PostAsync("/v1/apps/shop/restart", null);
        early.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await early.Content.ReadAsStringAsync()).ShouldContain("Deploy it first");
        (await _host.Client.PostAsync("/v1/apps/nobody/restart", null)).StatusCode.ShouldBe(HttpStatusCode.NotFound);

        await ReleaseAsync(ReleaseStates.Live);
        var answer = await _host.Client.PostAsync("/v1/apps/shop/restart", null);

        answer.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        var shown = (await answer.Content.ReadFromJsonAsync<DeploymentResponse>())!;
        (shown.Trigger, shown.Commit).ShouldBe(("restart", "abc"));
        shown.Steps.Select(step => step.State).ShouldBe(["Skipped", "Skipped", "Skipped", "Skipped", "Pending", "Pending"]);
        (await _host.Received.OneAsync<DeploymentRequested>()).DeploymentId.ShouldBe(shown.Id);
    }

    private async Task<IEnumerable<(string, int, bool, int?)>> ShowAsync() =>
        (await _host.Client.GetFromJsonAsync<FormationResponse>("/v1/apps/shop/formation"))!.Items
            .Select(item => (item.Process, item.Instances, item.IsSet, item.ManifestInstances));

    private async Task<FormationResponse> ChangeAsync(string body)
    {
        var answer = await PatchAsync(body);
        ((int)answer.StatusCode).ShouldBe(200, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync<FormationResponse>())!;
    }

    private async Task<JsonElement> ProblemAsync(string body)
    {
        var answer = await PatchAsync(body);
        ((int)answer.StatusCode).ShouldBe(400, await answer.Content.ReadAsStringAsync());
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    private Task<HttpResponseMessage> PatchAsync(string body) =>
        _host.Client.PatchAsync("/v1/apps/shop/formation", new StringContent(body, Encoding.UTF8, "application/json"));

    private Task<AppEnvironment> EnvironmentAsync() => _host.WithDbAsync(db => db.Environments.AsNoTracking().SingleAsync());

    private Task ReleaseAsync(string state) => _host.WithDbAsync(async (PaasDbContext db) =>
    {
        var environment = await db.Environments.SingleAsync();
        environment.LastRelease = 1;
        environment.LiveRelease = state == ReleaseStates.Live ? 1 : null;
        db.Releases.Add(new Release
        {
            AppId = environment.AppId,
            EnvironmentId = environment.Id,
            Version = 1,
            DeploymentId = Guid.NewGuid(),
            Commit = "abc",
            ImageDigest = "sha256:1",
            RunPlan = new RunPlan { Runtime = "python", Processes = [new() { Name = "web" }, new() { Name = "worker", Scale = 2 }] },
            Description = "Deploy",
            State = state,
            CreatedAt = DateTime.UtcNow,
        });
    });
}
