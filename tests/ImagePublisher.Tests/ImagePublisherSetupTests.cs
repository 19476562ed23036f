using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
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

    [Theory]
    [InlineData("ImagePublisher:KeepImages", "0", "ImagePublisher__KeepImages has to be at least 1: the image that runs is kept in any case.")]
    [InlineData("ImagePublisher:EngineTimeout", "00:00:00", "ImagePublisher__EngineTimeout has to be between a second and an hour, such as 00:01:00.")]
    [InlineData("ImagePublisher:EngineTimeout", "02:00:00", "ImagePublisher__EngineTimeout has to be between a second and an hour, such as 00:01:00.")]
    public void A_setting_that_cannot_be_right_is_named(string setting, string value, string sentence)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection([new(setting, value)]);
        builder.Services.AddImagePublisher(builder.Configuration);
        using var host = builder.Build();

        Should.Throw<OptionsValidationException>(() => host.Services.GetRequiredService<IOptions<ImagePublisherOptions>>().Value).Message.ShouldContain(sentence);
    }
}
