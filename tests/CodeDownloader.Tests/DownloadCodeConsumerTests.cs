using System.Diagnostics;
using System.Threading.Channels;
using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Paas.CodeDownloader.Tests.Fixtures;
using Paas.Contracts;
using Paas.Hosting;
using Paas.Hosting.Messaging;

namespace Paas.CodeDownloader.Tests;

public sealed class DownloadCodeConsumerTests : IAsyncDisposable
{
    private readonly Downloads _downloads = new();

    public ValueTask DisposeAsync() => _downloads.DisposeAsync();

    [Fact]
    public async Task A_command_is_answered_with_its_event()
    {
        var answers = Channel.CreateUnbounded<IStepEnded>();
        using var host = BuildHost(answers.Writer);
        await host.StartAsync();
        var repository = _downloads.Repository();
        var commit = repository.Commit("A commit", ("a", "1"));

        var command = _downloads.Command(repository.Url, null, "main");
        var downloaded = (await AskAsync(host, command, answers.Reader)).ShouldBeOfType<CodeDownloaded>();
        downloaded.DeploymentId.ShouldBe(command.DeploymentId);
        downloaded.Commit.ShouldBe(commit);
        downloaded.CommitMessage.ShouldBe("A commit");
        downloaded.LogBatches.ShouldBeGreaterThan(0);

        var failed = (await AskAsync(host, _downloads.Command("ext::sh"), answers.Reader)).ShouldBeOfType<CodeDownloadFailed>();
        failed.Reason.ShouldBe(FailureReason.RepositoryUrlRefused);
        failed.Message.ShouldNotBeEmpty();
        await host.StopAsync();
    }

    [Fact]
    public async Task Without_a_broker_the_worker_does_not_start_and_says_why()
    {
        var info = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Paas.CodeDownloader.dll")]) { RedirectStandardError = true };
        info.Environment.Remove("RabbitMq__Uri");
        using var process = Process.Start(info)!;

        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();

        process.ExitCode.ShouldBe(1);
        error.ShouldContain("set RabbitMq__Uri");
    }

    private IHost BuildHost(ChannelWriter<IStepEnded> answers)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Paas:DataDirectory"] = _downloads.DataDirectory,
            ["Source:AllowFile"] = "true",
        });
        builder.Services.AddPaasPlatform(builder.Configuration);
        builder.Services.AddCodeDownloader(builder.Configuration);
        builder.Services.AddSingleton(answers);
        builder.Services.AddPaasBus(builder.Configuration, bus =>
        {
            bus.AddCodeDownloader();
            bus.AddConsumer<AnswerConsumer>();
        });
        return builder.Build();
    }

    private static async Task<IStepEnded> AskAsync(IHost host, DownloadCode command, ChannelReader<IStepEnded> answers)
    {
        var endpoint = await host.Services.GetRequiredService<IBus>().GetSendEndpoint(Endpoints.For(Step.DownloadCode));
        await endpoint.Send(command);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        return await answers.ReadAsync(deadline.Token);
    }

    public sealed class AnswerConsumer(ChannelWriter<IStepEnded> answers) : IConsumer<CodeDownloaded>, IConsumer<CodeDownloadFailed>
    {
        public Task Consume(ConsumeContext<CodeDownloaded> context) => answers.WriteAsync(context.Message).AsTask();

        public Task Consume(ConsumeContext<CodeDownloadFailed> context) => answers.WriteAsync(context.Message).AsTask();
    }
}
