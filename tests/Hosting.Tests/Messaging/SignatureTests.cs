using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Paas.Contracts;
using Paas.Hosting.Messaging;
using Paas.Hosting.Messaging.RabbitMq;
using Paas.Hosting.Messaging.Signatures;
using Paas.Servers;
using RabbitMQ.Client;

namespace Paas.Hosting.Tests.Messaging;

/// <summary>Who has the broker's password, and not the key of the messages, can have nothing done; on a real RabbitMQ.</summary>
public sealed class SignatureTests(RabbitMqServer broker) : IClassFixture<RabbitMqServer>
{
    private const string Key = "of the platform, and of nobody else", Another = "somebody has made this up for himself";
    private static readonly Guid App = NewId.NextGuid();

    private static readonly IReadOnlyDictionary<string, object> Commands = new Dictionary<string, object>
    {
        [Endpoints.RunQueue] = new StartRun
        {
            RunId = NewId.NextGuid(),
            AppId = App,
            App = "a",
            Target = Target.Local,
            Release = 1,
            ImageDigest = "sha256:x",
            Run = new() { Runtime = RuntimeName.Static, Processes = [] },
            Command = ["id"],
            TimeLimit = TimeSpan.FromMinutes(1),
        },
        ["build-image"] = new BuildImage
        {
            DeploymentId = NewId.NextGuid(),
            Attempt = 1,
            AppId = App,
            App = "a",
            Target = Target.Local,
            Commit = new string('c', 40),
            SourceDigest = "sha256:x",
            Plan = new() { Runtime = RuntimeName.Static },
        },
        ["deploy-release"] = new DeployRelease
        {
            DeploymentId = NewId.NextGuid(),
            Attempt = 1,
            AppId = App,
            App = "a",
            Environment = "production",
            Target = Target.Local,
            Release = 1,
            ImageDigest = "sha256:x",
            Run = new() { Runtime = RuntimeName.Static, Processes = [] },
        },
        [Endpoints.RouteQueue] = new SwitchRoute { AppId = App, App = "a", Release = 1, Instances = ["http://127.0.0.1:5432"] },
        [Endpoints.RemoveAppQueue] = new RemoveApp { AppId = App, App = "a", Target = Target.Local },
        [Endpoints.DeploymentQueue] = new CancelDeployment { DeploymentId = NewId.NextGuid(), RequestedBy = "an attacker" },
    };

    [Theory]
    [InlineData(null, "has no signature")]
    [InlineData(Another, "has a wrong signature")]
    public async Task A_forged_command_has_no_effect_and_is_set_aside(string? forgersKey, string problem)
    {
        await using var platform = await StartAsync(Key);
        await using var forger = await StartAsync(forgersKey, listens: false);
        await PurgeAsync();

        await SendAllAsync(forger);

        foreach (var queue in Commands.Keys)
            await UntilAsync(async () => await broker.CountAsync(queue + "_skipped") == 1, $"the message is in {queue}_skipped");
        platform.Heard.ShouldBeEmpty();
        foreach (var command in Commands)
            string.Join('\n', platform.Log).ShouldContain($"A message in {command.Key} is not the platform's: {command.Value.GetType().Name} ");
        platform.Log.Count(line => line.Contains(problem, StringComparison.Ordinal)).ShouldBe(Commands.Count);
    }

    [Fact]
    public async Task The_platforms_own_commands_events_and_answers_are_heard_with_either_key()
    {
        await using var platform = await StartAsync(Key, previous: Another);
        await using var old = await StartAsync(Another, previous: Key, listens: false);
        await PurgeAsync();

        await SendAllAsync(platform);
        await SendAllAsync(old);
        await UntilAsync(() => Task.FromResult(platform.Heard.Count == Commands.Count * 2), "all are heard");
        var answer = await old.Bus.AskAsync<ConfirmStep, StepConfirmation>(
            Endpoints.Confirm, new ConfirmStep { DeploymentId = App, Step = Step.BuildImage, Attempt = 1 }, TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        answer.Wanted.ShouldBeTrue();
        platform.Log.ShouldNotContain(line => line.Contains("signature", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Messages_of_before_the_key_are_heard_while_the_operator_allows_it()
    {
        await using var platform = await StartAsync(Key, acceptsUnsigned: true);
        await using var before = await StartAsync(key: null, listens: false);
        await using var forger = await StartAsync(Another, listens: false);
        await PurgeAsync();

        await SendAllAsync(forger);
        await SendAllAsync(before);

        await UntilAsync(() => Task.FromResult(platform.Heard.Count == Commands.Count), "those of before are heard");
        foreach (var queue in Commands.Keys)
            await UntilAsync(async () => await broker.CountAsync(queue + "_skipped") == 1, $"the forged one is in {queue}_skipped");
    }

    [Fact]
    public async Task A_message_that_was_changed_on_its_way_is_refused_and_a_fault_keeps_its_signature()
    {
        await using var sender = await StartAsync(Key, listens: false);
        await PurgeAsync();
        await SendAllAsync(sender);
        await using var connection = await new ConnectionFactory { Uri = broker.Uri }.CreateConnectionAsync(TestContext.Current.CancellationToken);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: TestContext.Current.CancellationToken);
        var taken = (await channel.BasicGetAsync("build-image", autoAck: true, TestContext.Current.CancellationToken)).ShouldNotBeNull();
        var changed = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(taken.Body.Span).Replace("sha256:x", "sha256:y", StringComparison.Ordinal));
        var keys = MessageKeys.From(Settings(Key, null, false))!;

        await channel.BasicPublishAsync("build-image", "", mandatory: true, new BasicProperties(taken.BasicProperties), changed, TestContext.Current.CancellationToken);
        await channel.BasicPublishAsync("build-image", "", mandatory: true, new BasicProperties(taken.BasicProperties), taken.Body, TestContext.Current.CancellationToken);
        await using var platform = await StartAsync(Key, fails: typeof(BuildImage));
        await UntilAsync(async () => await broker.CountAsync("build-image_error") == 1, "the true one has met its fault");
        await UntilAsync(async () => await broker.CountAsync("build-image_skipped") == 1, "the changed one is set aside");

        using var dead = new DeadMessages(new RabbitMqOptions { Uri = broker.Uri }, keys);
        await using var look = await dead.LookAsync(["build-image_error", "build-image_skipped"], _ => false, TestContext.Current.CancellationToken);
        look.Messages.Select(message => (message.Queue, message.IsForged)).ShouldBe([("build-image_error", false), ("build-image_skipped", true)]);
    }

    [Fact]
    public void To_sign_and_check_a_message_takes_less_than_a_tenth_of_a_millisecond()
    {
        var keys = MessageKeys.From(Settings(Key, null, false))!;
        var body = new byte[8 * 1024];
        for (var i = 0; i < 1000; i++)
            keys.Accepts(body, keys.Sign(body)).ShouldBeTrue();
        // The quickest of many: other work on the machine makes each slower.
        var quickest = TimeSpan.MaxValue;
        for (var i = 0; i < 2_000; i++)
        {
            var begun = Stopwatch.GetTimestamp();
            keys.Accepts(body, keys.Sign(body));
            if (Stopwatch.GetElapsedTime(begun) is var took && took < quickest)
                quickest = took;
        }

        TestContext.Current.SendDiagnosticMessage($"{quickest.TotalMicroseconds:0.0} µs for 8 KiB");
        quickest.ShouldBeLessThan(TimeSpan.FromMilliseconds(0.1));
    }

    private async Task PurgeAsync()
    {
        await using var connection = await new ConnectionFactory { Uri = broker.Uri }.CreateConnectionAsync();
        foreach (var queue in Commands.Keys.SelectMany(name => new[] { name, name + "_skipped", name + "_error" }))
        {
            await using var channel = await connection.CreateChannelAsync();
            if (await broker.CountAsync(queue) is not null)
                await channel.QueuePurgeAsync(queue);
        }
    }

    private static async Task SendAllAsync(Process sender)
    {
        foreach (var (queue, command) in Commands)
        {
            if (command is CancelDeployment cancel)
                await sender.Bus.Publish(cancel, TestContext.Current.CancellationToken);
            else
                await sender.Bus.SendUncanceledAsync(new Uri($"exchange:{queue}"), command, command.GetType(), TestContext.Current.CancellationToken);
        }
    }

    private static IConfiguration Settings(string? key, string? previous, bool acceptsUnsigned) => new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
    {
        ["Paas:MessageKey"] = key,
        ["Paas:PreviousMessageKey"] = previous,
        ["Paas:AcceptUnsignedMessages"] = acceptsUnsigned ? "true" : null,
    }).Build();

    private async Task<Process> StartAsync(string? key, string? previous = null, bool acceptsUnsigned = false, bool listens = true, Type? fails = null)
    {
        Assert.SkipUnless(RabbitMqServer.IsInstalled, "RabbitMQ is not installed here.");
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["RabbitMq:Uri"] = broker.Uri.ToString() });
        builder.Configuration.AddConfiguration(Settings(key, previous, acceptsUnsigned));
        var (heard, log) = (new Heard(fails), new Lines());
        builder.Services.AddSingleton(heard);
        builder.Logging.AddProvider(log);
        builder.Services.AddPaasBus(builder.Configuration, bus =>
        {
            if (!listens)
                return;
            Listen<StartRun>(bus, Endpoints.RunQueue);
            Listen<BuildImage>(bus, "build-image");
            Listen<DeployRelease>(bus, "deploy-release");
            Listen<SwitchRoute>(bus, Endpoints.RouteQueue);
            Listen<RemoveApp>(bus, Endpoints.RemoveAppQueue);
            Listen<CancelDeployment>(bus, Endpoints.DeploymentQueue);
            bus.AddConsumer<Confirmer>().Endpoint(endpoint => endpoint.Name = Endpoints.ConfirmQueue);
        });
        var host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);
        await host.Services.GetRequiredService<BusReadiness>().WaitAsync(TestContext.Current.CancellationToken);
        return new Process(host, heard.Messages, log.Texts);
    }

    private static void Listen<T>(IBusRegistrationConfigurator bus, string queue)
        where T : class => bus.AddConsumer<Listener<T>>().Endpoint(endpoint => endpoint.Name = queue);

    private static async Task UntilAsync(Func<Task<bool>> isSo, string what)
    {
        var deadline = DateTime.UtcNow.AddSeconds(60);
        while (!await isSo())
        {
            DateTime.UtcNow.ShouldBeLessThan(deadline, what);
            await Task.Delay(50);
        }
    }

    private sealed record Process(IHost Host, ConcurrentQueue<object> Heard, ConcurrentQueue<string> Log) : IAsyncDisposable
    {
        public IBus Bus => Host.Services.GetRequiredService<IBus>();

        public async ValueTask DisposeAsync()
        {
            await Host.StopAsync();
            Host.Dispose();
        }
    }

    private sealed class Heard(Type? fails)
    {
        public ConcurrentQueue<object> Messages { get; } = new();

        public void Add(object message)
        {
            Messages.Enqueue(message);
            if (message.GetType() == fails)
                throw new InvalidOperationException("It can't be done.");
        }
    }

    private sealed class Listener<T>(Heard heard) : IConsumer<T>
        where T : class
    {
        public Task Consume(ConsumeContext<T> context)
        {
            heard.Add(context.Message);
            return Task.CompletedTask;
        }
    }

    private sealed class Confirmer : IConsumer<ConfirmStep>
    {
        public Task Consume(ConsumeContext<ConfirmStep> context) => context.RespondAsync(new StepConfirmation { DeploymentId = context.Message.DeploymentId, Wanted = true });
    }

    private sealed class Lines : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Texts { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Texts.Enqueue(formatter(state, exception));

        public void Dispose()
        {
        }
    }
}
