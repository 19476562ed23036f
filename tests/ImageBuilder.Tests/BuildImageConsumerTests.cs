using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Hosting;
using Paas.Hosting.Messaging;

namespace Paas.ImageBuilder.Tests;

public sealed class BuildImageConsumerTests : IDisposable
{
    private readonly TestPlatform _platform = new();

    public void Dispose() => _platform.Dispose();

    [Fact]
    public async Task A_build_is_answered_with_where_it_is_and_a_failed_one_with_its_reason()
    {
        var answers = new Answers();
        var builder = Builder();
        builder.Configuration.AddInMemoryCollection([new("ImageBuilder:Name", "builder-7"), new("Artifacts:Path", Path.Combine(_platform.Root, "artifacts"))]);
        builder.Services.AddSingleton(answers);
        builder.Services.AddPaasBus(builder.Configuration, bus =>
        {
            bus.AddImageBuilder();
            bus.AddConsumer<AnswersConsumer>();
        });
        using var host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);

        var queue = await host.Services.GetRequiredService<IBus>().GetSendEndpoint(Endpoints.For(Step.BuildImage));
        var good = await _platform.CommandAsync(Plan.Of(RuntimeName.Process), ("x", "1"));
        await queue.Send(good, TestContext.Current.CancellationToken);
        await queue.Send(good with { DeploymentId = Guid.NewGuid(), Plan = Plan.Of(RuntimeName.Go) }, TestContext.Current.CancellationToken);

        var built = await answers.Built.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        (built.ImageId, built.Builder).ShouldBe(($"{good.DeploymentId}-1", "builder-7"));
        var failed = await answers.Failed.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        failed.Reason.ShouldBe(FailureReason.NotSupportedByTarget);
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("ImageBuilder:Timeout", "00:00:00", "ImageBuilder__Timeout")]
    [InlineData("ImageBuilder:MaxSlugBytes", "0", "ImageBuilder__MaxSlugBytes")]
    [InlineData("ImageBuilder:Name", "", "ImageBuilder__Name")]
    public async Task A_wrong_setting_stops_the_start_and_is_named(string key, string value, string shown)
    {
        var builder = Builder();
        builder.Configuration.AddInMemoryCollection([new(key, value)]);
        using var host = builder.Build();

        var refused = await Should.ThrowAsync<OptionsValidationException>(host.StartAsync(TestContext.Current.CancellationToken));

        refused.Message.ShouldContain(shown);
    }

    private HostApplicationBuilder Builder()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection([new("Paas:DataDirectory", _platform.DataDirectory)]);
        builder.Services.AddLogging();
        builder.Services.AddPaasPlatform(builder.Configuration);
        builder.Services.AddImageBuilder(builder.Configuration);
        return builder;
    }

    private sealed class Answers
    {
        public TaskCompletionSource<ImageBuilt> Built { get; } = new();

        public TaskCompletionSource<ImageBuildFailed> Failed { get; } = new();
    }

    private sealed class AnswersConsumer(Answers answers) : IConsumer<ImageBuilt>, IConsumer<ImageBuildFailed>
    {
        public Task Consume(ConsumeContext<ImageBuilt> context)
        {
            answers.Built.TrySetResult(context.Message);
            return Task.CompletedTask;
        }

        public Task Consume(ConsumeContext<ImageBuildFailed> context)
        {
            answers.Failed.TrySetResult(context.Message);
            return Task.CompletedTask;
        }
    }
}
