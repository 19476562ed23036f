using System.Collections.Concurrent;
using System.Diagnostics;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Paas.Contracts;
using Paas.Hosting;
using Paas.Hosting.Messaging;
using Paas.Persistence.Entities;
using Paas.Persistence.Messaging;
using Paas.Servers.Otlp;

namespace Paas.Persistence.Tests;

/// <summary>The outbox and the inbox on a real bus and a real database.</summary>
public sealed class OutboxTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("paas-outbox-");
    private readonly ConcurrentQueue<Guid> _turns = [];
    private Func<ConsumeContext<DeploymentRequested>, PaasDbContext, Task> _consume = (_, _) => Task.CompletedTask;
    private IHost _host = null!;

    private IBus Bus => _host.Services.GetRequiredService<IBus>();

    [Fact]
    public async Task What_a_consumer_sends_goes_out_after_its_transaction()
    {
        var id = NewId.NextGuid();
        _consume = async (context, db) =>
        {
            await context.Publish(new TurnGranted { DeploymentId = id });
            db.ChangeTracker.Entries<OutboxMessage>().Count().ShouldBe(1, "it is stored, and not sent, before the commit");
            db.AccessTokens.Add(new AccessToken { Hash = "kept", Name = "x" });
        };

        await Bus.Publish(new DeploymentRequested { DeploymentId = id }, TestContext.Current.CancellationToken);

        await UntilAsync(() => _turns.Contains(id));
        (await InDbAsync(db => db.AccessTokens.CountAsync())).ShouldBe(1);
        await UntilAsync(async () => await InDbAsync(db => db.OutboxMessages.CountAsync()) == 0);
    }

    [Fact]
    public async Task A_consumer_that_throws_leaves_no_row_and_sends_nothing_until_it_succeeds()
    {
        var (id, tries) = (NewId.NextGuid(), 0);
        _consume = async (context, db) =>
        {
            await context.Publish(new TurnGranted { DeploymentId = id });
            db.AccessTokens.Add(new AccessToken { Hash = $"try-{++tries}", Name = "x" });
            await db.SaveChangesAsync();
            if (tries < 3)
                throw new IOException("The database is away.");
        };

        await Bus.Publish(new DeploymentRequested { DeploymentId = id }, TestContext.Current.CancellationToken);

        await UntilAsync(() => _turns.Contains(id));
        (await InDbAsync(db => db.AccessTokens.Select(token => token.Hash).ToListAsync())).ShouldBe(["try-3"]);
        _turns.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_message_that_comes_twice_is_consumed_once()
    {
        var (messageId, consumed) = (NewId.NextGuid(), 0);
        _consume = (_, _) =>
        {
            Interlocked.Increment(ref consumed);
            return Task.CompletedTask;
        };
        for (var i = 0; i < 3; i++)
        {
            await Bus.Publish(
                new DeploymentRequested { DeploymentId = NewId.NextGuid() }, context => context.MessageId = messageId, TestContext.Current.CancellationToken);
        }

        // One that is known to come after them.
        await Bus.Publish(new DeploymentRequested { DeploymentId = NewId.NextGuid() }, TestContext.Current.CancellationToken);
        await UntilAsync(async () => await InDbAsync(db => db.InboxMessages.CountAsync()) == 2);
        consumed.ShouldBe(2);
    }

    [Fact]
    public async Task What_was_stored_and_not_sent_is_sent_by_the_next_process()
    {
        var id = NewId.NextGuid();
        await StoreAsync(id);
        _turns.ShouldBeEmpty();

        await _host.Services.GetRequiredService<OutboxDispatcher>().SweepAllAsync(TestContext.Current.CancellationToken);

        await UntilAsync(() => _turns.Contains(id));
        (await InDbAsync(db => db.OutboxMessages.CountAsync())).ShouldBe(0);
    }

    [Fact]
    public async Task What_a_request_stores_is_sent_once_it_is_saved_and_never_if_it_is_not()
    {
        var (saved, lost) = (NewId.NextGuid(), NewId.NextGuid());
        await using (var scope = _host.Services.CreateAsyncScope())
            await scope.ServiceProvider.GetRequiredService<BusOutbox>().PublishAsync(new TurnGranted { DeploymentId = lost }, default);
        await using (var scope = _host.Services.CreateAsyncScope())
        {
            var outbox = scope.ServiceProvider.GetRequiredService<BusOutbox>();
            await outbox.PublishAsync(new TurnGranted { DeploymentId = saved }, default);
            await outbox.SaveChangesAsync(default);
        }

        await UntilAsync(() => _turns.Contains(saved));
        _turns.ShouldNotContain(lost);
        await UntilAsync(async () => await InDbAsync(db => db.OutboxMessages.CountAsync()) == 0);
    }

    [Fact]
    public async Task A_message_that_another_process_sends_belongs_to_the_trace_in_which_it_was_stored()
    {
        using var recorded = new RecordedActivities();
        var id = NewId.NextGuid();
        ActivityTraceId trace;
        using (var request = recorded.Begin())
        {
            trace = request.TraceId;
            await StoreAsync(id);
        }

        (await InDbAsync(db => db.OutboxMessages.Select(message => message.HeadersJson).SingleAsync())).ShouldContain(trace.ToHexString());
        await _host.Services.GetRequiredService<OutboxDispatcher>().SweepAllAsync(TestContext.Current.CancellationToken);

        await UntilAsync(() => _turns.Contains(id));
        await UntilAsync(() => recorded.Of(id).Any(activity => activity.TraceId == trace && activity.OperationName.EndsWith("receive", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task What_was_sent_is_no_longer_in_the_outbox_when_the_process_has_ended()
    {
        var id = NewId.NextGuid();
        _consume = (context, _) => context.Publish(new TurnGranted { DeploymentId = id });
        await Bus.Publish(new DeploymentRequested { DeploymentId = id }, TestContext.Current.CancellationToken);
        await UntilAsync(() => _turns.Contains(id));

        await _host.StopAsync(TestContext.Current.CancellationToken);

        (await InDbAsync(db => db.OutboxMessages.CountAsync())).ShouldBe(0);
    }

    /// <summary>Stores a message as a process does that dies right after the commit.</summary>
    private async Task StoreAsync(Guid id)
    {
        await using var scope = _host.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PaasDbContext>();
        await scope.ServiceProvider.GetRequiredService<BusOutbox>().PublishAsync(new TurnGranted { DeploymentId = id }, default);
        await db.SaveChangesAsync();
    }

    private async Task<T> InDbAsync<T>(Func<PaasDbContext, Task<T>> work)
    {
        await using var scope = _host.Services.CreateAsyncScope();
        return await work(scope.ServiceProvider.GetRequiredService<PaasDbContext>());
    }

    private static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        var deadline = DateTime.UtcNow.AddSeconds(30);
        while (!await condition())
        {
            DateTime.UtcNow.ShouldBeLessThan(deadline);
            await Task.Delay(10);
        }
    }

    public async ValueTask InitializeAsync()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["Paas:DataDirectory"] = _folder.FullName });
        builder.Services.AddPaasPlatform(builder.Configuration);
        builder.Services.AddPaasPersistence(builder.Configuration);
        builder.Services.AddSingleton(this);
        builder.Services.AddPaasBus(builder.Configuration, bus =>
        {
            bus.AddConsumer<RequestConsumer, RequestConsumerDefinition>();
            bus.AddConsumer<TurnConsumer>();
        });
        _host = builder.Build();
        await PersistenceSetup.MigrateAsync(_host.Services, default);
        await _host.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        _folder.Delete(recursive: true);
    }

    private sealed class RequestConsumer(OutboxTests test, PaasDbContext db) : IConsumer<DeploymentRequested>
    {
        public Task Consume(ConsumeContext<DeploymentRequested> context) => test._consume(context, db);
    }

    private sealed class RequestConsumerDefinition : ConsumerDefinition<RequestConsumer>
    {
        protected override void ConfigureConsumer(
            IReceiveEndpointConfigurator endpointConfigurator, IConsumerConfigurator<RequestConsumer> consumerConfigurator, IRegistrationContext context) =>
            endpointConfigurator.UsePaasOutbox(context);
    }

    private sealed class TurnConsumer(OutboxTests test) : IConsumer<TurnGranted>
    {
        public Task Consume(ConsumeContext<TurnGranted> context)
        {
            test._turns.Enqueue(context.Message.DeploymentId);
            return Task.CompletedTask;
        }
    }
}
