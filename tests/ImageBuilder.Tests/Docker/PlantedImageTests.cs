using Paas.Contracts;
using Paas.Docker;
using Paas.Servers;

namespace Paas.ImageBuilder.Tests.Docker;

/// <summary>
/// An app whose Dockerfile makes an image that says it is another app's, on a real engine with the classic builder, which
/// leaves the images of earlier stages behind: no app is given what another has made.
/// </summary>
public sealed class PlantedImageTests : IClassFixture<BusyBoxEngine>, IClassFixture<RegistryServer>, IDisposable
{
    private static readonly (string, string)[] Files = [("Dockerfile", "FROM busybox:stable\nCOPY app /app\n"), ("app", "the victim's own")];
    private readonly DockerEngine _engine;
    private readonly RegistryServer _registry;
    private readonly BuildBench _victim;
    private readonly BuildBench _attacker;

    public PlantedImageTests(BusyBoxEngine fixture, RegistryServer registry)
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, "Docker is not installed here, or this is not root.");
        (_engine, _registry) = (fixture.Engine, registry);
        _victim = new BuildBench(_engine);
        _attacker = new BuildBench(_engine);
        _victim.Options.BuildMemoryBytes = _attacker.Options.BuildMemoryBytes = 256L * 1024 * 1024;
    }

    public void Dispose()
    {
        _victim.Dispose();
        _attacker.Dispose();
    }

    [Fact]
    public async Task An_image_with_the_labels_of_an_app_and_its_inputs_is_not_taken_for_its_own()
    {
        var command = await _victim.CommandAsync(BuildBench.OwnDockerfile, Files);
        var own = await _victim.BuildAsync(command);
        await PlantAsync(own);

        var again = await _victim.BuildAsync(command with { DeploymentId = Guid.NewGuid() });

        again.ShouldBe(own);
        (await _victim.RunAsync(again, "cat", "/app")).ShouldBe("the victim's own");
    }

    [Fact]
    public async Task A_builder_without_its_record_builds_again_and_takes_no_planted_image()
    {
        var command = await _victim.CommandAsync(BuildBench.OwnDockerfile, Files);
        await PlantAsync(await _victim.BuildAsync(command));
        Directory.Delete(Path.Combine(_victim.Platform.DataDirectory, "builds", "images"), recursive: true);

        var again = await _victim.BuildAsync(command with { DeploymentId = Guid.NewGuid() });

        (await _victim.RunAsync(again, "cat", "/app")).ShouldBe("the victim's own");
        _victim.Log.Text.ShouldNotContain("Nothing has changed");
    }

    [Fact]
    public async Task A_record_that_names_what_another_app_has_is_of_no_use()
    {
        var foreign = await _attacker.BuildAsync(await CommandOfAttackerAsync("FROM busybox:stable\nCOPY evil /app\n"));
        var command = await _victim.CommandAsync(BuildBench.OwnDockerfile, Files);
        var own = await _victim.BuildAsync(command);
        var record = Directory.GetFiles(Path.Combine(_victim.Platform.DataDirectory, "builds", "images")).ShouldHaveSingleItem();
        await File.WriteAllTextAsync(record, (await File.ReadAllTextAsync(record, TestContext.Current.CancellationToken)).Replace(own.ImageId, foreign.ImageId, StringComparison.Ordinal), TestContext.Current.CancellationToken);

        var again = await _victim.BuildAsync(command with { DeploymentId = Guid.NewGuid() });

        (await _victim.RunAsync(again, "cat", "/app")).ShouldBe("the victim's own");
    }

    [Fact]
    public async Task Without_a_registry_neither_the_name_nor_the_id_of_an_apps_image_is_a_base()
    {
        var own = await _victim.BuildAsync(await _victim.CommandAsync(BuildBench.OwnDockerfile, Files));
        var name = (await _victim.InspectAsync(own)).GetProperty("RepoTags")[0].GetString()!;

        foreach (var image in new[] { name, own.ImageId[7..], own.ImageId[7..11] })
        {
            var failure = await _attacker.FailAsync(await CommandOfAttackerAsync($"FROM {image} AS evil\nCOPY evil /app\nFROM busybox:stable\nCOPY evil /mine\n"));
            failure.Reason.ShouldBe(FailureReason.BuildFailed);
        }
    }

    [Fact]
    public async Task With_a_registry_what_an_app_has_published_is_no_base_for_another()
    {
        _attacker.Registry = new RegistryOptions { Url = $"{_registry.Url}paas" };
        var own = await _victim.BuildAsync(await _victim.CommandAsync(BuildBench.OwnDockerfile, Files));
        var published = $"{_registry.Url.Authority}/paas/shop:aaaaaaaaaaaa";
        await _engine.DockerAsync("tag", own.ImageId, published);

        var failure = await _attacker.FailAsync(await CommandOfAttackerAsync($"FROM {published} AS evil\nCOPY evil /app\nFROM busybox:stable\nCOPY evil /mine\n"));

        failure.Message.ShouldContain("is an image of another app");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_image_with_a_label_of_the_platforms_is_refused_and_removed(bool isClassic)
    {
        _attacker.Options.BuildMemoryBytes = isClassic ? 256L * 1024 * 1024 : null;
        var command = await CommandOfAttackerAsync("FROM busybox:stable\nLABEL io.paas.run=1 other=2\n");

        var failure = await _attacker.FailAsync(command);

        failure.Message.ShouldStartWith("The image has the label io.paas.run, and only the platform gives labels that begin with io.paas.");
        (await _attacker.Client.FindImageAsync(DockerImageTag(command), TestContext.Current.CancellationToken)).ShouldBeNull();
    }

    [Fact]
    public async Task Images_of_earlier_stages_are_removed_and_those_of_others_stay()
    {
        await _engine.DockerAsync("image", "prune", "--force");
        var nameless = await RandomImage.MakeAsync(_engine, "somebody/nameless:1", new Dictionary<string, string>(), RandomImage.Bytes());
        await _engine.DockerAsync("tag", "busybox:stable", "somebody/nameless:1");

        var built = await _attacker.BuildAsync(await CommandOfAttackerAsync(
            "FROM busybox:stable AS first\nCOPY evil /one\nRUN cat /one > /two\nFROM busybox:stable\nCOPY --from=first /two /app\n"));

        (await _engine.DockerAsync("images", "--filter", "dangling=true", "--no-trunc", "--quiet")).Trim().ShouldBe(nameless);
        (await _attacker.RunAsync(built, "cat", "/app")).ShouldBe("evil");
    }

    /// <summary>What the classic builder leaves of an earlier stage that says it is the victim's image.</summary>
    private async Task PlantAsync(BuiltImage victims)
    {
        var labels = (await _victim.InspectAsync(victims)).GetProperty("Config").GetProperty("Labels").EnumerateObject().Select(label => $"\"{label.Name}\"=\"{label.Value}\"");
        var command = await CommandOfAttackerAsync(
            $"FROM busybox:stable AS evil\nLABEL {string.Join(' ', labels)}\nCOPY evil /app\nFROM busybox:stable\nCOPY evil /mine\n");
        await _attacker.BuildAsync(command);
        // Had the engine kept it: as it was before stages were removed.
        await RandomImage.MakeAsync(_engine, "planted:1", new Dictionary<string, string>
        {
            [ImageLabels.App] = $"{_victim.App}",
            [ImageLabels.AppName] = "shop",
            [ImageLabels.Inputs] = (await _victim.InspectAsync(victims)).GetProperty("Config").GetProperty("Labels").GetProperty(ImageLabels.Inputs).GetString()!,
        }, RandomImage.Bytes());
    }

    private async Task<BuildImage> CommandOfAttackerAsync(string dockerfile) =>
        (await _attacker.CommandAsync(dockerfile, ("evil", "evil"))) with { App = "attacker" };

    private static string DockerImageTag(BuildImage command) => $"paas/{command.App}:{command.DeploymentId:N}-{command.Attempt}";
}
