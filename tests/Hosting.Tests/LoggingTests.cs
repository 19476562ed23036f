using System.Collections.Concurrent;
using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Hosting.Messaging;
using Paas.Hosting.Telemetry;

namespace Paas.Hosting.Tests;

public sealed class LoggingTests
{
    private static readonly Guid Deployment = Guid.Parse("0a5f0000-0000-0000-0000-0000000000b1");

    [Fact]
    public void A_line_shows_its_deployment_once()
    {
        var scopes = new LoggerExternalScopeProvider();
        using (scopes.Push("something else"))
        using (scopes.Push(new DeploymentScope(Deployment, null)))
        {
            Line("Done", scopes).ShouldBe($"info: Paas.Test {Deployment} Done");
            Line($"Going on with {Deployment}", scopes).ShouldBe($"info: Paas.Test Going on with {Deployment}");
        }

        Line("Done", scopes).ShouldBe("info: Paas.Test Done");
    }

    [Fact]
    public void An_event_is_one_line_in_UTC()
    {
        var text = Text("One\nand two", new InvalidOperationException("Three\r\nfour"), null);
        text.Trim().ShouldEndWith("info: Paas.Test One and two System.InvalidOperationException: Three four");
        text.Trim().ShouldNotContain('\n');
        text[..25].ShouldMatch(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z $");
    }

    [Theory]
    [InlineData(null, "paas")]
    [InlineData("json", "json")]
    [InlineData("systemd", "systemd")]
    public void The_format_can_be_chosen(string? asked, string format)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["Logging:Console:FormatterName"] = asked });
        builder.Logging.AddConfiguration(builder.Configuration.GetSection("Logging")).AddPaasConsole();
        using var host = builder.Build();
        host.Services.GetRequiredService<IOptions<ConsoleLoggerOptions>>().Value.FormatterName.ShouldBe(format);
        host.Services.GetServices<ConsoleFormatter>().ShouldContain(formatter => formatter.Name == format);
    }

    [Fact]
    public async Task Whoever_consumes_a_message_about_a_deployment_logs_which_one()
    {
        var kept = new KeptScopes();
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.AddProvider(kept);
        builder.Services.AddPaasBus(builder.Configuration, bus =>
        {
            bus.AddConsumer<Consumer<TurnGranted>>();
            bus.AddConsumer<Consumer<StepStopped>>();
            bus.AddConsumer<Consumer<Fault<IStepCommand>>>().Endpoint(endpoint => endpoint.Name = "faults");
            bus.AddConsumer<Consumer<PushReceived>>();
            bus.AddConsumer<FaultingConsumer>();
        });
        using var host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);
        var bus = host.Services.GetRequiredService<IBus>();
        await bus.Publish(new TurnGranted { DeploymentId = Deployment }, TestContext.Current.CancellationToken);
        await bus.Publish(new StepStopped { DeploymentId = Deployment, Step = Step.BuildImage, Attempt = 2 }, TestContext.Current.CancellationToken);
        await bus.Publish(new PushReceived { DeliveryId = NewId.NextGuid() }, TestContext.Current.CancellationToken);
        await bus.Publish(
            new DownloadCode { DeploymentId = Deployment, Attempt = 3, AppId = NewId.NextGuid(), Repository = "https://git.example/a/b" },
            TestContext.Current.CancellationToken);

        (await kept.OfAsync("TurnGranted")).ShouldBe($"DeploymentId:{Deployment}");
        (await kept.OfAsync("StepStopped")).ShouldBe($"DeploymentId:{Deployment} Step:BuildImage Attempt:2");
        (await kept.OfAsync("Fault`1")).ShouldBe($"DeploymentId:{Deployment} Step:DownloadCode Attempt:3");
        (await kept.OfAsync("PushReceived")).ShouldBe("");
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    private static string Line(string message, IExternalScopeProvider scopes) => Text(message, null, scopes)[25..].TrimEnd();

    private static string Text(string message, Exception? exception, IExternalScopeProvider? scopes)
    {
        using var writer = new StringWriter();
        new PaasConsoleFormatter(TimeProvider.System).Write(
            new LogEntry<string>(LogLevel.Information, "Paas.Test", 1, message, exception, (state, _) => state), scopes, writer);
        return System.Text.RegularExpressions.Regex.Replace(writer.ToString(), "\e\\[\\d+m", "");
    }

    private sealed class Consumer<T>(ILoggerFactory loggers) : IConsumer<T>
        where T : class
    {
        public Task Consume(ConsumeContext<T> context)
        {
            loggers.CreateLogger("Test").Log(LogLevel.Information, 0, typeof(T).Name, null, (message, _) => message);
            return Task.CompletedTask;
        }
    }

    private sealed class FaultingConsumer : IConsumer<DownloadCode>
    {
        public Task Consume(ConsumeContext<DownloadCode> context) => throw new IOException("The network is away.");
    }

    private sealed class KeptScopes : ILoggerProvider, ISupportExternalScope, ILogger
    {
        private readonly ConcurrentDictionary<string, string> _scopes = [];
        private IExternalScopeProvider _provider = new LoggerExternalScopeProvider();

        public async Task<string> OfAsync(string message)
        {
            var deadline = DateTime.UtcNow.AddSeconds(60);
            while (true)
            {
                if (_scopes.TryGetValue(message, out var scope))
                    return scope;
                DateTime.UtcNow.ShouldBeLessThan(deadline, $"{message} was logged");
                await Task.Delay(20);
            }
        }

        public ILogger CreateLogger(string categoryName) => this;
        public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _provider = scopeProvider;
        public bool IsEnabled(LogLevel logLevel) => true;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => _provider.Push(state);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var found = "";
            _provider.ForEachScope((scope, _) => found = scope is DeploymentScope ? scope.ToString()! : found, this);
            _scopes[formatter(state, exception)] = found;
        }

        public void Dispose()
        {
        }
    }
}
