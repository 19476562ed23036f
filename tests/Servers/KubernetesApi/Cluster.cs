using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace Paas.Servers.Kubernetes;

/// <summary>What is in the cluster, and what goes on in it: controllers and a node, which do their work whenever something changes.</summary>
public sealed class Cluster : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private readonly ConcurrentDictionary<string, PodScript> _scripts = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Namespaces _namespaces;
    private readonly Workloads _workloads;
    private readonly Jobs _jobs;
    private readonly Services _services;
    private readonly Task _running;

    internal Cluster(ApiCertificates certificates, bool runsControllers)
    {
        Writer = new ApiWriter(Store);
        Events = new Events(Store);
        Kubelet = new Kubelet(this);
        var maker = new PodMaker(this);
        (_namespaces, _workloads, _jobs, _services) = (new Namespaces(this, certificates), new Workloads(this, maker), new Jobs(this, maker), new Services(this));
        foreach (var name in (string[])["default", "kube-system"])
            Put(new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Namespace", ["metadata"] = new JsonObject { ["name"] = name } });
        _running = runsControllers ? Task.Run(RunAsync) : Task.CompletedTask;
    }

    /// <summary>The version of the last change.</summary>
    public long Version
    {
        get
        {
            lock (Store.Gate)
                return Store.Version;
        }
    }

    /// <summary>What it does with a pod; null for what the image's script says.</summary>
    public Func<JsonObject, PodScript?>? ScriptFor { get; set; }

    /// <summary>Why controllers may not make a pod, in an admission's words; null for a pod that nothing keeps out but the API itself.</summary>
    public Func<JsonObject, string?>? RefusesPod { get; set; }

    /// <summary>The log of a container before its last restart is there no more.</summary>
    public bool CollectsPrevious { get; set; }

    /// <summary>The address of services of the type LoadBalancer; null if there is nothing to give one.</summary>
    public string? LoadBalancerAddress { get; set; }

    /// <summary>A registry that lets nobody in without a login, and the login: <c>user:password</c>.</summary>
    public (string Host, string Login)? PrivateRegistry { get; set; }

    /// <summary>Whether claims get a volume.</summary>
    public bool BindsVolumes { get; set; } = true;

    /// <summary>What went wrong within the double.</summary>
    public Exception? Problem { get; private set; }

    internal ApiStore Store { get; } = new();

    internal ApiWriter Writer { get; }

    internal Events Events { get; }

    internal Kubelet Kubelet { get; }

    /// <summary>What containers of an image do; changing it is for pods that are started later.</summary>
    public void Script(string image, PodScript script) => _scripts[image] = script;

    /// <summary>Makes an object, or changes it.</summary>
    /// <param name="thing">The object.</param>
    /// <param name="manager">Whose its fields are then.</param>
    public void Put(JsonObject thing, string manager = "test")
    {
        var type = ApiType.All.First(each => each.Kind == thing.Text("kind") && each.ApiVersion == thing.Text("apiVersion"));
        lock (Store.Gate)
            Writer.Apply(type, type.IsNamespaced ? thing.Namespace() : null, thing.Name(), thing, new(manager, Force: true, IsDryRun: false));
    }

    /// <summary>An object as the API would show it; null if there is none.</summary>
    /// <param name="plural">Such as <c>deployments</c>.</param>
    public JsonObject? Find(string plural, string? within, string name)
    {
        lock (Store.Gate)
            return Store.Find(ApiType.Of(plural), within, name) is { } stored ? Copy(stored) : null;
    }

    /// <summary>All objects of a type in a namespace.</summary>
    public IReadOnlyList<JsonObject> All(string plural, string? within = null)
    {
        lock (Store.Gate)
            return [.. Store.All(ApiType.Of(plural), within).Select(Copy)];
    }

    /// <summary>Takes an object away, as a user does.</summary>
    public void Delete(string plural, string? within, string name)
    {
        lock (Store.Gate)
        {
            if (Store.Find(ApiType.Of(plural), within, name) is { } stored)
                Writer.Delete(stored, null, null);
        }
    }

    /// <summary>Prints a line in all containers of a pod.</summary>
    public void Print(string within, string pod, string line)
    {
        lock (Store.Gate)
            Kubelet.Logs.Print(Store.Find(ApiType.Of("pods"), within, pod)!.Thing.Uid(), line);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    internal void Wake() => Store.Wake();

    internal PodScript ScriptOf(JsonObject pod) =>
        ScriptFor?.Invoke(pod) ?? pod.Items("spec", "containers").Select(container => _scripts.GetValueOrDefault(container.Text("image") ?? "")).FirstOrDefault(script => script is not null) ?? PodScript.Works;

    /// <summary>As text and back: its numbers can then be read as any type.</summary>
    private static JsonObject Copy(Stored stored) => (JsonObject)JsonNode.Parse(stored.Show().ToJsonString())!;

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var changed = Store.Changed;
            try
            {
                lock (Store.Gate)
                {
                    _namespaces.Run();
                    _workloads.Run();
                    _jobs.Run();
                    Kubelet.Run();
                    _services.Run();
                }
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                Problem ??= exception;
            }

            // Some of it goes by the clock.
            await Task.WhenAny(Task.Delay(Pause, CancellationToken.None), changed);
            await Task.Delay(2, CancellationToken.None);
        }
    }
}
