namespace Paas.Hosting;

/// <summary>A service that runs as a process of its own: its name, and the port it listens on unless told otherwise.</summary>
/// <param name="Name">As in logs and telemetry, such as <c>code-downloader</c>.</param>
/// <param name="Port">Of the loopback address; <c>--urls</c> or <c>ASPNETCORE_URLS</c> set another address.</param>
public sealed record Service(string Name, int Port)
{
    public static Service Gateway { get; } = new("gateway", 8080);
    public static Service Orchestrator { get; } = new("orchestrator", 8081);
    public static Service CodeDownloader { get; } = new("code-downloader", 8082);
    public static Service ConfigurationValidator { get; } = new("configuration-validator", 8083);
    public static Service ImageBuilder { get; } = new("image-builder", 8084);
    public static Service ImagePublisher { get; } = new("image-publisher", 8085);
    public static Service Deployer { get; } = new("deployer", 8086);
}
