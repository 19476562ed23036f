using Paas.Contracts;
using Paas.Servers.Kubernetes;

namespace Paas.Services.Tests;

/// <summary>
/// One platform for all tests of apps in containers: an engine, a registry, a double of a cluster, and every service a
/// process of its own. A second engine has a builder and a publisher beside it, which are started by whoever needs them.
/// A test leaves all of it as it was.
/// </summary>
public sealed class DockerCluster : IAsyncLifetime
{
    private Cluster? _cluster;
    private DockerEngine? _engine;
    private DockerEngine? _second;
    private RegistryServer? _registry;
    private KubernetesApi? _kubernetes;
    private Ingress? _ingress;
    private string? _kubeconfig;

    /// <summary>Where apps run.</summary>
    public DockerEngine Engine => _engine!;

    public DockerEngine SecondEngine => _second!;

    public RegistryServer Registry => _registry!;

    public KubernetesApi Kubernetes => _kubernetes!;

    internal Cluster Cluster
    {
        get
        {
            Assert.SkipUnless(IsPossible, "Docker, a registry, RabbitMQ or PostgreSQL is not installed here.");
            return _cluster!;
        }
    }

    internal IEnumerable<ServiceProcess> BesideSecondEngine => [_cluster!.Service("image-builder.2"), _cluster.Service("image-publisher.2")];

    private static bool IsPossible => Cluster.IsPossible && DockerEngine.IsInstalled && RegistryServer.IsInstalled;

    public async ValueTask InitializeAsync()
    {
        if (!IsPossible)
            return;
        _registry = await RegistryServer.StartNewAsync();
        _engine = await DockerEngine.StartNewAsync();
        _second = await DockerEngine.StartNewAsync();
        await _engine.ImportBusyBoxAsync();
        await _second.ImportBusyBoxAsync();
        _kubernetes = await KubernetesApi.StartAsync();
        _ingress = await Ingress.StartAsync();
        _kubeconfig = Path.GetTempFileName();
        await File.WriteAllTextAsync(_kubeconfig, _kubernetes.Kubeconfig());
        var settings = new Dictionary<string, string>
        {
            ["Kubernetes__Kubeconfig"] = _kubeconfig,
            ["Kubernetes__IngressAddress"] = _ingress.Url,
            ["Kubernetes__MinReadySeconds"] = "1",
            ["Kubernetes__PreStopSeconds"] = "0",
            ["Docker__Endpoint"] = _engine.Endpoint,
            ["Registry__Url"] = _registry.Url.ToString(),
            ["Registry__Username"] = RegistryServer.Username,
            ["Registry__Password"] = RegistryServer.Password,
            ["ImagePublisher__EngineTimeout"] = "00:00:08",
        };
        foreach (var step in new[] { Step.BuildImage, Step.PublishImage, Step.DeployRelease })
        {
            for (var i = 0; i < 10; i++)
                settings[$"Steps__{step}__Redelivery__{i}"] = "00:00:01";
        }

        _cluster = await Cluster.CreateAsync(new() { ["image-builder"] = 2, ["image-publisher"] = 2 }, settings);
        foreach (var service in BesideSecondEngine)
            service.Settings["Docker__Endpoint"] = _second.Endpoint;
        foreach (var service in _cluster.Services.Except(BesideSecondEngine))
            service.Start();
        await Cluster.WaitUntilReadyAsync(_cluster.Services.Except(BesideSecondEngine));
    }

    public async ValueTask DisposeAsync()
    {
        if (_cluster is not null)
            await _cluster.DisposeAsync();
        foreach (var part in new IAsyncDisposable?[] { _engine, _second, _registry, _ingress, _kubernetes })
        {
            if (part is not null)
                await part.DisposeAsync();
        }

        if (_kubeconfig is not null)
            File.Delete(_kubeconfig);
    }
}

/// <summary>The tests that share a <see cref="DockerCluster"/>.</summary>
[CollectionDefinition(Name)]
public sealed class DockerCollection : ICollectionFixture<DockerCluster>
{
    public const string Name = "Docker";
}
