using System.Text.Json.Nodes;
using Paas.Hosting.Processes;
using Paas.Servers.Kubernetes;

namespace Paas.Kubernetes.Tests;

/// <summary>A double of a cluster with the namespace <c>demo</c>, and clients of it.</summary>
public sealed class TestCluster : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("paas-kube-");
    private int _files;

    public KubernetesApi Api { get; private set; } = null!;

    public ProcessOwner Processes { get; private set; } = null!;

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Processes = new ProcessOwner(_folder.FullName);
        Api = await KubernetesApi.StartAsync();
        Api.Cluster.Put(Thing("v1", "Namespace", null, "demo").Json);
    }

    /// <summary>A client with a kubeconfig for the double.</summary>
    /// <param name="kubeconfig">Null for one that may do everything.</param>
    /// <param name="change">Changes its options.</param>
    public KubernetesClient Open(string? kubeconfig = null, Action<KubernetesOptions>? change = null) => new(Options(kubeconfig, change), Processes, TimeProvider.System);

    public KubernetesOptions Options(string? kubeconfig = null, Action<KubernetesOptions>? change = null)
    {
        var options = new KubernetesOptions { Kubeconfig = Write("kubeconfig", kubeconfig ?? Api.Kubeconfig()), RequestTimeout = TimeSpan.FromSeconds(10) };
        change?.Invoke(options);
        return options;
    }

    /// <summary>A file of its own.</summary>
    public string Write(string name, string content)
    {
        var path = Path.Combine(_folder.CreateSubdirectory($"{Interlocked.Increment(ref _files)}").FullName, name);
        File.WriteAllText(path, content);
        return path;
    }

    public static KubernetesObject Thing(string apiVersion, string kind, string? within, string name)
    {
        var metadata = new JsonObject { ["name"] = name };
        if (within is not null)
            metadata["namespace"] = within;
        return new(new JsonObject { ["apiVersion"] = apiVersion, ["kind"] = kind, ["metadata"] = metadata });
    }

    public static KubernetesObject ConfigMap(string name, params (string Key, string Value)[] data)
    {
        var thing = Thing("v1", "ConfigMap", "demo", name);
        thing.Json["data"] = new JsonObject(data.Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)entry.Value)));
        return thing;
    }

    public static KubernetesObject Secret(string name, string key, string base64)
    {
        var thing = Thing("v1", "Secret", "demo", name);
        thing.Json["data"] = new JsonObject { [key] = base64 };
        return thing;
    }

    public static KubernetesObject Pod(string name, string image, string restartPolicy = "Always")
    {
        var thing = Thing("v1", "Pod", "demo", name);
        thing.Json["spec"] = new JsonObject { ["restartPolicy"] = restartPolicy, ["containers"] = new JsonArray(new JsonObject { ["name"] = "app", ["image"] = image }) };
        return thing;
    }

    public static KubernetesObject Deployment(string name, string image, int replicas)
    {
        var thing = Thing("apps/v1", "Deployment", "demo", name);
        thing.Json["spec"] = new JsonObject
        {
            ["replicas"] = replicas,
            ["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = name } },
            ["template"] = new JsonObject
            {
                ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["app"] = name } },
                ["spec"] = new JsonObject { ["containers"] = new JsonArray(new JsonObject { ["name"] = "app", ["image"] = image }) },
            },
        };
        return thing;
    }

    public async ValueTask DisposeAsync()
    {
        await Api.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
