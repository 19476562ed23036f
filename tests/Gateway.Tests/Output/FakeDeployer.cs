using System.Collections.Concurrent;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Paas.Contracts;
using Paas.Hosting.Messaging;

namespace Paas.Gateway.Tests.Output;

/// <summary>Answers on the deployer's queues what a test tells it to.</summary>
internal sealed class FakeDeployer
{
    private readonly ConcurrentQueue<object> _questions = new();

    public Func<object, Task<object>> Answer { get; set; } = _ => throw new InvalidOperationException("Nothing was asked for yet.");

    public IReadOnlyList<T> Asked<T>() => [.. _questions.OfType<T>()];

    /// <summary>Lines with numbers, as many as there are behind the cursor, which is the number of the last one.</summary>
    public static OutputLines Numbers(string? cursor, int upTo, int portion = 3)
    {
        var from = cursor is null ? 0 : int.Parse(cursor, System.Globalization.CultureInfo.InvariantCulture);
        var to = Math.Min(upTo, from + portion);
        return new OutputLines
        {
            Lines = [.. Enumerable.Range(from + 1, to - from).Select(number => Line($"{number}"))],
            Cursor = $"{to}",
            AtEnd = to == upTo,
        };
    }

    public static OutputLine Line(string text, bool isError = false) =>
        new() { At = new DateTime(2026, 11, 27, 10, 0, 0, 123, DateTimeKind.Utc), Source = "web.1", Text = text, IsError = isError };

    public Task<GatewayHost> StartAsync(Dictionary<string, string?>? settings = null) => GatewayHost.StartAsync(
        settings, services: services => services.AddSingleton(this), consumers: bus =>
        {
            bus.AddConsumer<Reader>().Endpoint(endpoint => endpoint.Name = Endpoints.OutputQueue);
            bus.AddConsumer<Runner>().Endpoint(endpoint => endpoint.Name = Endpoints.RunQueue);
        });

    private async Task AnswerAsync<T>(ConsumeContext<T> context, CancellationToken stopping)
        where T : class
    {
        _questions.Enqueue(context.Message);
        // A bus waits for what is being consumed when it stops.
        var answer = Answer(context.Message);
        if (await Task.WhenAny(answer, Task.Delay(Timeout.Infinite, stopping)) == answer)
            await context.RespondAsync(await answer, (await answer).GetType());
    }

    private sealed class Reader(FakeDeployer deployer, IHostApplicationLifetime lifetime) : IConsumer<ReadAppLogs>, IConsumer<ReadRunOutput>, IConsumer<FindRuns>, IConsumer<FindInstances>
    {
        public Task Consume(ConsumeContext<ReadAppLogs> context) => deployer.AnswerAsync(context, lifetime.ApplicationStopping);
        public Task Consume(ConsumeContext<ReadRunOutput> context) => deployer.AnswerAsync(context, lifetime.ApplicationStopping);
        public Task Consume(ConsumeContext<FindRuns> context) => deployer.AnswerAsync(context, lifetime.ApplicationStopping);
        public Task Consume(ConsumeContext<FindInstances> context) => deployer.AnswerAsync(context, lifetime.ApplicationStopping);
    }

    private sealed class Runner(FakeDeployer deployer, IHostApplicationLifetime lifetime) : IConsumer<StartRun>, IConsumer<StopRun>
    {
        public Task Consume(ConsumeContext<StartRun> context) => deployer.AnswerAsync(context, lifetime.ApplicationStopping);
        public Task Consume(ConsumeContext<StopRun> context) => deployer.AnswerAsync(context, lifetime.ApplicationStopping);
    }
}
