using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Docker;
using Paas.ImagePublisher.Docker;
using Paas.Servers;

namespace Paas.ImagePublisher.Tests.Docker;

/// <summary>One app's images on an engine, and the publisher that pushes them.</summary>
internal sealed class Publishing : IDisposable
{
    private readonly DockerEngine _server;

    public Publishing(DockerEngine server)
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, "Docker is not installed here, or this is not root.");
        _server = server;
        Engine = new EngineClient(new DockerOptions { Endpoint = server.Endpoint });
    }

    /// <summary>A name of its own, since the tests share a registry.</summary>
    public string App { get; } = $"shop-{Guid.NewGuid():N}"[..20];

    public Guid AppId { get; } = Guid.NewGuid();

    public EngineClient Engine { get; }

    public TestLog Log { get; } = new();

    public int KeepImages { get; init; } = 5;

    public RegistryOptions Registry { get; set; } = new();

    public IReadOnlyList<string> Said => [.. Log.Lines];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static RegistryOptions At(RegistryServer server, string? username = RegistryServer.Username, string? password = RegistryServer.Password)
    {
        Assert.SkipUnless(RegistryServer.IsInstalled, "docker-registry and htpasswd (apache2-utils) are not installed here.");
        return new RegistryOptions { Url = $"{server.Url}paas", Username = username, Password = password };
    }

    public string Repository => $"{Registry.Prefix}/{App}";

    /// <summary>What the builder leaves behind.</summary>
    public Task<string> BuildAsync(byte[]? content = null, string? commit = null)
    {
        var labels = new Dictionary<string, string> { [ImageLabels.App] = $"{AppId}", [ImageLabels.AppName] = App, [ImageLabels.Commit] = commit ?? new string('a', 40) };
        return RandomImage.MakeAsync(_server, $"paas/{App}:{Guid.NewGuid():N}-1", labels, content ?? RandomImage.Bytes());
    }

    public async Task<PublishImage> CommandAsync(string imageId, char commit = 'a') => new()
    {
        DeploymentId = Guid.NewGuid(),
        Attempt = 1,
        AppId = AppId,
        App = App,
        Target = Target.Docker,
        Commit = new string(commit, 40),
        ImageId = imageId,
        Builder = (await Engine.InfoAsync(Cancellation)).Id,
    };

    public async Task<string?> PublishAsync(string imageId, char commit = 'a') => await PublishAsync(await CommandAsync(imageId, commit));

    public Task<string?> PublishAsync(PublishImage command) => PublishAsync(command, Cancellation);

    public Task<string?> PublishAsync(PublishImage command, CancellationToken cancellation)
    {
        var registry = Options.Create(Registry);
        var pruner = new ImagePruner(Engine, Options.Create(new ImagePublisherOptions { KeepImages = KeepImages }), NullLogger<ImagePruner>.Instance);
        return new DockerImagePublisher(Engine, Asked, pruner, registry, TimeProvider.System).PublishAsync(command, Log, cancellation);
    }

    /// <summary>The registry, asked directly.</summary>
    public ImageRegistry Asked => new(Options.Create(Registry), TimeProvider.System);

    public async Task<IReadOnlyList<string>> ImagesAsync() => [.. (await Engine.ListImagesAsync(Registry.ImagesOf(AppId, App), Cancellation)).Select(image => image.Id)];

    /// <summary>Removes an image as an operator does who needs the space.</summary>
    public Task RemoveAsync(string imageId) => _server.DockerAsync("rmi", "--force", imageId);

    public void Dispose() => Engine.Dispose();
}
