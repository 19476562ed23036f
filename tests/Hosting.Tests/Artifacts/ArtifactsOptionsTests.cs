using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Artifacts.Registry;

namespace Paas.Hosting.Tests.Artifacts;

public sealed class ArtifactsOptionsTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [Theory]
    [InlineData("Both Artifacts__Path and Artifacts__Registry are set", "Path=/srv/artifacts", "Registry=http://registry:5000")]
    [InlineData("has to be an http or https URL", "Registry=registry:5000")]
    [InlineData("has to be an http or https URL", "Registry=ftp://registry/paas")]
    [InlineData("must not hold credentials", "Registry=https://paas:hunter2@registry.example.com/")]
    [InlineData("neither a query nor a fragment", "Registry=https://registry.example.com/paas?x=1")]
    [InlineData("'Paas/Artifacts' in Artifacts__Registry is not the name of a repository", "Registry=https://registry.example.com/Paas/Artifacts")]
    [InlineData("Leave out /v2", "Registry=https://registry.example.com/v2/")]
    [InlineData("Set both Artifacts__RegistryUsername and Artifacts__RegistryPassword", "Registry=https://registry.example.com", "RegistryUsername=paas")]
    [InlineData("but Artifacts__Registry is not", "RegistryUsername=paas", "RegistryPassword=hunter2")]
    [InlineData("Artifacts__CacheBytes has to be at least 1", "CacheBytes=0")]
    public void Settings_that_cannot_be_right_are_refused_with_a_sentence(string expected, params string[] settings)
    {
        var refused = Should.Throw<OptionsValidationException>(() => Open(settings));
        refused.Message.ShouldContain(expected);
        refused.Message.ShouldNotContain("hunter2");
    }

    [Theory]
    [InlineData("http://registry:5000", "http://registry:5000/paas/artifacts")]
    [InlineData("http://registry:5000/", "http://registry:5000/paas/artifacts")]
    [InlineData("https://registry.example.com/team-a/my_paas/artifacts/", "https://registry.example.com/team-a/my_paas/artifacts")]
    public void The_path_of_the_URL_is_the_repository(string registry, string expected)
    {
        RegistryAddress.TryParse(registry, out var address, out _).ShouldBeTrue();
        address.ToString().ShouldBe(expected);
    }

    [Fact]
    public void Artifacts_are_kept_where_the_settings_say()
    {
        Open().ShouldBeOfType<FolderArtifactStore>();
        Directory.Exists(_folder["artifacts"]).ShouldBeTrue();
        Open($"Path={_folder["shared"]}", "Registry=").ShouldBeOfType<FolderArtifactStore>();
        Directory.Exists(_folder["shared"]).ShouldBeTrue();
        Open("Registry=http://registry:5000/paas", "Path=").ShouldBeOfType<OciArtifactStore>();
    }

    private IArtifactStore Open(params string[] settings)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(
            settings.Select(setting => setting.Split('=', 2)).ToDictionary(setting => $"Artifacts:{setting[0]}", string? (setting) => setting[1])
                .Append(new("Paas:DataDirectory", _folder.Path))).Build();
        using var services = new ServiceCollection().AddSingleton<IConfiguration>(configuration).AddLogging().AddPaasPlatform(configuration).BuildServiceProvider();
        return services.GetRequiredService<IArtifactStore>();
    }

    public void Dispose() => _folder.Dispose();
}
