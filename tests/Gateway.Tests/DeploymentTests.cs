using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Persistence.Entities;

namespace Paas.Gateway.Tests;

public sealed class DeploymentTests : IAsyncLifetime
{
    private static readonly string Commit = new('c', 40);
    private GatewayHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await GatewayHost.StartAsync();
        await _host.CreateAppAsync("shop");
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [InlineData(null, "refs/heads/main", null)]
    [InlineData("{}", "refs/heads/main", null)]
    [InlineData("""{"ref":"feature/login"}""", "feature/login", null)]
    [InlineData("""{"commit":"CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC","noCache":true}""", null, "cccccccccccccccccccccccccccccccccccccccc")]
    public async Task A_deployment_can_be_asked_for(string? body, string? @ref, string? commit)
    {
        var answer = await PostAsync("/v1/apps/shop/deployments", body);
        answer.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        var deployment = (await answer.Content.ReadFromJsonAsync<DeploymentResponse>())!;
        answer.Headers.Location!.ToString().ShouldBe($"/v1/deployments/{deployment.Id}");
        (deployment.Ref, deployment.Commit, deployment.Trigger, deployment.State).ShouldBe((@ref, commit, "manual", "Requested"));
        deployment.Steps.Select(step => step.Name).ShouldBe(Step.InOrder);
        deployment.Steps.ShouldAllBe(step => step.State == StepStates.Pending);
        (await _host.Received.OneAsync<DeploymentRequested>()).DeploymentId.ShouldBe(deployment.Id);
        var stored = await StoredAsync(deployment.Id);
        stored.RequestedBy.ShouldBe("admin");
        stored.Sequence.ShouldBe(1);
        stored.NoCache.ShouldBe(commit is not null);
        (await _host.Client.GetFromJsonAsync<Page<DeploymentResponse>>("/v1/apps/shop/deployments"))!.Items.Single().Id.ShouldBe(deployment.Id);
        (await _host.Client.GetFromJsonAsync<AppResponse>("/v1/apps/shop"))!.LastDeploymentState.ShouldBe("Requested");
    }

    [Theory]
    [InlineData("""{"ref":"main","commit":"cccccccccccccccccccccccccccccccccccccccc"}""")]
    [InlineData("""{"ref":"--upload-pack=touch /tmp/x"}""")]
    [InlineData("""{"ref":""}""")]
    [InlineData("""{"commit":"cccc"}""")]
    [InlineData("""{"commit":"cccccccccccccccccccccccccccccccccccccccc\n"}""")]
    [InlineData("""{"branch":"main"}""")]
    public async Task A_wrong_ref_or_commit_is_refused(string body)
    {
        (await PostAsync("/v1/apps/shop/deployments", body)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await _host.WithDbAsync(db => db.Deployments.CountAsync())).ShouldBe(0);
    }

    [Fact]
    public async Task Config_vars_are_masked_and_a_change_is_deployed_when_the_app_is_live()
    {
        var first = await ChangeAsync("""{"DATABASE_URL":"postgres://secret-1234","SHORT":"abc","GONE":"x"}""");
        first.DeploymentId.ShouldBeNull();
        first.Items.Select(item => (item.Name, item.Preview)).ShouldBe([("DATABASE_URL", "••••1234"), ("GONE", "••••"), ("SHORT", "••••")]);
        (await _host.WithDbAsync(db => db.ConfigVars.FirstAsync())).SealedValue.ShouldNotContain("secret");

        await ReleaseAsync(3, ReleaseStates.Live);
        (await ChangeAsync("""{"SHORT":"abc","NOT_THERE":null}""")).DeploymentId.ShouldBeNull();
        var id = (await ChangeAsync("""{"SHORT":"abd","NEW":"","GONE":null}""")).DeploymentId.ShouldNotBeNull();
        var deployment = await StoredAsync(id);
        (deployment.Description, deployment.Trigger, deployment.Commit).ShouldBe(("Set NEW, SHORT, unset GONE", "config-change", Commit));
        (await _host.Received.OneAsync<DeploymentRequested>()).DeploymentId.ShouldBe(id);
        var steps = (await _host.Client.GetFromJsonAsync<DeploymentResponse>($"/v1/deployments/{id}"))!.Steps;
        steps.Select(step => step.State).ShouldBe(["Skipped", "Skipped", "Skipped", "Skipped", "Pending", "Pending"]);

        var put = await _host.Client.PutAsync("/v1/apps/shop/config-vars", Json("""{"ONLY":"this"}"""));
        (await put.Content.ReadFromJsonAsync<ConfigVarsResponse>())!.Items.Single().Name.ShouldBe("ONLY");
        (await _host.Client.GetFromJsonAsync<ConfigVarsResponse>("/v1/apps/shop/config-vars"))!.Items.Single().Preview.ShouldBe("••••");
    }

    [Fact]
    public async Task A_config_var_can_be_hidden_from_builds_which_changes_nothing_of_what_runs()
    {
        await ReleaseAsync(3, ReleaseStates.Live);
        (await ChangeAsync("""{"A":"1","B":"2"}""", "?runOnly=true")).Items.Select(item => (item.Name, item.RunOnly)).ShouldBe([("A", true), ("B", true)]);
        (await ChangeAsync("""{"A":"3","C":"4"}""")).Items.Select(item => (item.Name, item.RunOnly)).ShouldBe([("A", true), ("B", true), ("C", false)]);

        var shown = await ChangeAsync("""{"A":"3"}""", "?runOnly=false");
        shown.DeploymentId.ShouldBeNull();
        shown.Items.Select(item => (item.Name, item.RunOnly)).ShouldBe([("A", false), ("B", true), ("C", false)]);
    }

    [Theory]
    [InlineData("services/api/", "services/api")]
    [InlineData("./a", "a")]
    [InlineData("", null)]
    [InlineData(".", null)]
    public async Task An_app_has_a_folder_of_its_repository(string root, string? shown)
    {
        var answer = await _host.Client.PatchAsync("/v1/apps/shop", Json($$"""{"root":"{{root}}"}"""));

        (await answer.Content.ReadFromJsonAsync<AppResponse>())!.Root.ShouldBe(shown);
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("/etc")]
    [InlineData("a/../../b")]
    public async Task A_folder_outside_of_the_repository_is_refused(string root) =>
        (await _host.Client.PatchAsync("/v1/apps/shop", Json($$"""{"root":"{{root}}"}"""))).StatusCode.ShouldBe(HttpStatusCode.BadRequest);

    public static TheoryData<string> WrongVariables => new()
    {
        """{"PORT":"1"}""", """{"PAAS_X":"1"}""", """{"1A":"1"}""", """{"A-B":"1"}""", """{"":"1"}""", """{"A\n":"1"}""", """{"A":1}""", """{"A":"\u0000"}""",
        """{"A":"1","A":"2"}""", """{"ok":"1","Ä":"1"}""", $$"""{"{{new string('A', 129)}}":"1"}""", $$"""{"A":"{{new string('x', 32_769)}}"}""",
        "{" + string.Join(',', Enumerable.Range(0, 201).Select(i => $"\"A{i}\":\"\"")) + "}",
        "{" + string.Join(',', Enumerable.Range(0, 9).Select(i => $"\"A{i}\":\"{new string('x', 30_000)}\"")) + "}",
    };

    [Theory]
    [MemberData(nameof(WrongVariables))]
    public async Task Wrong_config_vars_are_refused_all_together(string body)
    {
        (await _host.Client.PatchAsync("/v1/apps/shop/config-vars", Json(body))).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await _host.WithDbAsync(db => db.ConfigVars.CountAsync())).ShouldBe(0);
    }

    [Fact]
    public async Task A_release_that_was_live_can_be_rolled_back_to()
    {
        await ReleaseAsync(1, ReleaseStates.Retired);
        await ReleaseAsync(2, ReleaseStates.Failed);
        await ReleaseAsync(3, ReleaseStates.Live);
        (await _host.Client.GetFromJsonAsync<Page<ReleaseResponse>>("/v1/apps/shop/releases?limit=2"))!.Items.Select(release => release.Version).ShouldBe([3, 2]);

        foreach (var (version, status) in new[] { ("3", 409), ("v3", 409), ("2", 409), ("9", 404), ("x", 404), ("-1", 404), ("99999999999", 404) })
            ((int)(await PostAsync($"/v1/apps/shop/releases/{version}/rollback", null)).StatusCode).ShouldBe(status, version);

        var answer = await PostAsync("/v1/apps/shop/releases/v1/rollback", null);
        answer.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        var deployment = await StoredAsync((await answer.Content.ReadFromJsonAsync<DeploymentResponse>())!.Id);
        (deployment.Trigger, deployment.RollbackTo, deployment.Commit, deployment.Description).ShouldBe(("rollback", 1, Commit, "Rollback to v1"));
    }

    [Fact]
    public async Task Steps_show_their_newest_attempt()
    {
        var id = await DeploymentAsync(state =>
        {
            state.CurrentState = DeploymentStates.BuildingImage;
            state.Steps =
            [
                new StepRecord { Name = Step.DownloadCode, State = StepStates.Faulted, Attempt = 1, Error = "network" },
                new StepRecord { Name = Step.DownloadCode, State = StepStates.Succeeded, Attempt = 2 },
                new StepRecord { Name = Step.ValidateConfiguration, State = StepStates.Retrying, Attempt = 1, Try = 3, MaxTries = 15 },
            ];
        });
        var steps = (await _host.Client.GetFromJsonAsync<DeploymentResponse>($"/v1/deployments/{id}"))!.Steps;
        (steps[0].State, steps[0].Attempt, steps[0].Error).ShouldBe(("Succeeded", 2, null));
        (steps[1].State, steps[1].Try, steps[1].MaxTries).ShouldBe(("Retrying", 3, 15));
        steps[2].State.ShouldBe("Pending");
    }

    [Fact]
    public async Task A_deployment_is_canceled_unless_it_has_ended()
    {
        var running = await DeploymentAsync(state => state.CurrentState = DeploymentStates.BuildingImage);
        (await PostAsync($"/v1/deployments/{running}/cancel", null)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        (await _host.Received.OneAsync<CancelDeployment>()).ShouldBe(new CancelDeployment { DeploymentId = running, RequestedBy = "admin" });
        foreach (var final in (string[])["Succeeded", "Failed", "Faulted", "Canceled", "Superseded"])
        {
            var ended = await DeploymentAsync(state => state.CurrentState = final);
            (await PostAsync($"/v1/deployments/{ended}/cancel", null)).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        }
    }

    [Fact]
    public async Task Faults_are_listed_replayed_and_discarded()
    {
        var build = await FaultAsync(Step.BuildImage, DateTime.UtcNow.AddHours(-2));
        var download = await FaultAsync(Step.DownloadCode, DateTime.UtcNow);
        var running = await DeploymentAsync(state => state.CurrentState = DeploymentStates.BuildingImage);
        (await _host.Client.GetFromJsonAsync<Page<FaultResponse>>("/v1/admin/faults"))!.Items.Select(fault => (fault.Id, fault.Step, fault.Message))
            .ShouldBe([(download, "DownloadCode", "It broke."), (build, "BuildImage", "It broke.")], ignoreOrder: true);

        (await PostAsync($"/v1/admin/faults/{running}/replay", null)).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await PostAsync($"/v1/admin/faults/{build}/replay", """{"from":"Cook"}""")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await PostAsync($"/v1/admin/faults/{build}/replay", """{"from":"PublishImage"}""")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await PostAsync($"/v1/admin/faults/{build}/replay", """{"from":"DownloadCode"}""")).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        (await _host.Received.OneAsync<ReplayDeployment>(message => message.FromStep == "DownloadCode")).DeploymentId.ShouldBe(build);

        (await ReplayManyAsync("""{"step":"BuildImage"}""")).ShouldBe(1);
        (await ReplayManyAsync($$"""{"since":"{{DateTime.UtcNow.AddHours(-1):O}}"}""")).ShouldBe(1);
        (await ReplayManyAsync($$"""{"until":"{{DateTime.UtcNow.AddHours(-1):O}}"}""")).ShouldBe(1);
        (await ReplayManyAsync(null)).ShouldBe(2);
        await GatewayHost.UntilAsync(() => Task.FromResult(_host.Received.Of<ReplayDeployment>().Count == 6), "six replays");

        (await PostAsync($"/v1/admin/faults/{build}/discard", "{}")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await PostAsync($"/v1/admin/faults/{build}/discard", """{"reason":"too old"}""")).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        var discard = await _host.Received.OneAsync<DiscardDeployment>();
        (discard.DeploymentId, discard.RequestedBy, discard.Reason, discard.FaultedStep).ShouldBe((build, "admin", "too old", Step.BuildImage));
    }

    [Fact]
    public async Task Faults_are_chosen_by_step_app_and_time()
    {
        var build = await FaultAsync(Step.BuildImage, DateTime.UtcNow.AddHours(-2));
        var download = await FaultAsync(Step.DownloadCode, DateTime.UtcNow);
        await _host.CreateAppAsync("other", "https://github.com/acme/other");
        (await ListAsync("")).ShouldBe([build, download], ignoreOrder: true);
        (await ListAsync("?step=BuildImage")).ShouldBe([build]);
        (await ListAsync("?app=shop")).Count.ShouldBe(2);
        (await ListAsync("?app=other")).ShouldBeEmpty();
        (await ListAsync($"?since={DateTime.UtcNow.AddHours(-1):O}")).ShouldBe([download]);
        (await ListAsync($"?until={DateTime.UtcNow.AddHours(-1):O}")).ShouldBe([build]);
        (await ListAsync($"?step=DownloadCode&until={DateTime.UtcNow.AddHours(-1):O}")).ShouldBeEmpty();
        foreach (var (query, status) in ((string, HttpStatusCode)[])
            [("step=Cook", HttpStatusCode.BadRequest), ("since=yesterday", HttpStatusCode.BadRequest), ("app=nobody", HttpStatusCode.NotFound),
             ("since=2026-02-01T00:00:00Z&until=2026-01-01T00:00:00Z", HttpStatusCode.BadRequest)])
            (await _host.Client.GetAsync($"/v1/admin/faults?{query}")).StatusCode.ShouldBe(status, query);

        async Task<List<Guid>> ListAsync(string query) =>
            [.. (await _host.Client.GetFromJsonAsync<Page<FaultResponse>>("/v1/admin/faults" + query))!.Items.Select(fault => fault.Id)];
    }

    [Fact]
    public async Task A_fault_is_shown_with_what_operators_did_about_it()
    {
        var id = await FaultAsync(Step.BuildImage, DateTime.UtcNow);
        var running = await DeploymentAsync(state => state.CurrentState = DeploymentStates.BuildingImage);
        await _host.WithDbAsync(db =>
        {
            db.OperatorActions.Add(new OperatorAction
            {
                Id = Guid.NewGuid(),
                DeploymentId = id,
                Action = OperatorActions.Replay,
                Step = Step.BuildImage,
                Attempt = 1,
                FromStep = Step.DownloadCode,
                By = "admin",
                At = DateTime.UtcNow,
            });
            return Task.CompletedTask;
        });

        var detail = (await _host.Client.GetFromJsonAsync<FaultDetailResponse>($"/v1/admin/faults/{id}"))!;

        (detail.Fault.Id, detail.Fault.Replays, detail.DeadMessage).ShouldBe((id, 1, null));
        detail.DeadMessageMissing.ShouldNotBeNull().ShouldContain("without RabbitMQ");
        detail.Actions.ShouldHaveSingleItem().FromStep.ShouldBe(Step.DownloadCode);
        (await _host.Client.GetFromJsonAsync<List<OperatorActionResponse>>($"/v1/deployments/{id}/actions"))!.ShouldBe(detail.Actions);
        (await _host.Client.GetFromJsonAsync<Page<FaultResponse>>("/v1/admin/faults"))!.Items.ShouldHaveSingleItem().Replays.ShouldBe(1);
        (await _host.Client.GetAsync($"/v1/admin/faults/{running}")).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await _host.Client.GetAsync($"/v1/admin/faults/{Guid.NewGuid()}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await _host.Client.GetFromJsonAsync<Page<DeadMessageResponse>>("/v1/admin/dead-messages"))!.Items.ShouldBeEmpty();
        (await PostAsync($"/v1/admin/dead-messages/{Guid.NewGuid()}/discard", """{"reason":"x"}""")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Many_faults_are_replayed_each_once()
    {
        for (var i = 0; i < 410; i++)
            await FaultAsync(Step.BuildImage, DateTime.UtcNow);

        (await ReplayManyAsync("""{"app":"shop"}""")).ShouldBe(410);

        await GatewayHost.UntilAsync(() => Task.FromResult(_host.Received.Of<ReplayDeployment>().Count == 410), "all replays");
        _host.Received.Of<ReplayDeployment>().Select(replay => replay.DeploymentId).Distinct().Count().ShouldBe(410);
        _host.Received.Of<ReplayDeployment>().ShouldAllBe(replay => replay.Among == "all faults of shop");
    }

    [Fact]
    public async Task Deliveries_are_listed_by_app()
    {
        await _host.CreateAppAsync("other", "https://github.com/acme/other");
        await _host.DeliverAsync(GatewayHost.Payload());
        await _host.DeliverAsync(GatewayHost.Payload(), secret: "wrong");
        await _host.DeliverAsync(GatewayHost.Payload(repository: "https://github.com/acme/other"));
        await GatewayHost.UntilAsync(async () => (await ListAsync("/v1/apps/shop/deliveries")).Count == 2, "two deliveries");
        (await ListAsync("/v1/deliveries?app=other")).Single().Decision.ShouldBe(DeliveryDecisions.Pending);
        (await ListAsync("/v1/deliveries")).Count.ShouldBe(3);
        (await ListAsync("/v1/deliveries?limit=1")).Count.ShouldBe(1);

        async Task<IReadOnlyList<DeliveryResponse>> ListAsync(string path) => (await _host.Client.GetFromJsonAsync<Page<DeliveryResponse>>(path))!.Items;
    }

    private async Task<int> ReplayManyAsync(string? body)
    {
        var answer = await PostAsync("/v1/admin/faults/replay", body);
        return (await answer.Content.ReadFromJsonAsync<ReplayManyResponse>())!.Replayed;
    }

    private Task<Guid> FaultAsync(string step, DateTime at) => DeploymentAsync(state =>
    {
        (state.CurrentState, state.Step, state.FailureStep, state.FailureKind) = (DeploymentStates.Faulted, step, step, "faulted");
        (state.FailureMessage, state.FailureReason, state.FinishedAt) = ("It broke.", FailureReason.StepFaulted, at);
    });

    private async Task<Guid> DeploymentAsync(Action<DeploymentState> change)
    {
        var id = Guid.NewGuid();
        await _host.WithDbAsync(async db =>
        {
            var app = await db.Apps.Include(x => x.Environments).SingleAsync();
            var environment = app.Environments.Single();
            var state = new DeploymentState
            {
                CorrelationId = id,
                AppId = app.Id,
                AppName = app.Name,
                EnvironmentId = environment.Id,
                EnvironmentName = environment.Name,
                Target = app.Target,
                Trigger = DeploymentTriggers.Push,
                Sequence = ++environment.LastSequence,
                CreatedAt = DateTime.UtcNow,
            };
            change(state);
            db.Deployments.Add(state);
        });
        return id;
    }

    private Task ReleaseAsync(int version, string state) => _host.WithDbAsync(async db =>
    {
        var environment = await db.Environments.SingleAsync();
        db.Releases.Add(new Release
        {
            AppId = environment.AppId,
            EnvironmentId = environment.Id,
            Version = version,
            DeploymentId = Guid.NewGuid(),
            Commit = Commit,
            ImageDigest = "sha256:1",
            RunPlan = new RunPlan { Runtime = "static", Processes = [] },
            Description = "Deploy",
            State = state,
            CreatedAt = DateTime.UtcNow,
        });
        if (state == ReleaseStates.Live)
            environment.LiveRelease = version;
    });

    private Task<DeploymentState> StoredAsync(Guid id) => _host.WithDbAsync(db => db.Deployments.AsNoTracking().SingleAsync(x => x.CorrelationId == id));

    private async Task<ConfigVarsResponse> ChangeAsync(string body, string query = "")
    {
        var answer = await _host.Client.PatchAsync("/v1/apps/shop/config-vars" + query, Json(body));
        ((int)answer.StatusCode).ShouldBe(200, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync<ConfigVarsResponse>())!;
    }

    private Task<HttpResponseMessage> PostAsync(string path, string? body) => _host.Client.PostAsync(path, body is null ? null : Json(body));

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");
}
