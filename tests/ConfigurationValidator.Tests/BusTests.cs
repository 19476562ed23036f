using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Paas.Contracts;
using Paas.Hosting;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Messaging;

namespace Paas.ConfigurationValidator.Tests;

public sealed class BusTests
{
    [Fact]
    public async Task The_step_answers_with_a_plan_or_a_reason()
    {
        var data = Directory.CreateTempSubdirectory("paas-validator-").FullName;
        try
        {
            var answers = new Answers();
            var builder = Host.CreateApplicationBuilder();
            builder.Logging.ClearProviders();
            builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["Paas:DataDirectory"] = data });
            builder.Services.AddSingleton(answers);
            builder.Services.AddPaasPlatform(builder.Configuration);
            builder.Services.AddConfigurationValidator(builder.Configuration);
            builder.Services.AddPaasBus(builder.Configuration, bus =>
            {
                bus.AddConfigurationValidator();
                bus.AddConsumer<AnswerConsumer>();
            });
            using var host = builder.Build();
            await host.StartAsync();
            var artifacts = host.Services.GetRequiredService<IArtifactStore>();
            var right = await SendAsync(host, await artifacts.SaveAsync(to => App.With("app.py").Archive().CopyToAsync(to), default));
            var wrong = await SendAsync(host, await artifacts.SaveAsync(to => App.With("README.md").Archive().CopyToAsync(to), default));

            var validated = await answers.Validated.Task.WaitAsync(TimeSpan.FromSeconds(30));
            validated.DeploymentId.ShouldBe(right);
            validated.LogBatches.ShouldBeGreaterThan(0);
            validated.Run.Processes.Single().Command!.Words.ShouldBe(["python", "app.py"]);
            var rejected = await answers.Rejected.Task.WaitAsync(TimeSpan.FromSeconds(30));
            rejected.DeploymentId.ShouldBe(wrong);
            rejected.Reason.ShouldBe(FailureReason.RuntimeNotDetected);
            await host.StopAsync();
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    private static async Task<Guid> SendAsync(IHost host, string digest)
    {
        var id = NewId.NextGuid();
        var endpoint = await host.Services.GetRequiredService<IBus>().GetSendEndpoint(Endpoints.For(Step.ValidateConfiguration));
        await endpoint.Send(new ValidateConfiguration { DeploymentId = id, Attempt = 1, SourceDigest = digest, Target = Target.Local });
        return id;
    }

    private sealed class Answers
    {
        public TaskCompletionSource<ConfigurationValidated> Validated { get; } = new();
        public TaskCompletionSource<ConfigurationRejected> Rejected { get; } = new();
    }

    private sealed class AnswerConsumer(Answers answers) : IConsumer<ConfigurationValidated>, IConsumer<ConfigurationRejected>
    {
        public Task Consume(ConsumeContext<ConfigurationValidated> context)
        {
            answers.Validated.TrySetResult(context.Message);
            return Task.CompletedTask;
        }

        public Task Consume(ConsumeContext<ConfigurationRejected> context)
        {
            answers.Rejected.TrySetResult(context.Message);
            return Task.CompletedTask;
        }
    }
}
