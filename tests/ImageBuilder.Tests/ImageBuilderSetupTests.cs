using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Paas.ImageBuilder.Docker;
using Paas.ImageBuilder.Local;

namespace Paas.ImageBuilder.Tests;

public sealed class ImageBuilderSetupTests
{
    [Fact]
    public void Images_are_built_only_where_there_is_an_engine()
    {
        Builders([]).ShouldBe([typeof(SlugBuilder)]);
        Builders(new() { ["Docker:Endpoint"] = "unix:///run/docker.sock" }).ShouldBe([typeof(SlugBuilder), typeof(DockerImageBuilder)]);
    }

    [Fact]
    public void Limits_and_base_images_come_from_the_settings()
    {
        var options = Provider(new()
        {
            ["ImageBuilder:BuildMemoryBytes"] = "1073741824",
            ["ImageBuilder:BuildCpus"] = "1.5",
            ["ImageBuilder:BuildCgroup"] = "/paas/builds",
            ["ImageBuilder:BaseImages:python"] = "mirror.example.com/python:{version}",
        }).GetRequiredService<IOptions<ImageBuilderOptions>>().Value;

        options.BuildMemoryBytes.ShouldBe(1024L * 1024 * 1024);
        options.BuildCpus.ShouldBe(1.5);
        options.BuildCgroup.ShouldBe("/paas/builds");
        options.BaseImages.Python.ShouldBe("mirror.example.com/python:{version}");
        options.BaseImages.Node.ShouldBe("node:{version}-slim");
        options.Validate(new ValidationContext(options)).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("BuildMemoryBytes", "1000", "ImageBuilder__BuildMemoryBytes has to be at least 16777216 (16 MiB)")]
    [InlineData("BuildCpus", "0", "ImageBuilder__BuildCpus has to be between 0.01 and 1024")]
    [InlineData("BuildCgroup", "builds", "ImageBuilder__BuildCgroup is 'builds'")]
    [InlineData("BuildCgroup", "/a/../b", "ImageBuilder__BuildCgroup is '/a/../b'")]
    [InlineData("MaxImageBytes", "0", "ImageBuilder__MaxImageBytes has to be a number above 0")]
    [InlineData("BaseImages:Go", "go lang", "ImageBuilder__BaseImages__Go is 'go lang'")]
    public void A_setting_that_cant_be_is_named(string setting, string value, string sentence)
    {
        var services = Provider(new() { [$"ImageBuilder:{setting}"] = value });

        Should.Throw<OptionsValidationException>(() => services.GetRequiredService<IOptions<ImageBuilderOptions>>().Value).Message.ShouldContain(sentence);
    }

    private static IEnumerable<Type?> Builders(Dictionary<string, string?> settings) =>
        Services(settings).Where(service => service.ServiceType == typeof(IImageBuilder)).Select(service => service.ImplementationType);

    private static ServiceProvider Provider(Dictionary<string, string?> settings) => Services(settings).BuildServiceProvider();

    private static ServiceCollection Services(Dictionary<string, string?> settings)
    {
        var services = new ServiceCollection();
        services.AddImageBuilder(new ConfigurationBuilder().AddInMemoryCollection(settings).Build());
        return services;
    }
}
