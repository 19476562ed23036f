using System.Globalization;
using System.Text.Json.Nodes;
using Paas.Contracts;

namespace Paas.Deployer.Targets.Kubernetes.Objects;

/// <summary>The pods of an app: no rights, no way to the cluster's API, bounded, and spread over the nodes.</summary>
internal static class PodTemplates
{
    /// <summary>Where web has to listen, as on the other targets.</summary>
    public const int WebPort = 8080;

    public const string PortName = "http";

    private const string TemporaryFiles = "/tmp";

    // Without a request of its own an instance would be scheduled as if it always used its limit.
    private const string Disk = "ephemeral-storage", DiskRequest = "16Mi";

    /// <summary>The pods of a process type, or of the release command.</summary>
    public static JsonObject Of(KubernetesRelease release, string component, CommandLine? command, string restartPolicy)
    {
        var isWeb = component == ProcessType.Web;
        var labels = release.App.Labels(component);
        labels[AppNamespace.Version] = release.Version;
        if (release.Volumes.Count > 0)
            labels[AppVolumes.Label] = "true";
        var spec = new JsonObject
        {
            ["automountServiceAccountToken"] = false,
            // Variables of the other services of the namespace would come between the app's own.
            ["enableServiceLinks"] = false,
            ["restartPolicy"] = restartPolicy,
            ["terminationGracePeriodSeconds"] = (int)Math.Ceiling(release.Limits.StopGrace.TotalSeconds) + (isWeb ? release.Options.PreStopSeconds : 0),
            ["securityContext"] = PodSecurity(),
            ["containers"] = new JsonArray(Container(release, component, command)),
            ["volumes"] = new JsonArray(new JsonObject { ["name"] = "tmp", ["emptyDir"] = new JsonObject { ["sizeLimit"] = Mebibytes(release.Limits.AppMemory) } }),
        };
        if (release.HasPullSecret)
            spec["imagePullSecrets"] = new JsonArray(new JsonObject { ["name"] = NamespaceObjects.PullSecretName });
        if (restartPolicy == "Always")
            spec["topologySpreadConstraints"] = new JsonArray(Spread(release.App, component));
        if (release.Volumes.Count > 0)
            AppVolumes.Mount(spec, release);
        return new()
        {
            // Not the deployment: another one that finds nothing changed leaves the pods alone.
            ["metadata"] = new JsonObject { ["labels"] = labels, ["annotations"] = ReleaseAnnotations(release) },
            ["spec"] = spec,
        };
    }

    /// <summary>What an object tells of the release that it is of, and who has brought it.</summary>
    public static JsonObject Annotations(KubernetesRelease release)
    {
        var annotations = ReleaseAnnotations(release);
        annotations[AppNamespace.DeploymentAnnotation] = release.Command.DeploymentId.ToString();
        return annotations;
    }

    /// <summary>What Pod Security's level "restricted" asks of a pod.</summary>
    public static JsonObject PodSecurity(int? user = null)
    {
        var security = new JsonObject { ["runAsNonRoot"] = true, ["seccompProfile"] = new JsonObject { ["type"] = "RuntimeDefault" } };
        if (user is { } id)
        {
            security["runAsUser"] = id;
            security["runAsGroup"] = id;
            security["fsGroup"] = id;
            // A folder that only its owner may open, as PostgreSQL's, stays so when the volume is mounted again.
            security["fsGroupChangePolicy"] = "OnRootMismatch";
        }

        return security;
    }

    /// <summary>What Pod Security's level "restricted" asks of a container.</summary>
    public static JsonObject ContainerSecurity(bool readOnlyRoot) => new()
    {
        ["allowPrivilegeEscalation"] = false,
        ["readOnlyRootFilesystem"] = readOnlyRoot,
        ["capabilities"] = new JsonObject { ["drop"] = new JsonArray("ALL") },
    };

    public static string Mebibytes(long number) => $"{number.ToString(CultureInfo.InvariantCulture)}Mi";

    /// <summary>A number of processors as a quantity: <c>500m</c>, <c>1</c>.</summary>
    public static string Processors(double number) => number == Math.Floor(number)
        ? number.ToString("0", CultureInfo.InvariantCulture)
        : Math.Max(1, Math.Round(number * 1000)).ToString("0", CultureInfo.InvariantCulture) + "m";

    public static JsonObject Resources(KubernetesTargetOptions options, DeployerOptions limits, int memory) => new()
    {
        ["requests"] = new JsonObject { ["cpu"] = options.CpuRequest, ["memory"] = Mebibytes(Math.Min(options.MemoryRequest, memory)), [Disk] = DiskRequest },
        // What it writes into its own layer, to temporary files and to its log: a node ends one that goes beyond.
        ["limits"] = new JsonObject { ["cpu"] = Processors(limits.AppCpus), ["memory"] = Mebibytes(memory), [Disk] = options.EphemeralStorage },
    };

    private static JsonObject ReleaseAnnotations(KubernetesRelease release)
    {
        var annotations = new JsonObject { [AppNamespace.ReleaseAnnotation] = release.Version };
        if (release.Command.Commit is { } commit)
            annotations[AppNamespace.CommitAnnotation] = commit;
        return annotations;
    }

    private static JsonObject Container(KubernetesRelease release, string component, CommandLine? command)
    {
        var isWeb = component == ProcessType.Web;
        var container = new JsonObject
        {
            ["name"] = component,
            ["image"] = release.Image,
            ["imagePullPolicy"] = "IfNotPresent",
            ["envFrom"] = new JsonArray(new JsonObject { ["secretRef"] = new JsonObject { ["name"] = release.ConfigName } }),
            ["resources"] = Resources(release.Options, release.Limits, release.Limits.AppMemory),
            ["securityContext"] = ContainerSecurity(readOnlyRoot: release.Command.Run.Runtime == RuntimeName.Static),
            ["volumeMounts"] = new JsonArray(new JsonObject { ["name"] = "tmp", ["mountPath"] = TemporaryFiles }),
        };
        var port = release.Command.Run.Port ?? WebPort;
        AddCommand(container, release, command, isWeb ? port : null);
        if (isWeb)
        {
            container["ports"] = new JsonArray(new JsonObject { ["name"] = PortName, ["containerPort"] = port });
            container["startupProbe"] = Probe(release.Command.Run.Health.Path, period: 1, failures: Math.Max(1, (int)release.Command.Run.Health.Timeout.TotalSeconds));
            container["readinessProbe"] = Probe(release.Command.Run.Health.Path, period: 5, failures: 3);
            if (release.Options.PreStopSeconds > 0)
                container["lifecycle"] = new JsonObject { ["preStop"] = new JsonObject { ["sleep"] = new JsonObject { ["seconds"] = release.Options.PreStopSeconds } } };
        }

        return container;
    }

    private static void AddCommand(JsonObject container, KubernetesRelease release, CommandLine? command, int? port)
    {
        var variables = new JsonArray();
        if (port is { } number)
            variables.Add(Variable("PORT", number.ToString(CultureInfo.InvariantCulture)));
        foreach (var (name, addOn) in release.AddOnVariables)
        {
            variables.Add(new JsonObject
            {
                ["name"] = name,
                ["valueFrom"] = new JsonObject { ["secretKeyRef"] = new JsonObject { ["name"] = AddOnObjects.NameOf(addOn), ["key"] = AddOnObjects.UrlKey } },
            });
        }

        if (command is not null)
        {
            var expanded = release.Expand(command, port);
            if (expanded.Arguments.Count == 0)
                throw new Hosting.Steps.StepFailedException(FailureReason.AppExited, DeployerTexts.NothingToStart(command.ToString()));
            foreach (var (name, value) in expanded.Assignments)
            {
                // Twice the same name in one list is refused.
                foreach (var before in variables.Where(variable => (string?)variable!["name"] == name).ToList())
                    variables.Remove(before);
                variables.Add(Variable(name, value));
            }

            // As with Docker: the image's own entrypoint stays in front.
            container["args"] = new JsonArray([.. expanded.Arguments.Select(word => JsonValue.Create(word))]);
        }

        if (variables.Count > 0)
            container["env"] = variables;
    }

    private static JsonObject Variable(string name, string value) => new() { ["name"] = name, ["value"] = value };

    private static JsonObject Probe(string path, int period, int failures) => new()
    {
        ["httpGet"] = new JsonObject { ["path"] = path, ["port"] = PortName },
        ["periodSeconds"] = period,
        ["timeoutSeconds"] = 5,
        ["failureThreshold"] = failures,
    };

    private static JsonObject Spread(AppNamespace app, string component) => new()
    {
        ["maxSkew"] = 1,
        ["topologyKey"] = "kubernetes.io/hostname",
        ["whenUnsatisfiable"] = "ScheduleAnyway",
        ["labelSelector"] = new JsonObject { ["matchLabels"] = app.Selector(component) },
    };
}
