using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Paas.Contracts;
using Paas.Hosting;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Messaging;

namespace Paas.ImagePublisher.Tests;

public sealed class PublishImageConsumerTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("paas-publish-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task A_built_slug_is_answered_with_its_digest_and_a_lost_one_as_lost()
    {
        var answers = new Answers();
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection([new("Paas:DataDirectory", _root)]);
        builder.Services.AddLogging();
        builder.Services.AddPaasPlatform(builder.Configuration);
        builder.Services.AddImagePublisher(builder.Configuration);
        builder.Services.AddSingleton(answers);
        builder.Services.AddPaasBus(builder.Configuration, bus =>
        {
            bus.AddImagePublisher();
            bus.AddConsumer<AnswersConsumer>();
        });
        using var host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);
        var build = LocalBuild.Of(_root, Guid.NewGuid(), 1);
        Directory.CreateDirectory(build.Slug);
        build.MarkBuilt();

        var bus = host.Services.GetRequiredService<IBus>();
        var queue = await bus.GetSendEndpoint(Endpoints.For(Step.PublishImage));
        await queue.Send(Command(build.ImageId), TestContext.Current.CancellationToken);
        await queue.Send(Command($"{Guid.NewGuid()}-1"), TestContext.Current.CancellationToken);

        var published = await answers.Published.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        published.ImageDigest.ShouldStartWith("sha256:");
        published.LogBatches.ShouldBeGreaterThan(0);
        var lost = await answers.Lost.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        lost.Attempt.ShouldBe(2);
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    private static PublishImage Command(string imageId) => new()
    {
        DeploymentId = Guid.NewGuid(),
        Attempt = 2,
        AppId = Guid.NewGuid(),
        App = "shop",
        Target = Target.Local,
        Commit = new string('a', 40),
        ImageId = imageId,
        Builder = "here",
    };

    private sealed class Answers
    {
        public TaskCompletionSource<ImagePublished> Published { get; } = new();

        public TaskCompletionSource<BuiltImageLost> Lost { get; } = new();
    }

    private sealed class AnswersConsumer(Answers answers) : IConsumer<ImagePublished>, IConsumer<BuiltImageLost>
    {
        public Task Consume(ConsumeContext<ImagePublished> context)
        {
            answers.Published.TrySetResult(context.Message);
            return Task.CompletedTask;
        }

        public Task Consume(ConsumeContext<BuiltImageLost> context)
        {
            answers.Lost.TrySetResult(context.Message);
            return Task.CompletedTask;
        }
    }
}
