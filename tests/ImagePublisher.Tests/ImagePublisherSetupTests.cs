using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Paas.Contracts;
using Paas.Hosting;

namespace Paas.ImagePublisher.Tests;

public sealed class ImagePublisherSetupTests
{
    [Theory]
    [InlineData(null, new[] { Target.Local })]
    [InlineData("unix:///var/run/docker.sock", new[] { Target.Local, Target.Docker, Target.Kubernetes })]
    public void Images_are_published_where_there_is_an_engine(string? endpoint, string[] targets)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection([new("Docker:Endpoint", endpoint)]);
        builder.Services.AddLogging();
        builder.Services.AddPaasPlatform(builder.Configuration);
        builder.Services.AddImagePublisher(builder.Configuration);
        using var host = builder.Build();

        host.Services.GetServices<IImagePublisher>().SelectMany(publisher => publisher.Targets).ShouldBe(targets);
    }
}
