using Paas.Docker;
using Paas.Servers;

namespace Paas.ImagePublisher.Tests.Docker;

/// <summary>A real engine, without a registry and with one.</summary>
public sealed class ImagePrunerTests(DockerEngine engine, RegistryServer server) : IClassFixture<DockerEngine>, IClassFixture<RegistryServer>
{
    [Fact]
    public async Task The_newest_images_of_an_app_are_kept_and_older_ones_removed()
    {
        using var app = new Publishing(engine) { KeepImages = 2 };
        List<string> built = [await app.BuildAsync(), await app.BuildAsync(), await app.BuildAsync(), await app.BuildAsync()];

        await app.PublishAsync(built[3]);

        (await app.ImagesAsync()).ShouldBe([built[3], built[2]]);
        app.Said[^1].ShouldBe("       2 older images removed from the engine");
    }

    [Fact]
    public async Task Images_that_were_published_lose_their_registrys_tags_too()
    {
        using var app = new Publishing(engine) { KeepImages = 1, Registry = Publishing.At(server) };
        var first = await app.BuildAsync();
        var digest = await app.PublishAsync(first);
        var second = await app.BuildAsync();

        await app.PublishAsync(second, commit: 'b');

        (await app.ImagesAsync()).ShouldBe([second]);
        (await app.Asked.FindAsync(app.App, digest!, TestContext.Current.CancellationToken)).ShouldNotBeNull("the registry is not pruned");
    }

    [Fact]
    public async Task An_image_that_is_published_again_is_kept_however_old()
    {
        using var app = new Publishing(engine) { KeepImages = 1 };
        var old = await app.BuildAsync();
        await app.BuildAsync();

        await app.PublishAsync(old);

        (await app.ImagesAsync()).ShouldBe([old]);
    }

    [Fact]
    public async Task An_image_that_a_container_uses_is_kept()
    {
        using var app = new Publishing(engine) { KeepImages = 1 };
        var running = await app.BuildAsync();
        await engine.DockerAsync("create", running, "/content");
        var published = await app.BuildAsync();

        await app.PublishAsync(published);

        (await app.ImagesAsync()).ShouldBe([published, running]);
    }

    [Fact]
    public async Task Images_of_others_are_not_touched()
    {
        using var app = new Publishing(engine) { KeepImages = 1 };
        using var other = new Publishing(engine);
        List<string> others = [await other.BuildAsync(), await other.BuildAsync()];
        var foreign = await RandomImage.MakeAsync(engine, "stranger:1", new Dictionary<string, string>(), RandomImage.Bytes());
        var dangling = await RandomImage.MakeAsync(engine, "stranger:2", new Dictionary<string, string>(), RandomImage.Bytes());
        await engine.DockerAsync("tag", foreign, "stranger:2");
        await app.BuildAsync();

        await app.PublishAsync(await app.BuildAsync());

        (await app.ImagesAsync()).Count.ShouldBe(1);
        (await other.ImagesAsync()).ShouldBe(others, ignoreOrder: true);
        foreach (var id in new[] { foreign, dangling })
            (await app.Engine.FindImageAsync(id, TestContext.Current.CancellationToken)).ShouldNotBeNull();
    }

    [Fact]
    public async Task Images_with_the_labels_of_an_app_and_names_of_others_are_no_images_of_the_app()
    {
        using var app = new Publishing(engine) { KeepImages = 1 };
        var labels = new Dictionary<string, string> { [ImageLabels.App] = $"{app.AppId}", [ImageLabels.AppName] = app.App };
        var planted = await RandomImage.MakeAsync(engine, "stranger:planted", labels, RandomImage.Bytes());
        var nameless = await RandomImage.MakeAsync(engine, "stranger:nameless", labels, RandomImage.Bytes());
        await engine.DockerAsync("tag", planted, "stranger:nameless");
        var own = await app.BuildAsync();

        await app.PublishAsync(own);

        (await app.ImagesAsync()).ShouldBe([own]);
        foreach (var id in new[] { planted, nameless })
            (await app.Engine.FindImageAsync(id, TestContext.Current.CancellationToken)).ShouldNotBeNull();
    }

    [Fact]
    public void An_engine_that_should_keep_nothing_is_refused_at_the_start() =>
        new ImagePublisherOptions { KeepImages = 0 }.Validate(new(new object())).Single().ErrorMessage
            .ShouldBe("ImagePublisher__KeepImages has to be at least 1: the image that runs is kept in any case.");
}
