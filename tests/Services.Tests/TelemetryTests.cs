using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Servers.Otlp;

namespace Paas.Services.Tests;

public sealed class TelemetryTests
{
    [Fact]
    public async Task A_deployment_is_one_trace_through_all_services()
    {
        Assert.SkipUnless(Cluster.IsPossible, "RabbitMQ or PostgreSQL is not installed here.");
        await using var collector = await OtlpReceiver.StartAsync();
        await using var cluster = await Cluster.StartAsync(settings: collector.Environment.ToDictionary(variable => variable.Name, variable => variable.Value));
        using var repository = Repository.Static("hello");
        var app = await cluster.CreateAppAsync("hello", repository);

        var deployment = await cluster.DeployAsync(app, repository);
        deployment.State.ShouldBe(DeploymentStates.Succeeded, await cluster.LogAsync(deployment.Id) + cluster.Output);
        await PlatformClient.UntilAsync(() => Task.FromResult(collector.Spans.Any(span => span.Name == "RUN deployment")), "the end was told");
        foreach (var service in cluster.Services)
            await service.StopAsync();

        var webhook = collector.Spans.Single(span => span.Name == "POST /webhooks/github");
        (webhook.Service, webhook.ParentId, webhook.TraceId).ShouldBe(("paas-gateway", "", deployment.TraceId));
        var trace = collector.TraceOf(webhook);
        trace.ShouldAllBe(span => span == webhook || trace.Any(parent => parent.SpanId == span.ParentId), "the webhook is everyone's ancestor");
        trace.Where(span => Step.InOrder.Contains(span.Name)).Select(span => (span.Name, span.Service)).ShouldBe(
            [
                (Step.DownloadCode, "paas-code-downloader"), (Step.ValidateConfiguration, "paas-configuration-validator"),
                (Step.BuildImage, "paas-image-builder"), (Step.PublishImage, "paas-image-publisher"),
                (Step.DeployRelease, "paas-deployer"), (Step.ResolveUrl, "paas-deployer"),
            ],
            ignoreOrder: true);
        trace.Single(span => span.Name == "RUN deployment").Service.ShouldBe("paas-orchestrator");
        trace.Select(span => span.Service).Distinct().Count().ShouldBe(7);
        collector.Count("cicd.pipeline.run.duration", ("cicd.pipeline.result", "success")).ShouldBe(1);
        collector.Count("paas.step.duration", ("cicd.pipeline.task.run.result", "success")).ShouldBe(6);
        collector.Count("paas.deliveries", ("paas.delivery.decision", "Deployed")).ShouldBe(1);
    }
}
