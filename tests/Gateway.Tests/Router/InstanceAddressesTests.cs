using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Gateway.Router;
using Paas.Hosting.Messaging;

namespace Paas.Gateway.Tests.Router;

public sealed class InstanceAddressesTests
{
    [Theory]
    [InlineData("http://127.0.0.1:20000", true)]
    [InlineData("http://[::1]:20000", true)]
    [InlineData("http://localhost:20000", true)]
    [InlineData("http://deployer:20000", true)]
    [InlineData("http://DEPLOYER.:20000", true)]
    [InlineData("http://engine:32768", true)]
    [InlineData("http://apps.internal:20000", true)]
    [InlineData("http://172.17.0.1:32768", true)]
    [InlineData("http://[::ffff:172.17.0.1]:32768", true)]
    [InlineData("http://172.18.0.1:32768", false)]
    [InlineData("http://169.254.169.254", false)]
    [InlineData("http://169.254.169.254:8080", false)]
    [InlineData("http://postgres:20000", false)]
    [InlineData("http://deployer.evil.test:20000", false)]
    [InlineData("http://127.0.0.2:20000", false)]
    [InlineData("http://0.0.0.0:20000", false)]
    [InlineData("http://127.0.0.1:80", false)]
    [InlineData("http://127.0.0.1:5672", false)]
    [InlineData("http://localhost:5672", false)]
    [InlineData("http://[::1]:5433", false)]
    [InlineData("http://127.0.0.1:8080", false)]
    [InlineData("http://127.0.0.1:2375", false)]
    [InlineData("http://127.0.0.1:20000/admin", false)]
    [InlineData("http://127.0.0.1:20000/?a", false)]
    [InlineData("http://user@127.0.0.1:20000", false)]
    [InlineData("file:///etc/passwd", false)]
    [InlineData("ftp://127.0.0.1:20000", false)]
    [InlineData("", false)]
    public void Only_what_a_target_uses_is_an_instances(string url, bool isAllowed)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["urls"] = "http://*:8080;http://[::]:8081",
            ["RabbitMq:Uri"] = "amqp://paas:x@localhost:5672/",
            ["ConnectionStrings:Paas"] = "Host=127.0.0.1;Port=5433;Username=paas",
            ["Docker:Endpoint"] = "tcp://127.0.0.1:2375",
            ["Deployer:InstanceHost"] = "deployer",
            ["Deployer:PublishHost"] = "engine",
        }).Build();
        var addresses = new InstanceAddresses(configuration, Options.Create(new GatewayOptions { InstanceHosts = ["apps.internal", "172.17.0.0/16"] }));
        (addresses.Check(url) is null).ShouldBe(isAllowed, addresses.Check(url));
    }

    [Fact]
    public async Task A_route_to_elsewhere_is_refused_and_the_one_before_stays()
    {
        await using var router = new RawRouter();
        await router.InitializeAsync();
        var app = await router.Host.WithDbAsync(db => db.Apps.Select(app => app.Id).SingleAsync());
        var client = router.Host.Services.GetRequiredService<IBus>().CreateRequestClient<SwitchRoute>(Endpoints.Route);
        var fault = await Should.ThrowAsync<RequestFaultException>(() => client.GetResponse<RouteSwitched>(
            new SwitchRoute { AppId = app, App = "shop", Release = 8, Instances = ["http://169.254.169.254"] }));
        fault.Message.ShouldContain("169.254.169.254");
        (await router.AskAsync("GET / HTTP/1.1\r\nHost: shop.apps.test\r\n\r\n"))["paas-release"].ShouldBe("v7");
    }
}
