using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using Paas.Contracts;
using Paas.Deployer.Targets;
using Paas.Deployer.Targets.Kubernetes;
using Paas.Deployer.Targets.Kubernetes.Objects;
using Paas.Deployer.Tests.Support;
using Paas.Docker;

namespace Paas.Deployer.Tests.Kubernetes;

/// <summary>
/// What is applied to a cluster, as files that people can read. With GOLDEN=write in the environment the tests write
/// them anew: look at the difference before it is committed.
/// </summary>
public sealed class ObjectTests
{
    private static readonly Guid App = Guid.Parse("6f1c2f2e-0000-4000-8000-00000000000a");
    private static readonly Guid Deployment = Guid.Parse("6f1c2f2e-0000-4000-8000-0000000000d1");
    private static readonly RegistryOptions Registry = new() { Url = "https://registry.example.com/paas", Username = "paas", Password = "secret" };

    private static RunPlan FullPlan { get; } = new()
    {
        Runtime = RuntimeName.Python,
        Processes =
        [
            new() { Name = ProcessType.Web, Command = TestApp.Command("gunicorn", "--bind", "0.0.0.0:$PORT", "app:app"), Scale = 3 },
            new() { Name = "worker", Command = TestApp.Command("QUEUE=mails", "python", "worker.py", "--url", "${DATABASE_URL}", "--price", "5$$") },
        ],
        Release = TestApp.Command("python", "manage.py", "migrate"),
        Health = new() { Path = "/healthy", Timeout = TimeSpan.FromSeconds(30) },
        Env = new Dictionary<string, string> { ["LANG"] = "es_CU.UTF-8", ["DEBUG"] = "yes" },
        AddOns = [new() { Name = "postgres" }, new() { Name = "redis", Version = "7.4" }],
    };

    [Fact]
    public void The_walls_of_an_app_are_as_in_the_file() => Compare("walls", Walls(new()));

    [Fact]
    public void The_walls_of_an_app_behind_a_known_ingress_controller_are_as_in_the_file() =>
        Compare("walls-ingress-namespace", Walls(new() { IngressNamespace = "ingress-nginx", AllowPrivateNetworks = true }));

    [Fact]
    public void A_full_release_is_as_in_the_file()
    {
        var release = Release(FullPlan, new() { IngressClass = "nginx", TlsSecret = "apps-tls" });
        Compare("full-release", [ReleaseObjects.Config(release), ReleaseObjects.Job(release, FullPlan.Release!, TimeSpan.FromMinutes(10)), .. ReleaseObjects.Running(release)]);
    }

    [Fact]
    public void A_static_site_with_a_load_balancer_of_its_own_is_as_in_the_file()
    {
        var plan = new RunPlan { Runtime = RuntimeName.Static, Processes = [new() { Name = ProcessType.Web }] };
        Compare("static-load-balancer", ReleaseObjects.Running(Release(plan, new() { Exposure = Exposure.LoadBalancer }, registry: false)));
    }

    [Fact]
    public void A_release_with_a_volume_is_as_in_the_file()
    {
        var volume = new AppVolume { Name = "uploads", Path = "/var/lib/uploads" };
        var plan = new RunPlan { Runtime = RuntimeName.Docker, Processes = [new() { Name = ProcessType.Web, Scale = 2 }], Volumes = [volume] };
        var release = Release(plan, new());
        Compare("volume", [AppVolumes.Claim(Namespace(), volume, new()), .. ReleaseObjects.Running(release)]);
    }

    [Fact]
    public void A_run_is_as_in_the_file()
    {
        var variables = new Dictionary<string, string> { ["REDIS_URL"] = "redis://mine", ["DEBUG"] = "no" };
        Compare("run", [RunObjects.Job(Release(FullPlan, new()), Run, "run.1234", variables.Keys), RunObjects.Variables(Namespace(), Run.RunId, "uid-of-the-job", variables)]);
    }

    [Theory]
    [InlineData("postgres")]
    [InlineData("mysql")]
    [InlineData("mariadb")]
    [InlineData("redis")]
    [InlineData("mongodb")]
    [InlineData("rabbitmq")]
    public void An_add_on_is_as_in_the_file(string name)
    {
        var addOn = new AddOn { Name = name };
        var app = Namespace();
        Compare($"add-on-{name}", [AddOnObjects.Secret(app, addOn, "0123abcd"), .. Settings(app, addOn), .. AddOnObjects.Running(app, addOn, $"{name}:1", hasPullSecret: name != "redis", new() { StorageClass = "fast" }, new())]);
    }

    private static JsonObject[] Settings(AppNamespace app, AddOn addOn) => AddOnObjects.Settings(app, addOn, "0123abcd") is { } settings ? [settings] : [];

    [Fact]
    public void Every_field_is_one_that_clusters_know()
    {
        var known = File.ReadLines(Beside("Fields/recorded.txt")).Concat(File.ReadLines(Beside("Fields/reference.txt")).Where(line => !line.StartsWith('#')))
            .ToHashSet(StringComparer.Ordinal);
        var options = new KubernetesTargetOptions { IngressClass = "nginx", TlsSecret = "tls", IngressNamespace = "ingress", StorageClass = "fast" };
        var volume = new AppVolume { Name = "uploads", Path = "/data" };
        var release = Release(FullPlan with { Volumes = [volume] }, options);
        var made = Walls(options).Append(AppVolumes.Claim(Namespace(), volume, options)).Concat(ReleaseObjects.Running(release)).Append(ReleaseObjects.Config(release))
            .Append(ReleaseObjects.Job(release, FullPlan.Release!, TimeSpan.FromMinutes(1)))
            .Append(RunObjects.Job(release, Run, "run.1234", ["DEBUG"])).Append(RunObjects.Variables(Namespace(), Run.RunId, "x", release.ConfigVars))
            .Append(AddOnObjects.Secret(Namespace(), new() { Name = "redis" }, "x"))
            .Concat(AddOnKind.All.Keys.SelectMany(name => AddOnObjects.Running(Namespace(), new() { Name = name }, $"{name}:1", hasPullSecret: true, options, new())));

        var unknown = made.SelectMany(FieldsOf).Distinct().Except(known).ToList();
        Assert.True(unknown.Count == 0, string.Join('\n', unknown));
    }

    [Fact]
    public void Values_of_config_vars_are_in_the_secret_and_nowhere_else()
    {
        var plan = FullPlan with { Processes = [new() { Name = ProcessType.Web, Command = TestApp.Command("serve", "--key=$API_KEY", "--twice=${API_KEY:-none}", "OTHER=$API_KEY") }] };
        var release = Release(plan, new());

        var everything = string.Concat(ReleaseObjects.Running(release).Select(made => made.ToJsonString()));

        Assert.DoesNotContain("s3cr3t", everything, StringComparison.Ordinal);
        Assert.Contains("--key=$(API_KEY)", everything, StringComparison.Ordinal);
        Assert.Equal("s3cr3t", Encoding.UTF8.GetString(Convert.FromBase64String((string)ReleaseObjects.Config(release)["data"]!["API_KEY"]!)));
    }

    [Fact]
    public void A_text_that_looks_like_a_reference_stays_a_text()
    {
        var plan = FullPlan with { Processes = [new() { Name = "worker", Command = TestApp.Command("echo", "$$(API_KEY)", "$MISSING-x", "${MISSING:-$(}".Replace("$(", "none", StringComparison.Ordinal)) }] };

        var args = ReleaseObjects.Running(Release(plan, new()))[0]["spec"]!["template"]!["spec"]!["containers"]![0]!["args"]!.AsArray();

        Assert.Equal(["echo", "$$(API_KEY)", "-x", "none"], args.Select(word => (string)word!));
    }

    [Fact]
    public void A_config_var_wins_over_the_variable_of_an_add_on()
    {
        var release = Release(FullPlan, new(), configVars: new() { ["DATABASE_URL"] = "postgres://mine" });

        var web = ReleaseObjects.Running(release)[0]["spec"]!["template"]!["spec"]!["containers"]![0]!;

        Assert.DoesNotContain(web["env"]!.AsArray(), variable => (string?)variable!["name"] == "DATABASE_URL");
        Assert.Contains(web["env"]!.AsArray(), variable => (string?)variable!["name"] == "REDIS_URL");
    }

    [Fact]
    public void Namespaces_are_dns_labels_and_no_two_apps_share_one()
    {
        var names = new List<string>();
        foreach (var app in new[] { "a1", "shop", new string('x', 40), "a-b", "a" })
        {
            foreach (var environment in new[] { "production", "staging", "b-c", new string('e', 60) })
                names.AddRange([new AppNamespace(Guid.NewGuid(), app, environment).Name, new AppNamespace(Guid.NewGuid(), app, environment).Name]);
        }

        Assert.All(names, name => Assert.Matches("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])$", name));
        Assert.Equal(names.Count, names.Distinct().Count());
        Assert.Equal(new AppNamespace(App, "shop", "production").Name, Namespace().Name);
    }

    private static StartRun Run => new()
    {
        RunId = Deployment,
        AppId = App,
        App = "shop",
        Target = Target.Kubernetes,
        Release = 12,
        ImageDigest = "sha256:" + new string('a', 64),
        Run = FullPlan,
        Command = ["python", "-c", "print('$(API_KEY) $5')"],
        TimeLimit = TimeSpan.FromHours(1),
    };

    private static AppNamespace Namespace() => new(App, "shop", "production");

    private static IReadOnlyList<JsonObject> Walls(KubernetesTargetOptions options)
    {
        var app = Namespace();
        return
        [
            NamespaceObjects.Namespace(app), NamespaceObjects.Quota(app, options, new()), NamespaceObjects.DenyAll(app), NamespaceObjects.AllowWithin(app, options),
            NamespaceObjects.AllowRequests(app, options), NamespaceObjects.AllowInternet(app, options), NamespaceObjects.PullSecret(app, Registry)!,
        ];
    }

    private static KubernetesRelease Release(RunPlan plan, KubernetesTargetOptions options, bool registry = true, Dictionary<string, string>? configVars = null) => new(
        TestApp.Release(App, 12, "sha256:" + new string('a', 64), plan) with { DeploymentId = Deployment, Commit = new string('c', 40) },
        Namespace(), "registry.example.com/paas/shop@sha256:" + new string('a', 64), configVars ?? new() { ["API_KEY"] = "s3cr3t", ["DEBUG"] = "no" },
        "shop.apps.example.com", registry, options, new());

    private static IEnumerable<string> FieldsOf(JsonObject made)
    {
        var kind = $"{made["apiVersion"]} {made["kind"]}";
        return Walk(made, "");

        IEnumerable<string> Walk(JsonNode? node, string path)
        {
            if (node is JsonArray list)
            {
                foreach (var field in list.SelectMany(item => Walk(item, path + "[]")))
                    yield return field;
            }
            else if (node is JsonObject map)
            {
                foreach (var (name, value) in map)
                {
                    var field = path.Length == 0 ? name : $"{path}.{name}";
                    yield return Known(kind, field);
                    // Names that people choose are no fields.
                    if (name is "labels" or "annotations" or "data" or "matchLabels" or "hard" or "limits" or "requests" || (kind == "v1 Service" && name == "selector"))
                        continue;
                    foreach (var inner in Walk(value, field))
                        yield return inner;
                }
            }
        }
    }

    /// <summary>A pod is the same wherever its template is, and so is the head of every object.</summary>
    private static string Known(string kind, string field)
    {
        const string template = "spec.template.";
        if (field is "apiVersion" or "kind" or "metadata" || field.StartsWith("metadata.", StringComparison.Ordinal))
            return $"any {field}";
        if (!field.StartsWith(template, StringComparison.Ordinal))
            return $"{kind} {field}";
        var inner = field[template.Length..];
        return inner.StartsWith("metadata.", StringComparison.Ordinal) ? $"any {inner}" : $"pod {inner}";
    }

    private static void Compare(string name, IEnumerable<JsonObject> objects)
    {
        var made = YamlText.Of(objects);
        var file = Beside($"Golden/{name}.yaml");
        if (Environment.GetEnvironmentVariable("GOLDEN") == "write")
            File.WriteAllText(file, made);
        Assert.True(File.Exists(file), $"{file} is missing; GOLDEN=write makes it.");
        Assert.Equal(File.ReadAllText(file), made);
    }

    private static string Beside(string file, [CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, file);
}
