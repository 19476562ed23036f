using System.Formats.Tar;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Paas.Contracts;
using Paas.Docker;
using Paas.Hosting;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Steps;
using Paas.ImageBuilder.Docker;
using Paas.Servers;

namespace Paas.ImageBuilder.Tests.Docker;

/// <summary>A private engine with one base image, for all tests of a class.</summary>
public sealed class BusyBoxEngine : IAsyncLifetime
{
    public DockerEngine Engine { get; } = new();

    public async ValueTask InitializeAsync()
    {
        await Engine.InitializeAsync();
        if (DockerEngine.IsInstalled)
            await Engine.ImportBusyBoxAsync("busybox:stable");
    }

    public ValueTask DisposeAsync() => Engine.DisposeAsync();
}

/// <summary>A builder at an engine, with a store and a log of its own.</summary>
internal sealed class BuildBench(DockerEngine engine) : IDisposable
{
    public TestPlatform Platform { get; } = new();

    public EngineClient Client { get; } = new(new DockerOptions { Endpoint = engine.Endpoint });

    public Guid App { get; } = Guid.NewGuid();

    public ImageBuilderOptions Options => Platform.Options;

    public RegistryOptions Registry { get; set; } = new();

    public TestLog Log => Platform.Log;

    public static BuildPlan OwnDockerfile { get; } = new() { Runtime = RuntimeName.Docker, Dockerfile = "Dockerfile" };

    public DockerImageBuilder Builder() => new(
        Client,
        Platform.Store,
        Platform.Sealer,
        Microsoft.Extensions.Options.Options.Create(new PaasOptions { DataDirectory = Platform.DataDirectory }),
        Microsoft.Extensions.Options.Options.Create(Options),
        Microsoft.Extensions.Options.Options.Create(Registry),
        Microsoft.Extensions.Options.Options.Create(new ArtifactsOptions()),
        TimeProvider.System,
        NullLogger<DockerImageBuilder>.Instance);

    /// <summary>A command with the repository's own Dockerfile.</summary>
    public Task<BuildImage> CommandAsync(string dockerfile, params (string, string)[] files) =>
        CommandAsync(OwnDockerfile, [("Dockerfile", dockerfile), .. files]);

    public async Task<BuildImage> CommandAsync(BuildPlan plan, params (string, string)[] files) =>
        (await Platform.CommandAsync(plan, files)) with { AppId = App, Target = Target.Docker };

    /// <summary>A command for an archive that no repository has.</summary>
    public async Task<BuildImage> CommandOfAsync(BuildPlan plan, params TarEntry[] entries) =>
        TestPlatform.Command(plan, await Platform.Store.SaveAsync(async stream =>
        {
            await using var tar = new TarWriter(stream, TarEntryFormat.Pax, leaveOpen: true);
            foreach (var entry in entries)
                await tar.WriteEntryAsync(entry);
        }, default)) with
        { AppId = App, Target = Target.Docker };

    public Task<BuiltImage> BuildAsync(BuildImage command) => Builder().BuildAsync(command, Log, TestContext.Current.CancellationToken);

    public async Task<StepFailedException> FailAsync(BuildImage command) => await Should.ThrowAsync<StepFailedException>(BuildAsync(command));

    /// <summary>Runs a command in an image.</summary>
    public Task<string> RunAsync(BuiltImage image, params string[] command) =>
        engine.DockerAsync(["run", "--rm", "--network", "none", image.ImageId, .. command]);

    public async Task<JsonElement> InspectAsync(BuiltImage image)
    {
        using var json = JsonDocument.Parse(await engine.DockerAsync("image", "inspect", image.ImageId));
        return json.RootElement[0].Clone();
    }

    public static TarEntry File(string path, string content) =>
        new PaxTarEntry(TarEntryType.RegularFile, path) { DataStream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(content)) };

    public static TarEntry Link(string path, string target, TarEntryType type = TarEntryType.SymbolicLink) => new PaxTarEntry(type, path) { LinkName = target };

    public void Dispose()
    {
        Client.Dispose();
        Platform.Dispose();
    }
}
