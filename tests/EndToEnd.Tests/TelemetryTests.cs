using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Servers;
using Paas.Servers.Otlp;

namespace Paas.EndToEnd.Tests;

/// <summary>What the platform tells a collector of OpenTelemetry.</summary>
public sealed class TelemetryTests
{
    [Fact]
    public async Task A_deployment_is_one_trace_from_the_webhook_to_its_end()
    {
        await using var collector = await OtlpReceiver.StartAsync();
        await using var platform = await Platform.StartAsync(collector.Environment);
        using var repository = Repository.Static("hello");
        var app = await platform.CreateAppAsync("hello", repository);

        var deployment = await platform.DeployAsync(app, repository);
        deployment.State.ShouldBe(DeploymentStates.Succeeded, await platform.LogAsync(deployment.Id));
        (await platform.GetAppAsync("hello")).Status.ShouldBe(HttpStatusCode.OK);
        await platform.StopAsync();

        var webhook = collector.Spans.Single(span => span.Name == "POST /webhooks/github");
        webhook.ParentId.ShouldBeEmpty();
        webhook.TraceId.ShouldBe(deployment.TraceId);
        webhook.Attributes["http.response.status_code"].ShouldBe("202");
        var trace = collector.TraceOf(webhook);
        trace.ShouldAllBe(span => span == webhook || trace.Any(parent => parent.SpanId == span.ParentId), "the webhook is everyone's ancestor");
        foreach (var step in Step.InOrder)
        {
            var span = trace.Single(span => span.Name == step);
            span.Attributes["cicd.pipeline.task.run.result"].ShouldBe("success");
            span.Attributes["deployment.id"].ShouldBe(deployment.Id.ToString());
        }

        var whole = trace.Single(span => span.Name == "RUN deployment");
        whole.Attributes["cicd.pipeline.run.id"].ShouldBe(deployment.Id.ToString());
        whole.Attributes["cicd.pipeline.result"].ShouldBe("success");
        whole.Attributes["vcs.ref.head.revision"].ShouldBe(repository.Head);
        whole.Duration.ShouldBeGreaterThan(trace.Single(span => span.Name == Step.BuildImage).Duration);
        collector.Logs.ShouldContain(log => log.Text == "BuildImage succeeded" && log.TraceId == deployment.TraceId
            && log.Attributes["DeploymentId"] == deployment.Id.ToString());

        // Neither the visitors of apps, nor who asks how far it has come, nor the lines of logs.
        collector.Spans.ShouldNotContain(span => span.Name.StartsWith("GET") || span.Name.Contains("append-log"));
        collector.Spans.ShouldAllBe(span => span.Service == "paas-standalone");
    }

    [Fact]
    public async Task Deployments_steps_retries_faults_and_deliveries_are_counted()
    {
        await using var collector = await OtlpReceiver.StartAsync();
        await using var platform = await Platform.StartAsync(
        [
            .. collector.Environment, ("OTEL_SERVICE_NAME", "shop"),
            ("Steps__DownloadCode__ImmediateRetries", "1"), ("Steps__DownloadCode__Redelivery__0", "00:00:00.100"),
        ]);
        using var repository = Repository.Static("hello");
        var app = await platform.CreateAppAsync("hello", repository);

        // A success and a failure.
        (await platform.DeployAsync(app, repository)).State.ShouldBe(DeploymentStates.Succeeded);
        repository.Commit((".paas.yml", "runtime: cobol\n"));
        var failed = await platform.DeployAsync(app, repository);
        failed.State.ShouldBe(DeploymentStates.Failed);

        // A branch that is not deployed, a ping, and a stranger.
        (await platform.PushAsync(repository, app.WebhookSecret, @ref: "refs/heads/other")).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        (await platform.PushAsync(repository, "wrong")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);

        // A fault: nobody listens there.
        using var created = await platform.Http.PostAsJsonAsync(
            "/v1/apps", new CreateAppRequest { Name = "lost", Repository = $"http://127.0.0.1:{Ports.Free()}/lost.git" });
        created.StatusCode.ShouldBe(HttpStatusCode.Created);
        using var asked = await platform.Http.PostAsJsonAsync("/v1/apps/lost/deployments", new CreateDeploymentRequest { Commit = new string('a', 40) });
        var faulted = await platform.EndOfAsync((await asked.Content.ReadFromJsonAsync<DeploymentResponse>())!.Id);
        faulted.State.ShouldBe(DeploymentStates.Faulted);
        await Platform.UntilAsync(() => Task.FromResult(collector.Count("paas.deliveries", ("paas.delivery.decision", "Ignored")) == 1), "the other branch was ignored");
        await platform.StopAsync();

        const string runs = "cicd.pipeline.run.duration";
        collector.Count(runs).ShouldBe(3);
        collector.Count(runs, ("cicd.pipeline.result", "success"), ("paas.deployment.trigger", "push")).ShouldBe(1);
        collector.Count(runs, ("cicd.pipeline.result", "failure"), ("error.type", failed.Failure!.Reason)).ShouldBe(1);
        collector.Count(runs, ("cicd.pipeline.result", "error"), ("paas.deployment.trigger", "manual")).ShouldBe(1);
        collector.Points(runs).ShouldAllBe(point => point.Sum > 0);

        var download = ("cicd.pipeline.task.name", Step.DownloadCode);
        collector.Count("paas.step.duration", download, ("cicd.pipeline.task.run.result", "success")).ShouldBe(2);
        collector.Count("paas.step.duration", download, ("cicd.pipeline.task.run.result", "error")).ShouldBe(4);
        collector.Count("paas.step.duration", ("cicd.pipeline.task.name", Step.ValidateConfiguration), ("cicd.pipeline.task.run.result", "failure")).ShouldBe(1);
        collector.Count("paas.step.queue.duration", download).ShouldBe(3);
        collector.Count("paas.step.retries", download).ShouldBe(3);
        collector.Count("paas.step.faults", download).ShouldBe(1);
        collector.Count("paas.step.faults").ShouldBe(1);
        collector.Count("paas.deliveries", ("paas.delivery.decision", "Deployed")).ShouldBe(2);
        collector.Count("paas.deliveries", ("paas.delivery.decision", "Rejected")).ShouldBe(1);

        // No series for each app, deployment or commit.
        var own = collector.AllPoints.Where(point => !point.Metric.StartsWith("messaging.")).SelectMany(point => point.Attributes.Values).ToList();
        own.ShouldNotContain(value => value == app.Id.ToString() || value.Contains(failed.Id.ToString()) || value == repository.Head || value == "hello");
        collector.AllPoints.ShouldAllBe(point => point.Service == "shop");

        // What was asked for by the API is traced from there, with every try.
        var root = collector.Spans.Single(span => span.TraceId == faulted.TraceId && span.ParentId.Length == 0);
        root.Name.ShouldStartWith("POST /v1/apps/{app}/deployments");
        collector.TraceOf(root).Count(span => span.Name == Step.DownloadCode && span.IsError).ShouldBe(4);
        collector.TraceOf(root).Single(span => span.Name == "RUN deployment").Attributes["cicd.pipeline.result"].ShouldBe("error");
    }

    [Fact]
    public async Task The_log_as_json_has_the_deployment_and_no_secret()
    {
        await using var platform = await Platform.StartAsync(("Logging__Console__FormatterName", "json"));
        using var repository = Repository.Static("hello");
        var app = await platform.CreateAppAsync("hello", repository);
        var deployment = await platform.DeployAsync(app, repository);
        deployment.State.ShouldBe(DeploymentStates.Succeeded);
        deployment.TraceId.ShouldBeNull("nothing was traced");
        await platform.StopAsync();

        var built = platform.Output.Split('\n').Where(line => line.StartsWith('{')).Select(line => JsonDocument.Parse(line).RootElement)
            .Single(line => line.GetProperty("Message").GetString() == "BuildImage succeeded");
        var scope = built.GetProperty("Scopes").EnumerateArray().Single(scope => scope.TryGetProperty("DeploymentId", out _));
        scope.GetProperty("DeploymentId").GetString().ShouldBe(deployment.Id.ToString());
        (scope.GetProperty("Step").GetString(), scope.GetProperty("Attempt").ToString()).ShouldBe((Step.BuildImage, "1"));
        built.GetProperty("Timestamp").GetString().ShouldEndWith("Z");
        platform.Output.ShouldNotContain(app.WebhookSecret!);
    }
}
