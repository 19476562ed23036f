using System.Text.Json.Nodes;
using Paas.Contracts;

namespace Paas.Deployer.Targets.Kubernetes.Objects;

/// <summary>
/// Folders of an app that outlive its releases. Most clusters can attach a volume to one node only: so the pods that
/// share it keep to the node of those that have it, and a rollout brings the new ones up beside the old ones.
/// </summary>
internal static class AppVolumes
{
    /// <summary>On the pods that share volumes.</summary>
    public const string Label = "io.paas/volumes";

    /// <summary>The group volumes are written by, whoever the image's user is: the user of the platform's own images.</summary>
    private const int Group = 10001;

    public static JsonObject Claim(AppNamespace app, AppVolume volume, KubernetesTargetOptions options)
    {
        var claim = app.Object("v1", "PersistentVolumeClaim", NameOf(volume));
        claim["spec"] = ClaimSpec(options);
        return claim;
    }

    /// <summary>The spec of every claim.</summary>
    public static JsonObject ClaimSpec(KubernetesTargetOptions options)
    {
        var spec = new JsonObject
        {
            ["accessModes"] = new JsonArray("ReadWriteOnce"),
            ["resources"] = new JsonObject { ["requests"] = new JsonObject { ["storage"] = options.StorageSize } },
        };
        if (options.StorageClass is { } storageClass)
            spec["storageClassName"] = storageClass;
        return spec;
    }

    /// <summary>Gives them to a pod.</summary>
    public static void Mount(JsonObject pod, KubernetesRelease release)
    {
        pod["securityContext"]!["fsGroup"] = Group;
        pod["securityContext"]!["fsGroupChangePolicy"] = "OnRootMismatch";
        pod["affinity"] = new JsonObject
        {
            ["podAffinity"] = new JsonObject
            {
                ["requiredDuringSchedulingIgnoredDuringExecution"] = new JsonArray(new JsonObject
                {
                    ["topologyKey"] = "kubernetes.io/hostname",
                    ["labelSelector"] = new JsonObject { ["matchLabels"] = new JsonObject { [AppNamespace.NameLabel] = release.App.App, [Label] = "true" } },
                }),
            },
        };
        pod.Remove("topologySpreadConstraints");
        var mounts = pod["containers"]![0]!["volumeMounts"]!.AsArray();
        foreach (var volume in release.Volumes)
        {
            mounts.Add(new JsonObject { ["name"] = NameOf(volume), ["mountPath"] = volume.Path });
            pod["volumes"]!.AsArray().Add(new JsonObject
            {
                ["name"] = NameOf(volume),
                ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = NameOf(volume) },
            });
        }
    }

    private static string NameOf(AppVolume volume) => $"volume-{volume.Name}";
}
