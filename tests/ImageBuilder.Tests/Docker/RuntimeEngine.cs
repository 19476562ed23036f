using System.Globalization;
using Paas.Servers;

namespace Paas.ImageBuilder.Tests.Docker;

/// <summary>A private engine and a package registry, and the base images of the runtimes that a test asks for.</summary>
public sealed class RuntimeEngine : IAsyncLifetime
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(5) };
    private readonly HashSet<string> _imported = [];
    private PackageIndex? _index;

    public DockerEngine Engine { get; } = new();

    internal PackageIndex Packages => _index ??= PackageIndex.Start(Engine.Gateway);

    public async ValueTask InitializeAsync() => await Engine.InitializeAsync();

    /// <summary>Skips the test if this machine has not what the image is made of.</summary>
    internal async Task NeedAsync(string what, bool isThere, Func<DockerEngine, Task> import)
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, "Docker is not installed here, or this is not root.");
        Assert.SkipUnless(isThere, $"{what}, of which its base image is made, is neither installed here nor to be had from Debian's packages.");
        if (_imported.Contains(what))
            return;
        await import(Engine);
        _imported.Add(what);
    }

    /// <summary>An image like another, whose package tools ask the registry here: that is how an operator would set it.</summary>
    internal async Task<string> WithPackagesAsync(string image)
    {
        var name = $"mirror/{image}";
        var folder = Directory.CreateTempSubdirectory("paas-mirror-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "Dockerfile"),
                $"FROM {image}\nENV PIP_INDEX_URL={Packages.Python} PIP_TRUSTED_HOST={Engine.Gateway} NPM_CONFIG_REGISTRY={Packages.Url} NPM_CONFIG_AUDIT=false\n");
            await Engine.DockerAsync("build", "--quiet", "--tag", name, folder.FullName);
            return name;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>
    /// Runs an image as the deployer does, without rights, on a port it can't know; asks it once it listens, and looks
    /// whose its process is.
    /// </summary>
    internal async Task<string> AskAsync(BuiltImage image, string path, params string[] command)
    {
        var port = Random.Shared.Next(3_000, 30_000).ToString(CultureInfo.InvariantCulture);
        var container = (await Engine.DockerAsync(
            ["run", "--detach", "--init", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--env", $"PORT={port}", "--env", "PAAS_RELEASE=v1", image.ImageId, .. command])).Trim();
        try
        {
            var state = (await Engine.DockerAsync("inspect", "--format", "{{.State.Pid}} {{.NetworkSettings.IPAddress}}", container)).Trim().Split(' ');
            var started = TimeProvider.System.GetTimestamp();
            while (true)
            {
                try
                {
                    var answer = await Http.GetStringAsync(new Uri($"http://{state[1]}:{port}{path}"), TestContext.Current.CancellationToken);
                    foreach (var process in (await Engine.DockerAsync("top", container, "-o", "pid,uid")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1))
                        process.Trim().ShouldEndWith(" 10001");
                    return answer;
                }
                catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
                {
                    if (TimeProvider.System.GetElapsedTime(started) > TimeSpan.FromSeconds(60) || !Directory.Exists($"/proc/{state[0]}"))
                        Assert.Fail($"{exception.Message}\n{await Engine.LogAsync(container)}");
                    await Task.Delay(50, TestContext.Current.CancellationToken);
                }
            }
        }
        finally
        {
            await Engine.DockerAsync("rm", "--force", container);
        }
    }

    public ValueTask DisposeAsync()
    {
        _index?.Dispose();
        return Engine.DisposeAsync();
    }
}
