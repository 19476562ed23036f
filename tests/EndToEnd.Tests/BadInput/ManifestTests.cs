using Paas.Contracts;
using Paas.Contracts.Api;

namespace Paas.EndToEnd.Tests.BadInput;

public sealed class ManifestTests(SharedPlatform shared) : IClassFixture<SharedPlatform>
{
    private static readonly Dictionary<string, (string Content, string Reason, string[] Words)> Manifests = new()
    {
        ["not-yaml"] = ("runtime: python\nentrypoint: [python, app.py\n", FailureReason.ManifestInvalid, ["line", ".paas.yml", "not valid YAML"]),
        ["not-text"] = ("runtime: \u0001\u0002", FailureReason.ManifestInvalid, [".paas.yml", "control character"]),
        ["no-mapping"] = ("- just\n- a list\n", FailureReason.ManifestInvalid, [".paas.yml", "not a mapping", "runtime: python"]),
        ["unknown-key"] = ("runtime: static\nentrypont: [python, app.py]\n", FailureReason.ManifestInvalid, [".paas.yml", "line 2", "'entrypont'", "Did you mean 'entrypoint'?"]),
        ["unknown-runtime"] = ("runtime: pyton:3.12\n", FailureReason.RuntimeUnknown, [".paas.yml", "line 1", "'pyton'", "Did you mean 'python'?"]),
        ["yaml-bomb"] = (Bomb(), FailureReason.ManifestInvalid, [".paas.yml", "anchor"]),
        ["deep-yaml"] = ("runtime: " + new string('[', 30_000), FailureReason.ManifestInvalid, [".paas.yml", "levels of nesting"]),
        ["large-yaml"] = ("runtime: static\nenv:\n" + string.Concat(Enumerable.Range(0, 100_000).Select(i => $"  V{i}: x\n")),
            FailureReason.ManifestInvalid, [".paas.yml", "64 KiB"]),
        ["foreign-type"] = ("runtime: !!python/object/apply:os.system ['touch marker']\n", FailureReason.ManifestInvalid, [".paas.yml", "tag"]),
    };

    public static TheoryData<string> Names => [.. Manifests.Keys];

    private Platform Platform => shared.Platform;

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_bad_manifest_is_explained_and_the_release_before_serves_on(string name)
    {
        var (content, reason, words) = Manifests[name];
        using var repository = Repository.Static("as before");
        var app = await Platform.CreateAppAsync(name, repository);
        (await Platform.DeployAsync(app, repository)).State.ShouldBe(DeploymentStates.Succeeded);
        repository.Commit((".paas.yml", content));

        var deployment = await Platform.DeployAsync(app, repository);

        await deployment.ShouldHaveFailedAsync(Platform, Step.ValidateConfiguration, reason, words);
        (await Platform.GetAppAsync(name)).Body.ShouldBe("as before");
    }

    [Fact]
    public async Task A_symlink_is_no_manifest()
    {
        using var repository = new Repository(("real.yml", "runtime: static\n"), ("index.html", "linked"));
        File.CreateSymbolicLink(Path.Combine(repository.Path, ".paas.yml"), "real.yml");
        repository.Commit();
        var app = await Platform.CreateAppAsync("linked", repository);

        var deployment = await Platform.DeployAsync(app, repository);

        await deployment.ShouldHaveFailedAsync(Platform, Step.ValidateConfiguration, FailureReason.ManifestInvalid, ".paas.yml", "is a link", "commit the file itself");
    }

    /// <summary>Written out it would be 10^12 words.</summary>
    private static string Bomb() => "a0: &a0 [lol]\n" + string.Concat(Enumerable.Range(1, 12).Select(
        i => $"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n")) + "runtime: *a12\n";
}
