using MassTransit;
using MassTransit.Context;
using MassTransit.Middleware;
using MassTransit.Saga;
using Microsoft.EntityFrameworkCore;
using Paas.Persistence.Entities;

namespace Paas.Persistence.Messaging;

/// <summary>
/// The saga repository of deployments on EF Core. It joins the outbox's transaction and locks the row it loads, so
/// that events of one deployment are applied one after the other. Stands in for MassTransit.EntityFrameworkCore's.
/// </summary>
internal sealed class DeploymentSagaRepository(PaasDbContext db) :
    ISagaRepositoryContextFactory<DeploymentState>,
    ILoadSagaRepositoryContextFactory<DeploymentState>,
    IQuerySagaRepositoryContextFactory<DeploymentState>
{
    private readonly SagaConsumeContextFactory<PaasDbContext, DeploymentState> _contexts = new();

    public void Probe(ProbeContext context) => context.Add("persistence", "paas");

    public Task Send<T>(ConsumeContext<T> context, IPipe<SagaRepositoryContext<DeploymentState, T>> next)
        where T : class => next.Send(new RepositoryContext<T>(db, context, _contexts));

    public async Task SendQuery<T>(ConsumeContext<T> context, ISagaQuery<DeploymentState> query, IPipe<SagaRepositoryQueryContext<DeploymentState, T>> next)
        where T : class
    {
        var found = await db.Deployments.Where(query.FilterExpression).Select(x => x.CorrelationId).ToListAsync(context.CancellationToken);
        await next.Send(new DefaultSagaRepositoryQueryContext<DeploymentState, T>(new RepositoryContext<T>(db, context, _contexts), found));
    }

    public Task<T> Execute<T>(Func<LoadSagaRepositoryContext<DeploymentState>, Task<T>> asyncMethod, CancellationToken cancellationToken = default)
        where T : class => asyncMethod(new ReadContext(db, cancellationToken));

    public Task<T> Execute<T>(Func<QuerySagaRepositoryContext<DeploymentState>, Task<T>> asyncMethod, CancellationToken cancellationToken = default)
        where T : class => asyncMethod(new ReadContext(db, cancellationToken));

    private sealed class RepositoryContext<T>(
        PaasDbContext db, ConsumeContext<T> context, SagaConsumeContextFactory<PaasDbContext, DeploymentState> contexts) :
        ConsumeContextScope<T>(context, db), SagaRepositoryContext<DeploymentState, T>
        where T : class
    {
        private readonly ConsumeContext<T> _context = context;

        public Task<SagaConsumeContext<DeploymentState, T>> Add(DeploymentState instance) =>
            CreateSagaConsumeContext(_context, instance, SagaConsumeContextMode.Add);

        public async Task<SagaConsumeContext<DeploymentState, T>> Insert(DeploymentState instance)
        {
            db.Deployments.Add(instance);
            await db.SaveChangesAsync(CancellationToken);
            return await CreateSagaConsumeContext(_context, instance, SagaConsumeContextMode.Insert);
        }

        public async Task<SagaConsumeContext<DeploymentState, T>> Load(Guid correlationId)
        {
            var deployment = await db.LockDeploymentAsync(correlationId, CancellationToken);
            return deployment is null ? null! : await CreateSagaConsumeContext(_context, deployment, SagaConsumeContextMode.Load);
        }

        public Task Save(SagaConsumeContext<DeploymentState> context)
        {
            db.Deployments.Add(context.Saga);
            return db.SaveChangesAsync(CancellationToken);
        }

        // The outbox saves at the end of its transaction, together with what is to be sent.
        public Task Update(SagaConsumeContext<DeploymentState> context) =>
            db.Database.CurrentTransaction is null ? db.SaveChangesAsync(CancellationToken) : Task.CompletedTask;

        public Task Delete(SagaConsumeContext<DeploymentState> context)
        {
            db.Deployments.Remove(context.Saga);
            return db.SaveChangesAsync(CancellationToken);
        }

        public Task Discard(SagaConsumeContext<DeploymentState> context) => Task.CompletedTask;

        public Task Undo(SagaConsumeContext<DeploymentState> context)
        {
            db.Entry(context.Saga).State = EntityState.Unchanged;
            return Task.CompletedTask;
        }

        public Task<SagaConsumeContext<DeploymentState, TMessage>> CreateSagaConsumeContext<TMessage>(
            ConsumeContext<TMessage> consumeContext, DeploymentState instance, SagaConsumeContextMode mode)
            where TMessage : class => contexts.CreateSagaConsumeContext(db, consumeContext, instance, mode);
    }

    private sealed class ReadContext(PaasDbContext db, CancellationToken cancellation) :
        BasePipeContext(cancellation), LoadSagaRepositoryContext<DeploymentState>, QuerySagaRepositoryContext<DeploymentState>
    {
        public Task<DeploymentState> Load(Guid correlationId) =>
            db.Deployments.AsNoTracking().SingleOrDefaultAsync(x => x.CorrelationId == correlationId, CancellationToken)!;

        public async Task<SagaRepositoryQueryContext<DeploymentState>> Query(ISagaQuery<DeploymentState> query, CancellationToken cancellationToken) =>
            new DefaultSagaRepositoryQueryContext<DeploymentState>(
                this, await db.Deployments.Where(query.FilterExpression).Select(x => x.CorrelationId).ToListAsync(cancellationToken));
    }
}
