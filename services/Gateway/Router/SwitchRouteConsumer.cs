using MassTransit;
using Paas.Contracts;
using Paas.Hosting.Messaging;

namespace Paas.Gateway.Router;

internal sealed class SwitchRouteConsumer(RouteSwitch routes) : IConsumer<SwitchRoute>
{
    public async Task Consume(ConsumeContext<SwitchRoute> context) =>
        await context.RespondAsync(await routes.SwitchAsync(context.Message, context.CancellationToken));
}

internal sealed class SwitchRouteConsumerDefinition : ConsumerDefinition<SwitchRouteConsumer>
{
    /// <summary>Most of them only wait for requests to end.</summary>
    private const int AtATime = 100;

    public SwitchRouteConsumerDefinition()
    {
        EndpointName = Endpoints.RouteQueue;
        ConcurrentMessageLimit = AtATime;
    }

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator, IConsumerConfigurator<SwitchRouteConsumer> consumerConfigurator, IRegistrationContext context)
    {
        endpointConfigurator.PrefetchCount = AtATime;
        endpointConfigurator.UseMessageRetry(retry =>
        {
            retry.Ignore<ArgumentException>();
            retry.Exponential(5, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(5), TimeSpan.FromMilliseconds(200));
        });
    }
}
