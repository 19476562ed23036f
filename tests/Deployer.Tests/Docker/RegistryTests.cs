using Microsoft.Extensions.Options;
using Paas.Docker;
using Paas.Hosting.Steps;
using Paas.Servers;
using static Paas.Deployer.Tests.Docker.DockerPlatform;

namespace Paas.Deployer.Tests.Docker;

/// <summary>A registry with a password.</summary>
public sealed class RegistryTests(DockerEngine engine) : IClassFixture<DockerEngine>
{
    private static readonly bool Installed = DockerEngine.IsInstalled && RegistryServer.IsInstalled;

    [Fact]
    public async Task An_image_that_is_not_on_the_engine_is_pulled_by_its_digest()
    {
        Assert.SkipUnless(Installed, "Docker or docker-registry is not installed here, or this is not root.");
        await using var registry = await RegistryServer.StartNewAsync();
        await using var platform = await StartAsync(engine, Settings(registry, RegistryServer.Password));
        var digest = await PublishAsync(registry);

        await platform.DeployAsync(platform.Release(1, Plan(Web()), digest));

        (await platform.AskAsync()).ShouldBe("v1");
        platform.Log.ShouldContain($"Pulling {registry.Url.Authority}/shop@{digest}");
        platform.Log.ShouldNotContain(RegistryServer.Password);
    }

    [Fact]
    public async Task A_wrong_password_is_a_fault_that_says_where_to_set_it()
    {
        Assert.SkipUnless(Installed, "Docker or docker-registry is not installed here, or this is not root.");
        await using var registry = await RegistryServer.StartNewAsync();
        await using var platform = await StartAsync(engine, Settings(registry, "wrong"));

        var fault = await Should.ThrowAsync<EngineException>(() => platform.DeployAsync(platform.Release(1, Plan(Web()), "sha256:" + new string('1', 64))));

        fault.Message.ShouldContain("unauthorized");
        fault.Message.ShouldContain("Registry__Password");
    }

    [Fact]
    public async Task A_registry_that_is_down_is_a_fault_that_mends_itself()
    {
        Assert.SkipUnless(Installed, "Docker or docker-registry is not installed here, or this is not root.");
        await using var registry = await RegistryServer.StartNewAsync();
        await using var platform = await StartAsync(engine, Settings(registry, RegistryServer.Password));
        var digest = await PublishAsync(registry);
        registry.Kill();
        (await Should.ThrowAsync<EngineException>(() => platform.DeployAsync(platform.Release(1, Plan(Web()), digest)))).Message.ShouldContain("connection refused");
        await registry.StartAsync();
        await platform.DeployAsync(platform.Release(1, Plan(Web()), digest));
        (await platform.AskAsync()).ShouldBe("v1");
    }

    [Fact]
    public async Task The_image_of_each_release_has_the_number_as_a_tag_and_keeps_it()
    {
        Assert.SkipUnless(Installed, "Docker or docker-registry is not installed here, or this is not root.");
        await using var registry = await RegistryServer.StartNewAsync();
        await using var platform = await StartAsync(engine, Settings(registry, RegistryServer.Password));
        var asked = new ImageRegistry(
            Options.Create(new RegistryOptions { Url = $"{registry.Url}", Username = RegistryServer.Username, Password = RegistryServer.Password }), TimeProvider.System);
        var first = await PublishAsync(registry);
        var second = await PublishAsync(registry, "second");

        await platform.DeployAsync(platform.Release(1, Plan(Web()), first));
        await platform.DeployAsync(platform.Release(2, Plan(Web()), second));
        await platform.DeployAsync(platform.Release(3, Plan(Web()), first)); // a rollback

        (await DigestOfAsync("v1")).ShouldBe(first);
        (await DigestOfAsync("v2")).ShouldBe(second);
        (await DigestOfAsync("v3")).ShouldBe(first);
        platform.Log.ShouldContain($"Its image is {registry.Url.Authority}/shop:v3");

        async Task<string?> DigestOfAsync(string tag) => (await asked.FindAsync("shop", tag, TestContext.Current.CancellationToken))?.Digest;
    }

    [Fact]
    public async Task A_release_that_fails_gets_no_tag_and_one_that_gets_none_does_not_fail()
    {
        Assert.SkipUnless(Installed, "Docker or docker-registry is not installed here, or this is not root.");
        await using var registry = await RegistryServer.StartNewAsync();
        await using var platform = await StartAsync(engine, Settings(registry, RegistryServer.Password));
        var digest = await PublishAsync(registry);

        await Should.ThrowAsync<StepFailedException>(() => platform.DeployAsync(platform.Release(1, Plan(Web(before: "exit 3")), digest)));
        platform.Log.ShouldNotContain("shop:v1");
        registry.Kill();
        await platform.DeployAsync(platform.Release(2, Plan(Web()), digest));

        (await platform.AskAsync()).ShouldBe("v2");
        platform.Log.ShouldContain($"The image could not be given the name {registry.Url.Authority}/shop:v2 in the registry, which nothing depends on: ");
    }

    private static (string, string?)[] Settings(RegistryServer registry, string password) =>
        [("Registry:Url", registry.Url.ToString()), ("Registry:Username", RegistryServer.Username), ("Registry:Password", password)];

    /// <summary>Leaves the image in the registry only, under its digest.</summary>
    private async Task<string> PublishAsync(RegistryServer registry, string author = "first")
    {
        var login = Directory.CreateTempSubdirectory("paas-login-").FullName;
        try
        {
            var name = $"{registry.Url.Authority}/shop:1";
            await engine.DockerAsync("--config", login, "login", "--username", RegistryServer.Username, "--password", RegistryServer.Password, registry.Url.Authority);
            var container = (await engine.DockerAsync("create", "busybox", "true")).Trim();
            await engine.DockerAsync("commit", "--author", author, container, name);
            await engine.DockerAsync("rm", container);
            await engine.DockerAsync("--config", login, "push", "--quiet", name);
            var digest = (await engine.DockerAsync("image", "inspect", "--format", "{{index .RepoDigests 0}}", name)).Trim().Split('@')[1];
            await engine.DockerAsync("rmi", "--force", name, $"{registry.Url.Authority}/shop@{digest}");
            return digest;
        }
        finally
        {
            Directory.Delete(login, recursive: true);
        }
    }
}
