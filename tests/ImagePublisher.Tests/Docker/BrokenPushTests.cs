using Paas.Docker;
using Paas.Servers;

namespace Paas.ImagePublisher.Tests.Docker;

/// <summary>What happens to a push in the middle of which something ends. Each test has an engine and a registry of its own.</summary>
public sealed class BrokenPushTests
{
    private const int LargeLayer = 128 * 1024 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task An_engine_that_is_killed_in_the_middle_of_a_push_is_named_and_the_next_try_publishes()
    {
        await using var engine = await DockerEngine.StartNewAsync();
        await using var server = await RegistryServer.StartNewAsync();
        using var app = new Publishing(engine) { Registry = Publishing.At(server) };
        var built = await app.BuildAsync(RandomImage.Bytes(LargeLayer));
        var command = await app.CommandAsync(built);
        var push = app.PublishAsync(command);
        await UntilPushingAsync(server, push);

        engine.Kill();

        (await Should.ThrowAsync<EngineUnreachableException>(() => push)).Message.ShouldContain(engine.Endpoint);
        (await Should.ThrowAsync<EngineUnreachableException>(() => app.PublishAsync(command)))
            .Message.ShouldBe($"The Docker Engine at {engine.Endpoint} does not answer. See that it runs, and that this service may use it.");
        await engine.StartAsync();
        var digest = await app.PublishAsync(command);
        digest.ShouldNotBeNull();
        (await app.Asked.FindAsync(app.App, digest, TestContext.Current.CancellationToken)).ShouldBe(new RegistryImage(digest, built));
    }

    [Fact]
    public async Task A_registry_that_is_killed_in_the_middle_of_a_push_is_named_and_the_next_try_publishes()
    {
        await using var engine = await DockerEngine.StartNewAsync();
        await using var server = await RegistryServer.StartNewAsync();
        using var app = new Publishing(engine) { Registry = Publishing.At(server) };
        var command = await app.CommandAsync(await app.BuildAsync(RandomImage.Bytes(LargeLayer)));
        var push = app.PublishAsync(command);
        await UntilPushingAsync(server, push);

        server.Kill();

        var broken = await Should.ThrowAsync<ImagePushException>(() => push);
        broken.Problem.ShouldBe(PushProblem.Registry);
        broken.Message.ShouldStartWith($"The Docker Engine at {engine.Endpoint} could not push {app.Repository}: ");
        broken.Message.ShouldNotContain("_state=");
        app.Said.ShouldContain(line => line.EndsWith("was broken off; the engine tries it again", StringComparison.Ordinal));
        await server.StartAsync();
        (await app.PublishAsync(command)).ShouldStartWith("sha256:");
    }

    [Fact]
    public async Task A_canceled_push_ends_at_once_and_the_next_one_publishes()
    {
        await using var engine = await DockerEngine.StartNewAsync();
        await using var server = await RegistryServer.StartNewAsync();
        using var app = new Publishing(engine) { Registry = Publishing.At(server) };
        using var cancel = new CancellationTokenSource();
        var command = await app.CommandAsync(await app.BuildAsync(RandomImage.Bytes(LargeLayer)));
        var push = app.PublishAsync(command, cancel.Token);
        await UntilPushingAsync(server, push);

        await cancel.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => push);
        (await app.Asked.FindAsync(app.App, "aaaaaaaaaaaa", TestContext.Current.CancellationToken)).ShouldBeNull();
        (await app.PublishAsync(command)).ShouldStartWith("sha256:");
    }

    private static async Task UntilPushingAsync(RegistryServer server, Task push)
    {
        var deadline = DateTime.UtcNow + Patience;
        while (!server.Uploads.Any(upload => new FileInfo(upload) is { Exists: true, Length: > 0 }))
        {
            push.IsCompleted.ShouldBeFalse("the push was over before it was seen");
            if (DateTime.UtcNow > deadline)
                throw new TimeoutException("Nothing of the layer reaches the registry.");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }
}
