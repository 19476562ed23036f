using Paas.Gateway.Router;

namespace Paas.Gateway.Tests;

public sealed class InstanceTests
{
    [Fact]
    public async Task Nobody_is_in_an_instance_or_gets_in_once_it_is_drained()
    {
        for (var round = 0; round < 200; round++)
        {
            var instance = new Instance("http://127.0.0.1:1");
            var inside = 0;
            var visitors = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
            {
                while (instance.TryEnter())
                {
                    Interlocked.Increment(ref inside);
                    await Task.Yield();
                    Interlocked.Decrement(ref inside);
                    instance.Leave();
                }
            })).ToList();
            await Task.Yield();
            await instance.Retire();
            Volatile.Read(ref inside).ShouldBe(0);
            instance.TryEnter().ShouldBeFalse();
            await Task.WhenAll(visitors);
        }
    }

    [Fact]
    public async Task An_instance_that_stays_in_the_route_is_not_waited_for()
    {
        var routes = new RouteTable();
        var app = Guid.NewGuid();
        await routes.Put(app, "shop", 1, ["http://a.test", "http://b.test"]);
        var stays = routes.Find("SHOP")!.Instances[0];
        var goes = routes.Find("shop")!.Instances[1];
        stays.TryEnter().ShouldBeTrue();
        goes.TryEnter().ShouldBeTrue();
        var drained = routes.Put(app, "shop", 1, ["http://a.test", "http://c.test"]);
        routes.Find("shop")!.Instances[0].ShouldBe(stays);
        drained.IsCompleted.ShouldBeFalse();
        goes.Leave();
        await drained;
        stays.TryEnter().ShouldBeTrue();
        goes.TryEnter().ShouldBeFalse();
    }
}
