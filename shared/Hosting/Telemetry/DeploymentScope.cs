using System.Collections;
using System.Diagnostics;
using System.Linq.Expressions;
using MassTransit;
using MassTransit.Configuration;
using Microsoft.Extensions.Logging;
using Paas.Contracts;

namespace Paas.Hosting.Telemetry;

/// <summary>Which deployment, and which step of it, the log lines within are about.</summary>
internal sealed class DeploymentScope(Guid deploymentId, IStepMessage? step) : IReadOnlyList<KeyValuePair<string, object?>>
{
    public Guid DeploymentId => deploymentId;
    public string? Step => step?.Step;
    public int? Attempt => step?.Attempt;
    public int Count => step is null ? 1 : 3;

    public KeyValuePair<string, object?> this[int index] => index switch
    {
        0 => new(nameof(DeploymentId), deploymentId),
        1 when step is not null => new(nameof(Step), step.Step),
        2 when step is not null => new(nameof(Attempt), step.Attempt),
        _ => throw new ArgumentOutOfRangeException(nameof(index)),
    };

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
            yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString() => string.Join(' ', this.Select(part => $"{part.Key}:{part.Value}"));
}

/// <summary>Says of every message about a deployment which one that is, to the log and to the trace.</summary>
internal static class DeploymentScopes
{
    public static void UseDeploymentScopes(this IReceiveEndpointConfigurator endpoint, ILoggerFactory loggers) =>
        _ = new Observer(endpoint, loggers.CreateLogger("Paas.Messages"));

    private sealed class Observer : ConfigurationObserver, IMessageConfigurationObserver
    {
        private readonly ILogger _logger;

        public Observer(IConsumePipeConfigurator configurator, ILogger logger)
            : base(configurator)
        {
            _logger = logger;
            Connect(this);
        }

        public void MessageConfigured<TMessage>(IConsumePipeConfigurator configurator)
            where TMessage : class
        {
            if (Filter<TMessage>.ScopeOf is { } scopeOf)
                configurator.AddPipeSpecification(new FilterPipeSpecification<ConsumeContext<TMessage>>(new Filter<TMessage>(_logger, scopeOf)));
        }
    }

    private sealed class Filter<T>(ILogger logger, Func<T, DeploymentScope> scopeOf) : IFilter<ConsumeContext<T>>
        where T : class
    {
        /// <summary>Null if the message is not about a deployment.</summary>
        public static Func<T, DeploymentScope>? ScopeOf { get; } = Find();

        public async Task Send(ConsumeContext<T> context, IPipe<ConsumeContext<T>> next)
        {
            var scope = scopeOf(context.Message);
            if (Activity.Current is { IsAllDataRequested: true } activity)
                activity.SetTag(Attributes.DeploymentId, scope.DeploymentId.ToString());
            using (logger.BeginScope(scope))
                await next.Send(context);
        }

        public void Probe(ProbeContext context) => context.CreateFilterScope("deploymentScope");

        private static Func<T, DeploymentScope>? Find()
        {
            if (typeof(T).IsAssignableTo(typeof(IStepMessage)))
                return message => new DeploymentScope(((IStepMessage)message).DeploymentId, (IStepMessage)message);
            if (typeof(T).IsAssignableTo(typeof(Fault<IStepCommand>)))
                return message => new DeploymentScope(((Fault<IStepCommand>)message).Message.DeploymentId, ((Fault<IStepCommand>)message).Message);
            if (typeof(T).GetProperty(nameof(DeploymentScope.DeploymentId)) is not { } property || property.PropertyType != typeof(Guid))
                return null;
            var parameter = Expression.Parameter(typeof(T));
            var id = Expression.Lambda<Func<T, Guid>>(Expression.Property(parameter, property), parameter).Compile();
            return message => new DeploymentScope(id(message), null);
        }
    }
}
