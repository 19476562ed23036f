using System.Collections.Concurrent;
using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Paas.Contracts;
using Paas.Hosting;
using Paas.Hosting.Messaging;
using Paas.Hosting.Messaging.RabbitMq;
using Paas.Hosting.Steps;
using Paas.Servers;

namespace Paas.ImagePublisher.Tests;

/// <summary>An image publisher on a broker, beside an engine that is only a name. It hears what all publishers say.</summary>
internal sealed class Publisher : ISendObserver, IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("paas-publisher-");
    private readonly IHost _host;
    private int _passedOn;

    private Publisher(RabbitMqServer broker)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["RabbitMq:Uri"] = broker.Uri.ToString(),
            ["Paas:DataDirectory"] = _folder.FullName,
            ["ImagePublisher:EngineTimeout"] = "00:00:04",
            ["Steps:PublishImage:Concurrency"] = "1",
            ["Steps:PublishImage:ImmediateRetries"] = "1",
            ["Steps:PublishImage:Redelivery:0"] = "00:00:00.500",
            ["Steps:PublishImage:ShutdownGrace"] = "00:00:00",
        });
        builder.Services.AddLogging();
        builder.Services.AddPaasPlatform(builder.Configuration);
        builder.Services.AddImagePublisher(builder.Configuration);
        builder.Services.AddSingleton<IImagePublisher>(new Fake(this));
        builder.Services.AddSingleton(this);
        builder.Services.AddPaasBus(builder.Configuration, bus =>
        {
            bus.AddImagePublisher();
            bus.AddConsumer<Listener>().Endpoint(endpoint =>
            {
                endpoint.Temporary = true;
                endpoint.Name = "stop-step-listener";
                endpoint.InstanceId = NewId.NextGuid().ToString("N");
            });
            bus.AddConsumer<Confirmer>().Endpoint(endpoint => endpoint.Name = Endpoints.ConfirmQueue);
        });
        _host = builder.Build();
    }

    /// <summary>What to do instead of publishing at once.</summary>
    public Func<CancellationToken, Task> Work { get; set; } = _ => Task.CompletedTask;

    /// <summary>Every command this publisher has begun with.</summary>
    public ConcurrentQueue<PublishImage> Taken { get; } = [];

    /// <summary>The deployments whose commands this publisher has come to the end of.</summary>
    public ConcurrentQueue<Guid> Done { get; } = [];

    /// <summary>What any publisher has told the saga while this one was connected.</summary>
    public ConcurrentQueue<object> Answers { get; } = [];

    /// <summary>The lines of this publisher's logs.</summary>
    public ConcurrentQueue<string> Said { get; } = [];

    /// <summary>How often this publisher has passed something on to an engine's queue.</summary>
    public int PassedOn => _passedOn;

    public static async Task<Publisher> StartAsync(RabbitMqServer broker, string engine)
    {
        Assert.SkipUnless(RabbitMqServer.IsInstalled, "RabbitMQ is not installed here.");
        var publisher = new Publisher(broker);
        await publisher._host.StartAsync(TestContext.Current.CancellationToken);
        var bus = publisher._host.Services.GetRequiredService<IBusControl>();
        await bus.WaitForHealthStatus(BusHealthStatus.Healthy, TestContext.Current.CancellationToken);
        bus.ConnectSendObserver(publisher);
        await publisher._host.Services.GetRequiredService<EngineQueues>().Connect<PublishFromEngineConsumer>(Step.PublishImage, engine).Ready;
        return publisher;
    }

    public async Task<PublishImage> SendAsync(string engine)
    {
        var command = new PublishImage
        {
            DeploymentId = NewId.NextGuid(),
            Attempt = 1,
            AppId = NewId.NextGuid(),
            App = "shop",
            Target = Target.Docker,
            Commit = new string('c', 40),
            ImageId = "sha256:" + new string('1', 64),
            Builder = engine,
        };
        var queue = await _host.Services.GetRequiredService<IBus>().GetSendEndpoint(Endpoints.For(Step.PublishImage));
        await queue.Send(command, TestContext.Current.CancellationToken);
        return command;
    }

    public bool Heard<T>(PublishImage command)
        where T : IStepMessage => Answers.OfType<T>().Any(answer => answer.DeploymentId == command.DeploymentId);

    public static Task UntilAsync(Func<bool> condition, string what) => UntilAsync(() => Task.FromResult(condition()), what);

    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        var deadline = DateTime.UtcNow + Patience;
        while (!await condition())
        {
            if (DateTime.UtcNow > deadline)
                throw new TimeoutException($"It never came to pass that {what}.");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    public Task PreSend<T>(SendContext<T> context)
        where T : class => Task.CompletedTask;

    public Task PostSend<T>(SendContext<T> context)
        where T : class
    {
        if (context.DestinationAddress!.AbsolutePath.Contains("publish-image.", StringComparison.Ordinal))
            Interlocked.Increment(ref _passedOn);
        if (context.Message is AppendLog log)
        {
            foreach (var line in log.Lines)
                Said.Enqueue(line);
        }

        return Task.CompletedTask;
    }

    public Task SendFault<T>(SendContext<T> context, Exception exception)
        where T : class => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync(CancellationToken.None);
        _host.Dispose();
        _folder.Delete(recursive: true);
    }

    private sealed class Fake(Publisher publisher) : IImagePublisher
    {
        public IReadOnlyList<string> Targets { get; } = [Target.Docker];

        public async Task<string?> PublishAsync(PublishImage command, IStepLog log, CancellationToken cancellation)
        {
            publisher.Taken.Enqueue(command);
            await publisher.Work(cancellation);
            publisher.Done.Enqueue(command.DeploymentId);
            return "sha256:" + new string('2', 64);
        }
    }

    /// <summary>In place of the saga, which waits for all of them.</summary>
    private sealed class Confirmer : IConsumer<ConfirmStep>
    {
        public Task Consume(ConsumeContext<ConfirmStep> context) =>
            context.RespondAsync(new StepConfirmation { DeploymentId = context.Message.DeploymentId, Wanted = true });
    }

    private sealed class Listener(Publisher publisher)
        : IConsumer<ImagePublished>, IConsumer<BuiltImageLost>, IConsumer<StepRetryScheduled>, IConsumer<Fault<PublishImage>>
    {
        public Task Consume(ConsumeContext<ImagePublished> context) => Keep(context.Message);

        public Task Consume(ConsumeContext<BuiltImageLost> context) => Keep(context.Message);

        public Task Consume(ConsumeContext<StepRetryScheduled> context) => Keep(context.Message);

        public Task Consume(ConsumeContext<Fault<PublishImage>> context) => Keep(context.Message);

        private Task Keep(object answer)
        {
            publisher.Answers.Enqueue(answer);
            return Task.CompletedTask;
        }
    }
}
