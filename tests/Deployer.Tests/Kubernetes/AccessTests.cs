using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using Paas.Contracts;
using Paas.Deployer.Tests.Support;
using Paas.Hosting.Secrets;
using Paas.Servers.Kubernetes;
using YamlDotNet.RepresentationModel;
using static Paas.Deployer.Tests.Kubernetes.KubernetesPlatform;

namespace Paas.Deployer.Tests.Kubernetes;

/// <summary>What the deployer may do on a cluster (deploy/kubernetes/access.yaml) is what it does, and no more.</summary>
public sealed class AccessTests
{
    [Fact]
    public async Task The_rights_of_the_deployer_are_those_it_uses()
    {
        var used = new ConcurrentDictionary<string, bool>();
        var api = await KubernetesApi.StartAsync();
        api.Allow("spy", "deployer", (verb, group, resource, _) => used.TryAdd($"{verb} {(group.Length == 0 ? "" : group + "/")}{resource}", true) || true);
        var folder = Directory.CreateTempSubdirectory("paas-access-").FullName;
        var kubeconfig = Path.Combine(folder, "kubeconfig");
        await File.WriteAllTextAsync(kubeconfig, api.Kubeconfig("{token: spy}"), TestContext.Current.CancellationToken);
        await using (var ingress = await Ingress.StartAsync())
        await using (var platform = await StartAsync(api, settings: [("Kubernetes:Kubeconfig", kubeconfig), ("Kubernetes:IngressAddress", ingress.Url)]))
        {
            await UseAllAsync(platform);
        }

        // A load balancer's address is watched for, and a node's port looked up, where apps are exposed so.
        string[] elsewhere = ["watch services", "get services"];
        Directory.Delete(folder, recursive: true);

        // What is applied may not be there yet, and to make it takes the right to. Pods are never applied: the time of one that is there is shortened.
        var applied = used.Keys.Where(right => right.StartsWith("patch ", StringComparison.Ordinal) && right != "patch pods").Select(right => "create " + right["patch ".Length..]);
        used.Keys.Union(elsewhere).Union(applied).Order(StringComparer.Ordinal).ShouldBe(Granted().Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("gateway")]
    [InlineData("orchestrator")]
    [InlineData("code-downloader")]
    [InlineData("configuration-validator")]
    [InlineData("image-builder")]
    [InlineData("image-publisher")]
    [InlineData("deployer")]
    public void Every_service_is_probed_bounded_and_without_rights(string service)
    {
        var deployment = Documents($"{service}.yaml").Single(document => Text(document, "kind") == "Deployment");
        var pod = Map(deployment, "spec", "template", "spec");
        var container = (YamlMappingNode)((YamlSequenceNode)pod["containers"]).Single();

        Text(pod, "securityContext", "runAsNonRoot").ShouldBe("true");
        Text(pod, "securityContext", "seccompProfile", "type").ShouldBe("RuntimeDefault");
        Text(pod, "automountServiceAccountToken").ShouldBe(service == "deployer" ? "true" : "false");
        Text(container, "securityContext", "allowPrivilegeEscalation").ShouldBe("false");
        Text(container, "securityContext", "readOnlyRootFilesystem").ShouldBe("true");
        Text(container, "resources", "limits", "memory").ShouldNotBeEmpty();
        Text(container, "livenessProbe", "httpGet", "path").ShouldBe("/health/live");
        Text(container, "readinessProbe", "httpGet", "path").ShouldBe("/health/ready");
        Documents("disruptions.yaml").Select(budget => Text(budget, "spec", "selector", "matchLabels", "app.kubernetes.io/name")).ShouldContain(service);
    }

    /// <summary>All that a deployer ever does.</summary>
    private static async Task UseAllAsync(KubernetesPlatform platform)
    {
        platform.Api.Cluster.ScriptFor = pod => (string?)pod["metadata"]?["labels"]?[Targets.Kubernetes.AppNamespace.Component] switch
        {
            "release" => PodScript.Ends(0, "done"),
            "paas.run" => new PodScript { Prints = ["begun"] },
            _ => null,
        };
        platform.Api.Cluster.Script("redis:99", PodScript.CantPull("not found"));
        await platform.Platform.FailAsync(platform.Release(1, Plan(Web(2), Worker()) with { AddOns = [new AddOn { Name = "redis", Version = "99" }] }));
        await platform.DeployAsync(1, Plan(Web(2), Worker()) with { Release = TestApp.Command("migrate"), AddOns = [new AddOn { Name = "redis" }] });
        await platform.ResolveAsync(1, Plan(Web(2)));
        await RunAsync(platform);
        // Without a web process: ingress, service and budget are removed.
        await platform.DeployAsync(2, Plan(Worker()));
        platform.Api.Cluster.Script(Image(3), PodScript.Crashes(1));
        await platform.Platform.FailAsync(platform.Release(3, Plan(Worker())));
        await platform.RemoveAsync();
    }

    /// <summary>A run with variables of its own, read and stopped.</summary>
    private static async Task RunAsync(KubernetesPlatform platform)
    {
        var runs = new TestRuns(platform.Platform, Target.Kubernetes);
        var sealer = platform.Platform.Services.GetRequiredService<SecretSealer>();
        var run = await runs.StartAsync(runs.Command(platform.Release(1, Plan(Web(2))), "sleep") with { SealedVariables = sealer.SealAll(new Dictionary<string, string> { ["A"] = "b" }) });
        await TestPlatform.UntilAsync(async () => (await runs.LinesOfAsync(run.RunId)).Count > 0, "it has begun", Seconds);
        (await runs.StopAsync(run.RunId)).State.ShouldBe(RunStates.Ended);
    }

    private static IEnumerable<string> Granted()
    {
        var role = Documents("access.yaml").Single(document => Text(document, "kind") == "ClusterRole");
        return from rule in (YamlSequenceNode)role["rules"]
               from @group in Words(rule, "apiGroups")
               from resource in Words(rule, "resources")
               from verb in Words(rule, "verbs")
               select $"{verb} {(@group.Length == 0 ? "" : @group + "/")}{resource}";
    }

    private static IEnumerable<string> Words(YamlNode node, string name) => ((YamlSequenceNode)node[name]).Select(word => ((YamlScalarNode)word).Value!);

    private static YamlMappingNode Map(YamlMappingNode node, params string[] path) => path.Aggregate(node, (at, name) => (YamlMappingNode)at[name]);

    private static string Text(YamlMappingNode node, params string[] path) => ((YamlScalarNode)Map(node, path[..^1])[path[^1]]).Value ?? "";

    private static List<YamlMappingNode> Documents(string file, [CallerFilePath] string here = "")
    {
        var yaml = new YamlStream();
        using var reader = new StreamReader(Path.Combine(Path.GetDirectoryName(here)!, "../../../deploy/kubernetes", file));
        yaml.Load(reader);
        return [.. yaml.Documents.Select(document => (YamlMappingNode)document.RootNode)];
    }
}
