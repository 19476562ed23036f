using Paas.Servers;

namespace Paas.Docker.Tests;

/// <summary>A real engine, and a registry with a password.</summary>
public sealed class EngineClientImagesTests(DockerEngine engine, RegistryServer server) : IClassFixture<DockerEngine>, IClassFixture<RegistryServer>
{
    private readonly Guid _app = Guid.NewGuid();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_image_is_found_with_its_labels_and_one_that_is_not_there_is_none()
    {
        using var client = Client();
        var id = await MakeAsync("paas/shop:found");

        var image = await client.FindImageAsync(id, Cancellation);

        image.ShouldNotBeNull();
        (image.Id, image.App).ShouldBe((id, _app));
        image.Tags.ShouldBe(["paas/shop:found"]);
        image.UsedAt.ShouldBeInRange(DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddMinutes(5));
        (await client.FindImageAsync("sha256:" + new string('0', 64), Cancellation)).ShouldBeNull();
    }

    [Fact]
    public async Task The_images_of_an_app_are_listed_and_those_tagged_again_count_as_new()
    {
        using var client = Client();
        var first = await MakeAsync("paas/shop:a");
        var second = await MakeAsync("paas/shop:b");
        await RandomImage.MakeAsync(engine, "paas/other:a", Labels(Guid.NewGuid()), RandomImage.Bytes());
        await RandomImage.MakeAsync(engine, "stranger:a", new Dictionary<string, string>(), RandomImage.Bytes());
        (await client.ListImagesAsync(Images(), Cancellation)).Select(image => image.Id).ShouldBe([second, first]);

        await client.TagAsync((await client.FindImageAsync(first, Cancellation))!, Images(), "paas/shop", "a", Cancellation);

        (await client.ListImagesAsync(Images(), Cancellation)).Select(image => image.Id).ShouldBe([first, second]);
    }

    [Fact]
    public async Task A_second_push_skips_the_layers_and_has_the_same_digest()
    {
        SkipWithoutRegistry();
        using var client = Client();
        var repository = await TaggedForPushAsync(client, "again");

        var first = await PushAsync(client, repository, Registry());
        var second = await PushAsync(client, repository, Registry());

        first.Digest.ShouldStartWith("sha256:");
        first.Said.ShouldContain("Pushed");
        second.Digest.ShouldBe(first.Digest);
        second.Said.ShouldContain("Layer already exists");
        second.Said.ShouldNotContain("Pushed");
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData(RegistryServer.Username, "wr0ng-password")]
    public async Task A_registry_that_does_not_let_the_engine_in_is_a_matter_of_the_settings(string? username, string? password)
    {
        SkipWithoutRegistry();
        using var client = Client();
        var repository = await TaggedForPushAsync(client, "closed");

        var refused = await Should.ThrowAsync<ImagePushException>(() => PushAsync(client, repository, Registry(username, password)));

        refused.Problem.ShouldBe(PushProblem.Refused);
        refused.Message.ShouldStartWith($"The image registry does not take {repository} from the platform (");
        refused.Message.ShouldContain("Correct Registry__Username and Registry__Password");
        refused.Message.ShouldNotContain("wr0ng");
    }

    [Fact]
    public async Task A_registry_that_is_down_is_told_in_the_engines_words()
    {
        using var client = Client();
        var repository = $"127.0.0.1:{Ports.Free()}/paas/down";
        await client.TagAsync(await ImageAsync(client, "paas/down:1"), Images("down"), repository, "1", Cancellation);

        var down = await Should.ThrowAsync<ImagePushException>(() => PushAsync(client, repository, Registry()));

        down.Problem.ShouldBe(PushProblem.Registry);
        down.Message.ShouldStartWith($"The Docker Engine at {engine.Endpoint} could not push {repository}: ");
        down.Message.ShouldContain("connection refused");
    }

    [Fact]
    public async Task What_has_no_such_tag_can_not_be_pushed()
    {
        using var client = Client();

        (await Should.ThrowAsync<ImagePushException>(() => PushAsync(client, "127.0.0.1:1/paas/nothing", Registry()))).Problem.ShouldBe(PushProblem.ImageGone);
    }

    [Fact]
    public async Task An_image_is_removed_with_all_its_names()
    {
        using var client = Client();
        var image = await ImageAsync(client, "paas/shop:1");
        await client.TagAsync(image, Images(), "paas/shop", "2", Cancellation);
        await client.TagAsync(image, Images(), "registry.example.com/paas/shop", "3", Cancellation);
        image = (await client.FindImageAsync(image.Id, Cancellation))!;
        image.Tags.Count.ShouldBe(3);

        (await client.RemoveImageAsync(image, Images(), Cancellation)).ShouldBeTrue();

        (await client.FindImageAsync(image.Id, Cancellation)).ShouldBeNull();
        (await client.RemoveImageAsync(image, Images(), Cancellation)).ShouldBeTrue("it is gone, whoever removed it");
    }

    [Fact]
    public async Task An_image_in_use_keeps_its_names()
    {
        using var client = Client();
        var image = await ImageAsync(client, "paas/shop:used");
        await client.TagAsync(image, Images(), "paas/shop", "used-too", Cancellation);
        image = (await client.FindImageAsync(image.Id, Cancellation))!;
        var container = (await engine.DockerAsync("create", image.Id, "/content")).Trim();

        (await client.RemoveImageAsync(image, Images(), Cancellation)).ShouldBeFalse();

        (await client.FindImageAsync(image.Id, Cancellation))!.Tags.Count.ShouldBe(2);
        await engine.DockerAsync("rm", container);
        (await client.RemoveImagesAsync(Images(), Cancellation)).ShouldBe(1);
    }

    [Fact]
    public async Task An_image_without_a_name_of_the_platform_is_never_touched()
    {
        using var client = Client();
        var id = await RandomImage.MakeAsync(engine, "stranger:1", new Dictionary<string, string>(), RandomImage.Bytes());
        var image = (await client.FindImageAsync(id, Cancellation))!;

        await Should.ThrowAsync<ArgumentException>(() => client.RemoveImageAsync(image, Images(), Cancellation));
        await Should.ThrowAsync<ArgumentException>(() => client.TagAsync(image, Images(), "paas/stranger", "1", Cancellation));

        (await client.FindImageAsync(id, Cancellation))!.Tags.ShouldBe(["stranger:1"]);
    }

    [Fact]
    public async Task An_image_that_somebody_has_built_upon_an_apps_inherits_the_label_and_is_left_alone()
    {
        using var client = Client();
        var id = await RandomImage.MakeAsync(engine, "somebody/debugger:1", Labels(_app), RandomImage.Bytes());

        (await client.RemoveImagesAsync(Images(), Cancellation)).ShouldBe(0);

        (await client.FindImageAsync(id, Cancellation))!.Tags.ShouldBe(["somebody/debugger:1"]);
    }

    private AppImages Images(string name = "shop") => new(_app, name, "registry.example.com/paas");

    private static Dictionary<string, string> Labels(Guid app, string name = "shop") => new() { [ImageLabels.App] = $"{app}", [ImageLabels.AppName] = name };

    private Task<string> MakeAsync(string name) => RandomImage.MakeAsync(engine, name, Labels(_app), RandomImage.Bytes());

    private async Task<EngineImage> ImageAsync(EngineClient client, string name) => (await client.FindImageAsync(await MakeAsync(name), Cancellation))!;

    private async Task<string> TaggedForPushAsync(EngineClient client, string name)
    {
        var repository = $"{server.Url.Authority}/paas/{name}";
        await client.TagAsync(await ImageAsync(client, $"paas/{name}:1"), Images(name), repository, "1", Cancellation);
        return repository;
    }

    private RegistryOptions Registry(string? username = RegistryServer.Username, string? password = RegistryServer.Password) =>
        new() { Url = $"{server.Url}paas", Username = username, Password = password };

    private static async Task<(string Digest, List<string?> Said)> PushAsync(EngineClient client, string repository, RegistryOptions registry)
    {
        var said = new List<string?>();
        return (await client.PushAsync(repository, "1", registry, message => said.Add(message.Status), Cancellation), said);
    }

    private EngineClient Client()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, "Docker is not installed here, or this is not root.");
        return new EngineClient(new DockerOptions { Endpoint = engine.Endpoint });
    }

    private static void SkipWithoutRegistry() =>
        Assert.SkipUnless(RegistryServer.IsInstalled, "docker-registry and htpasswd (apache2-utils) are not installed here.");
}
