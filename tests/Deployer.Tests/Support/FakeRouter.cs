using System.Collections.Concurrent;
using MassTransit;
using Paas.Contracts;

namespace Paas.Deployer.Tests.Support;

/// <summary>A router that remembers what it was told, and answers like the real one.</summary>
internal sealed class FakeRouter(FakeRouter.State state) : IConsumer<SwitchRoute>
{
    public sealed class State
    {
        private readonly ConcurrentDictionary<Guid, SwitchRoute> _routes = new();

        public ConcurrentQueue<SwitchRoute> Switches { get; } = new();

        /// <summary>Asked before the answer; the number of the question comes with it, from 1.</summary>
        public Func<int, bool> IsWanted { get; set; } = _ => true;

        /// <summary>Runs before a switch is answered.</summary>
        public Func<SwitchRoute, Task> BeforeAnswer { get; set; } = _ => Task.CompletedTask;

        public int Questions;

        public SwitchRoute? RouteOf(Guid app) => _routes.GetValueOrDefault(app);

        public Uri InstanceOf(Guid app) => new(RouteOf(app)!.Instances[0]);

        public RouteSwitched Switch(SwitchRoute route)
        {
            Switches.Enqueue(route);
            var kept = _routes.AddOrUpdate(route.AppId, route, (_, old) => (route.Release, route.Sequence ?? 0).CompareTo((old.Release, old.Sequence ?? 0)) >= 0 ? route : old);
            return new RouteSwitched { Accepted = kept == route, Later = kept != route && kept.Release == route.Release ? kept.Sequence : null };
        }
    }

    public async Task Consume(ConsumeContext<SwitchRoute> context)
    {
        await state.BeforeAnswer(context.Message);
        await context.RespondAsync(state.Switch(context.Message));
    }
}
