using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Hosting;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Steps;
using Paas.ImagePublisher.Local;

namespace Paas.ImagePublisher.Tests;

public sealed class SlugPublisherTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("paas-publish-").FullName;
    private readonly PublishImage _command;
    private long _appBytes = long.MaxValue;
    private readonly LocalBuild _build;

    public SlugPublisherTests()
    {
        var deployment = Guid.NewGuid();
        _build = LocalBuild.Of(_root, deployment, attempt: 3);
        _command = new PublishImage
        {
            DeploymentId = deployment,
            Attempt = 1,
            AppId = Guid.NewGuid(),
            App = "shop",
            Target = Target.Local,
            Commit = new string('a', 40),
            ImageId = _build.ImageId,
            Builder = "here",
        };
        Build(_build);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task A_slug_is_stored_and_its_build_folder_removed()
    {
        var digest = await PublishAsync(_command);

        digest.ShouldNotBeNull();
        Directory.Exists(_build.Folder).ShouldBeFalse();
        await using var stored = await Store().OpenAsync(digest, default);
        var unpacked = Path.Combine(_root, "unpacked");
        await SlugArchive.UnpackAsync(stored, unpacked, new ArchiveLimits(1000, 10), default);
        File.ReadAllText(Path.Combine(unpacked, "app.py")).ShouldBe("print('hello')");
    }

    [Fact]
    public async Task A_command_that_comes_again_gets_the_same_answer()
    {
        var first = await PublishAsync(_command);

        (await PublishAsync(_command)).ShouldBe(first);
    }

    [Fact]
    public async Task An_answer_given_again_much_later_saves_the_slug_from_the_cleaner()
    {
        var hash = (await PublishAsync(_command))!["sha256:".Length..];
        var file = Directory.GetFiles(Path.Combine(_root, "artifacts"), hash, SearchOption.AllDirectories).ShouldHaveSingleItem();
        File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddDays(-3));

        await PublishAsync(_command);

        File.GetLastWriteTimeUtc(file).ShouldBeGreaterThan(DateTime.UtcNow.AddHours(-1));
    }

    [Fact]
    public async Task A_crash_between_the_note_and_the_deletion_is_made_good()
    {
        var first = await PublishAsync(_command);
        Build(_build);

        (await PublishAsync(_command)).ShouldBe(first);

        Directory.Exists(_build.Folder).ShouldBeFalse();
    }

    [Fact]
    public async Task A_crash_between_the_store_and_the_note_is_made_good()
    {
        var first = await PublishAsync(_command);
        Build(_build);
        File.Delete(_build.DigestFile);

        (await PublishAsync(_command)).ShouldBe(first);
    }

    [Fact]
    public async Task The_same_slug_of_another_deployment_has_the_same_digest()
    {
        var other = LocalBuild.Of(_root, Guid.NewGuid(), attempt: 1);
        Build(other);

        (await PublishAsync(_command with { ImageId = other.ImageId })).ShouldBe(await PublishAsync(_command));
    }

    [Fact]
    public async Task A_build_that_is_gone_is_lost()
    {
        _build.Delete();

        (await PublishAsync(_command)).ShouldBeNull();
    }

    [Fact]
    public async Task Half_a_build_is_lost()
    {
        _build.Delete();
        Directory.CreateDirectory(_build.Slug);

        (await PublishAsync(_command)).ShouldBeNull();
    }

    [Fact]
    public async Task A_slug_that_was_published_and_is_no_longer_in_the_store_is_lost()
    {
        var digest = await PublishAsync(_command);
        Directory.Delete(Path.Combine(_root, "artifacts"), recursive: true);

        (await PublishAsync(_command)).ShouldBeNull();

        digest.ShouldNotBeNull();
        File.Exists(_build.DigestFile).ShouldBeFalse("or the builder would think it need not build");
    }

    [Fact]
    public async Task A_canceled_publication_keeps_the_build_and_stores_nothing()
    {
        using var cancel = new CancellationTokenSource();
        await cancel.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(Publisher().PublishAsync(_command, new TestLog(), cancel.Token));

        _build.IsBuilt.ShouldBeTrue();
        Directory.EnumerateFiles(Path.Combine(_root, "artifacts"), "*", SearchOption.AllDirectories).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("../../etc")]
    [InlineData("sha256:0000")]
    [InlineData("")]
    public async Task An_id_that_no_builder_gives_is_a_permanent_fault(string imageId)
    {
        await Should.ThrowAsync<StepPermanentException>(PublishAsync(_command with { ImageId = imageId }));
    }

    [Fact]
    public async Task A_target_without_a_publisher_is_told_so()
    {
        var failure = await Should.ThrowAsync<StepFailedException>(
            async () => await new ImagePublishers([Publisher()]).PublishAsync(_command with { Target = Target.Docker }, new TestLog(), default));

        failure.Reason.ShouldBe(FailureReason.NotSupportedByTarget);
        failure.Message.ShouldContain("'docker'");
    }

    private static void Build(LocalBuild build)
    {
        Directory.CreateDirectory(build.Slug);
        File.WriteAllText(Path.Combine(build.Slug, "app.py"), "print('hello')");
        build.MarkBuilt();
    }

    [Fact]
    public async Task An_app_that_has_stored_as_much_as_it_may_publishes_no_more()
    {
        _appBytes = 1;
        (await PublishAsync(_command)).ShouldNotBeNull();
        var build = LocalBuild.Of(_root, Guid.NewGuid(), 1);
        Build(build);

        var failure = await Should.ThrowAsync<StepFailedException>(() => PublishAsync(_command with { DeploymentId = Guid.NewGuid(), ImageId = build.ImageId }));

        failure.Reason.ShouldBe(FailureReason.QuotaExceeded);
    }

    private FolderArtifactStore Store() => new(Path.Combine(_root, "artifacts"));

    private SlugPublisher Publisher()
    {
        var (store, paas) = (Store(), Options.Create(new PaasOptions { DataDirectory = _root }));
        return new(store, new ArtifactQuota(store, paas, Options.Create(new ArtifactsOptions { AppBytes = _appBytes })), paas, TimeProvider.System);
    }

    private Task<string?> PublishAsync(PublishImage command) => Publisher().PublishAsync(command, new TestLog(), TestContext.Current.CancellationToken);
}

internal sealed class TestLog : IStepLog
{
    public ConcurrentQueue<string> Lines { get; } = [];

    public void Write(string line)
    {
        Lines.Enqueue(line);
        TestContext.Current.TestOutputHelper?.WriteLine(line);
    }
}
