using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Paas.Contracts;
using Paas.Deployer.Targets.Kubernetes;
using Paas.Deployer.Tests.Support;
using Paas.Servers.Kubernetes;

namespace Paas.Deployer.Tests.Kubernetes;

/// <summary>A deployer whose apps run on a double of a cluster.</summary>
internal sealed class KubernetesPlatform : IAsyncDisposable
{
    public const double Seconds = 60;
    public const string Registry = "registry.example.com/paas";
    private readonly string _folder;

    private KubernetesPlatform(KubernetesApi api, TestPlatform platform, string folder) => (Api, Platform, _folder) = (api, platform, folder);

    public KubernetesApi Api { get; }
    public TestPlatform Platform { get; }
    public string Kubeconfig => Path.Combine(_folder, "kubeconfig");
    public Guid App => Platform.App;
    public string Log => Platform.Log.Text;
    public string Namespace => new AppNamespace(App, "shop", "production").Name;

    public static async Task<KubernetesPlatform> StartAsync(KubernetesApi? api = null, Guid? app = null, params (string, string?)[] settings)
    {
        api ??= await KubernetesApi.StartAsync();
        api.Cluster.PrivateRegistry ??= ("registry.example.com", "paas:of the registry");
        var folder = Directory.CreateTempSubdirectory("paas-kubernetes-").FullName;
        var kubeconfig = Path.Combine(folder, "kubeconfig");
        await File.WriteAllTextAsync(kubeconfig, api.Kubeconfig());
        return new(api, await TestPlatform.StartAsync(null, app, [.. Settings(kubeconfig).ExceptBy(settings.Select(own => own.Item1), usual => usual.Item1), .. settings]), folder);
    }

    public static IEnumerable<(string, string?)> Settings(string kubeconfig) =>
    [
        ("Kubernetes:Kubeconfig", kubeconfig), ("Kubernetes:MinReadySeconds", "1"), ("Kubernetes:Patience", "00:00:02"), ("Kubernetes:PreStopSeconds", "0"), ("Deployer:AddOnTimeout", "00:00:30"),
        ("Registry:Url", $"https://{Registry}"), ("Registry:Username", "paas"), ("Registry:Password", "of the registry"), ("Paas:Domain", "apps.example.com"),
    ];

    /// <summary>A digest for each version of the image.</summary>
    public static string Digest(int version) => "sha256:" + version.ToString("x64", System.Globalization.CultureInfo.InvariantCulture);

    public static string Image(int version) => $"{Registry}/shop@{Digest(version)}";

    public static ProcessType Web(int scale = 1) => new() { Name = ProcessType.Web, Command = TestApp.Command("serve"), Scale = scale };

    public static ProcessType Worker(int scale = 1) => new() { Name = "worker", Command = TestApp.Command("work"), Scale = scale };

    public static RunPlan Plan(params ProcessType[] processes) => new()
    {
        Runtime = RuntimeName.Docker,
        Processes = processes,
        Health = new HealthCheck { Path = "/up", Timeout = TimeSpan.FromSeconds(3) },
    };

    /// <summary>The image of a release has the release's number, unless another is named.</summary>
    public DeployRelease Release(int release, RunPlan plan, int? image = null) =>
        TestApp.Release(App, release, Digest(image ?? release), plan) with { Target = Target.Kubernetes };

    public Task DeployAsync(int release, RunPlan plan, int? image = null) => Platform.DeployAsync(Release(release, plan, image));

    public Task RemoveAsync() => Platform.Services.GetRequiredService<ReleaseDeployer>()
        .RemoveAsync(new RemoveApp { AppId = App, App = "shop", Target = Target.Kubernetes }, CancellationToken.None);

    public Task<string?> ResolveAsync(int release, RunPlan plan) => Platform.Services.GetRequiredService<ReleaseDeployer>().ResolveUrlAsync(
        new ResolveUrl
        {
            DeploymentId = Guid.NewGuid(),
            Attempt = 1,
            AppId = App,
            App = "shop",
            Environment = "production",
            Target = Target.Kubernetes,
            Release = release,
            ImageDigest = Digest(release),
            Run = plan,
        },
        Platform.Log, CancellationToken.None);

    public JsonObject? Find(string plural, string name) => Api.Cluster.Find(plural, Namespace, name);

    /// <summary>The names of the objects of a type, in order.</summary>
    public IEnumerable<string> Names(string plural) => Api.Cluster.All(plural, Namespace).Select(thing => (string)thing["metadata"]!["name"]!).Order(StringComparer.Ordinal);

    /// <summary>The image a process type is to run, and how many.</summary>
    public (string? Image, int? Replicas) Wanted(string process) => Find("deployments", process) is { } deployment
        ? ((string?)deployment["spec"]!["template"]!["spec"]!["containers"]![0]!["image"], (int?)deployment["spec"]!["replicas"])
        : (null, null);

    public string? StateOf(int release) => (string?)Find("secrets", $"record-v{release}")?["metadata"]!["labels"]!["io.paas/state"];

    public string SecretText(string name, string key) => Encoding.UTF8.GetString(Convert.FromBase64String((string)Find("secrets", name)!["data"]![key]!));

    /// <summary>Running pods of a process type, by their image.</summary>
    public IEnumerable<string> RunningImages(string process) => Api.Cluster.All("pods", Namespace)
        .Where(pod => (string?)pod["metadata"]!["labels"]![AppNamespace.Component] == process && pod["metadata"]!["deletionTimestamp"] is null)
        .Where(pod => (string?)pod["status"]?["phase"] == "Running")
        .Select(pod => (string)pod["spec"]!["containers"]![0]!["image"]!);

    public async ValueTask DisposeAsync()
    {
        await Platform.DisposeAsync();
        await Api.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
        // What goes wrong within the double would be looked for in the product.
        Api.Cluster.Problem.ShouldBeNull();
    }
}
