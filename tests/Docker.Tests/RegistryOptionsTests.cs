using Microsoft.Extensions.Options;
using Paas.Servers;

namespace Paas.Docker.Tests;

public sealed class RegistryOptionsTests(RegistryServer server) : IClassFixture<RegistryServer>
{
    [Theory]
    [InlineData("https://registry.example.com", "registry.example.com")]
    [InlineData("https://registry.example.com/paas/", "registry.example.com/paas")]
    [InlineData("http://127.0.0.1:5000/team/paas", "127.0.0.1:5000/team/paas")]
    public void Image_names_begin_with_the_registry_and_the_path(string url, string prefix)
    {
        var options = new RegistryOptions { Url = url };

        options.Validate(new(new object())).ShouldBeEmpty();
        options.Prefix.ShouldBe(prefix);
    }

    [Theory]
    [InlineData("https://registry.example.com/Paas", "'Paas' in Registry__Url is not the beginning of a repository's name: ")]
    [InlineData("https://registry.example.com/v2/paas", "'v2/paas' in Registry__Url is not the beginning of a repository's name: ")]
    [InlineData("registry.example.com/paas", "Registry__Url has to be an http or https URL")]
    [InlineData("https://user:secret@registry.example.com", "Registry__Url has to be an http or https URL without a user")]
    public void A_url_that_cant_be_right_is_refused_at_the_start(string url, string sentence)
    {
        var problem = new RegistryOptions { Url = url }.Validate(new(new object())).Single().ErrorMessage!;

        problem.ShouldStartWith(sentence);
        problem.ShouldNotContain("secret");
    }

    [Fact]
    public async Task A_registry_without_a_path_is_asked_for_the_app_itself_and_what_it_does_not_have_is_none()
    {
        Assert.SkipUnless(RegistryServer.IsInstalled, "docker-registry and htpasswd (apache2-utils) are not installed here.");
        var options = new RegistryOptions { Url = $"{server.Url}", Username = RegistryServer.Username, Password = RegistryServer.Password };

        (await new ImageRegistry(Options.Create(options), TimeProvider.System).FindAsync("shop", "latest", TestContext.Current.CancellationToken)).ShouldBeNull();
    }
}
