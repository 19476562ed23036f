using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Paas.Docker;
using Paas.Hosting.Steps;
using Paas.Servers;

namespace Paas.ImagePublisher.Tests.Docker;

/// <summary>A real engine, and a registry with a password.</summary>
public sealed class DockerImagePublisherTests(DockerEngine engine, RegistryServer server) : IClassFixture<DockerEngine>, IClassFixture<RegistryServer>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_image_is_in_the_registry_under_its_tag_and_digest_with_its_labels()
    {
        using var app = Published();
        var built = await app.BuildAsync();

        var digest = await app.PublishAsync(built);

        digest.ShouldNotBeNull();
        (await app.Asked.FindAsync(app.App, digest, Cancellation)).ShouldBe(new RegistryImage(digest, built));
        (await app.Asked.FindAsync(app.App, "aaaaaaaaaaaa", Cancellation)).ShouldBe(new RegistryImage(digest, built));
        using var config = JsonDocument.Parse(await FromRegistryAsync($"v2/paas/{app.App}/blobs/{built}"));
        var labels = config.RootElement.GetProperty("config").GetProperty("Labels");
        labels.GetProperty(ImageLabels.App).GetString().ShouldBe($"{app.AppId}");
        labels.GetProperty(ImageLabels.Commit).GetString().ShouldBe(new string('a', 40));
        app.Said[0].ShouldBe($"-----> Publishing {app.Repository}:aaaaaaaaaaaa");
        app.Said[1].ShouldMatch(@"^       [0-9a-f]{12} pushed, [0-9.]+ KiB$");
        app.Said[2].ShouldMatch($@"^       {digest}, 1 layer pushed, 0 there already, [0-9.]+ s$");
        app.Said.Count.ShouldBe(3);
    }

    [Fact]
    public async Task The_engine_knows_a_published_image_by_its_digest_and_need_not_pull_it()
    {
        using var app = Published();
        var built = await app.BuildAsync();

        var digest = await app.PublishAsync(built);

        (await app.Engine.FindImageAsync($"{app.Repository}@{digest}", Cancellation)).ShouldNotBeNull().Id.ShouldBe(built);
    }

    [Fact]
    public async Task The_tag_of_a_push_does_not_stay_on_the_engine()
    {
        using var app = Published();
        var built = await app.BuildAsync();

        await app.PublishAsync(built);
        await app.PublishAsync(built);

        (await app.Engine.FindImageAsync($"{app.Repository}:aaaaaaaaaaaa", Cancellation)).ShouldBeNull();
        var tags = (await app.Engine.FindImageAsync(built, Cancellation)).ShouldNotBeNull().Tags;
        tags.Count(tag => tag.StartsWith($"paas/{app.App}:", StringComparison.Ordinal)).ShouldBe(1);
        tags.Single(tag => tag.StartsWith(app.Repository, StringComparison.Ordinal)).ShouldMatch(":[0-9a-f]{32}$");
    }

    [Fact]
    public async Task An_image_that_only_says_it_is_the_apps_is_not_published()
    {
        using var app = Published();
        var labels = new Dictionary<string, string> { [ImageLabels.App] = $"{app.AppId}", [ImageLabels.AppName] = app.App };
        var foreign = await RandomImage.MakeAsync(engine, "stranger:labels", labels, RandomImage.Bytes());

        await Should.ThrowAsync<StepPermanentException>(() => app.PublishAsync(foreign));
    }

    [Fact]
    public async Task A_command_that_comes_again_gets_the_same_digest_and_pushes_nothing()
    {
        using var app = Published();
        var command = await app.CommandAsync(await app.BuildAsync());
        var first = await app.PublishAsync(command);

        (await app.PublishAsync(command)).ShouldBe(first);

        app.Said[^1].ShouldBe($"-----> Published already as {app.Repository}@{first}");
    }

    [Fact]
    public async Task Layers_that_are_there_already_are_skipped()
    {
        using var app = Published();
        var content = RandomImage.Bytes();
        var first = await app.PublishAsync(await app.BuildAsync(content, new string('a', 40)));

        var second = await app.PublishAsync(await app.BuildAsync(content, new string('b', 40)), commit: 'b');

        second.ShouldNotBe(first);
        app.Said[^1].ShouldContain($"{second}, 0 layers pushed, 1 there already, ");
    }

    [Fact]
    public async Task A_commit_that_was_built_anew_is_published_under_the_same_tag_with_another_digest()
    {
        using var app = Published();
        var first = await app.PublishAsync(await app.BuildAsync());

        var second = await app.PublishAsync(await app.BuildAsync());

        second.ShouldNotBe(first);
        (await app.Asked.FindAsync(app.App, "aaaaaaaaaaaa", Cancellation))!.Digest.ShouldBe(second);
    }

    [Fact]
    public async Task An_image_that_is_gone_before_it_was_published_is_lost()
    {
        using var app = Published();
        var built = await app.BuildAsync();
        await app.RemoveAsync(built);

        (await app.PublishAsync(built)).ShouldBeNull();

        app.Said.ShouldHaveSingleItem().ShouldMatch($"^ !     The build {built} is no longer on .+: the app is built again.$");
    }

    [Fact]
    public async Task An_image_that_is_gone_after_it_was_published_is_in_the_registry()
    {
        using var app = Published();
        var built = await app.BuildAsync();
        var digest = await app.PublishAsync(built);
        await app.RemoveAsync(built);

        (await app.PublishAsync(built)).ShouldBe(digest);
    }

    [Fact]
    public async Task An_older_image_of_the_commit_in_the_registry_does_not_stand_in_for_one_that_is_lost()
    {
        using var app = Published();
        await app.PublishAsync(await app.BuildAsync());
        var lost = await app.BuildAsync();
        await app.RemoveAsync(lost);

        (await app.PublishAsync(lost)).ShouldBeNull();
    }

    [Fact]
    public async Task An_image_on_another_engine_is_lost_and_the_log_says_where_it_was()
    {
        using var app = Published();
        var command = await app.CommandAsync("sha256:" + new string('0', 64));

        (await app.PublishAsync(command with { Builder = "ENGINE:OVER:THERE" })).ShouldBeNull();

        app.Said.ShouldHaveSingleItem().ShouldBe(
            $" !     The image {command.ImageId} was built on the engine ENGINE:OVER:THERE and is not on {command.Builder}, from which this publisher pushes: the app is built again.");
    }

    [Fact]
    public async Task Without_a_registry_an_image_stays_on_the_engine_and_is_known_by_its_id()
    {
        using var app = new Publishing(engine);
        var built = await app.BuildAsync();

        (await app.PublishAsync(built)).ShouldBe(built);

        app.Said.ShouldHaveSingleItem().ShouldBe($"-----> There is no registry: {built} stays on the engine that built it");
        await app.RemoveAsync(built);
        (await app.PublishAsync(built)).ShouldBeNull();
    }

    [Fact]
    public async Task A_wrong_password_is_a_permanent_fault_that_names_the_settings_and_not_the_password()
    {
        using var app = Published();
        app.Registry = Publishing.At(server, password: "wr0ng-password");

        var fault = await Should.ThrowAsync<StepPermanentException>(async () => await app.PublishAsync(await app.BuildAsync()));

        fault.Message.ShouldBe($"The image registry {server.Url}paas/{app.App} refuses the user 'paas': correct Registry__Username and Registry__Password, and see that the user may read and write the repository.");
        app.Said.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_registry_that_asks_for_credentials_nobody_has_set_is_a_permanent_fault()
    {
        using var app = Published();
        app.Registry = Publishing.At(server, username: null, password: null);

        var fault = await Should.ThrowAsync<StepPermanentException>(async () => await app.PublishAsync(await app.BuildAsync()));

        fault.Message.ShouldBe($"The image registry {server.Url}paas/{app.App} asks for credentials: set Registry__Username and Registry__Password.");
    }

    [Fact]
    public async Task While_the_registry_is_down_the_step_is_tried_again_until_it_is_back()
    {
        await using var own = await RegistryServer.StartNewAsync();
        using var app = new Publishing(engine) { Registry = Publishing.At(own) };
        var command = await app.CommandAsync(await app.BuildAsync());
        own.Kill();

        var down = await Should.ThrowAsync<ImageRegistryException>(() => app.PublishAsync(command));
        await own.StartAsync();

        down.Message.ShouldStartWith($"The image registry {own.Url}paas/{app.App} cannot be reached: Connection refused");
        (await app.PublishAsync(command)).ShouldStartWith("sha256:");
    }

    [Fact]
    public async Task An_image_without_the_apps_label_is_neither_tagged_nor_pushed()
    {
        using var app = Published();
        var foreign = await RandomImage.MakeAsync(engine, "stranger:1", new Dictionary<string, string>(), RandomImage.Bytes());

        await Should.ThrowAsync<StepPermanentException>(() => app.PublishAsync(foreign));

        (await app.Engine.FindImageAsync(foreign, Cancellation))!.Tags.ShouldBe(["stranger:1"]);
        (await app.Asked.FindAsync(app.App, "aaaaaaaaaaaa", Cancellation)).ShouldBeNull();
    }

    [Theory]
    [InlineData("sha256:0000")]
    [InlineData("busybox:latest")]
    [InlineData("../../info")]
    public async Task An_id_that_no_engine_gives_is_a_permanent_fault(string imageId)
    {
        using var app = Published();

        await Should.ThrowAsync<StepPermanentException>(() => app.PublishAsync(imageId));
    }

    private Publishing Published() => new(engine) { Registry = Publishing.At(server) };

    private async Task<string> FromRegistryAsync(string path)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{RegistryServer.Username}:{RegistryServer.Password}")));
        return await http.GetStringAsync(new Uri(server.Url, path), Cancellation);
    }
}
