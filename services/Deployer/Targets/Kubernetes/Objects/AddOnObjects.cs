using System.Text;
using System.Text.Json.Nodes;
using Paas.Contracts;

namespace Paas.Deployer.Targets.Kubernetes.Objects;

/// <summary>
/// A backing service in the app's namespace. It belongs to the app and to no release: nothing of it is removed before the app is.
/// </summary>
internal static class AddOnObjects
{
    public const string AddOnLabel = "io.paas/add-on";
    public const string UrlKey = "url";
    public const string PasswordKey = "password";

    /// <summary>On a stateful set that has been ready once: its data is of its image's version.</summary>
    public const string HasRunAnnotation = "io.paas/has-run";

    /// <summary>The user of all the official images, Debian's first for services.</summary>
    private const int User = 999;

    public static string NameOf(string addOn) => $"add-on-{addOn}";

    // With a dot, as no process type can be called.
    private static string ComponentOf(string addOn) => $"add-on.{addOn}";

    /// <summary>Made once, with its password, and never applied again.</summary>
    public static JsonObject Secret(AppNamespace app, AddOn addOn, string password)
    {
        var kind = AddOnKind.All[addOn.Name];
        var secret = Object(app, "v1", "Secret", NameOf(addOn.Name), addOn.Name);
        secret["type"] = "Opaque";
        var data = new JsonObject { [PasswordKey] = Encode(password), [UrlKey] = Encode(kind.Url(password)) };
        foreach (var (name, value) in kind.Settings(password))
            data[name] = Encode(value);
        secret["data"] = data;
        return secret;
    }

    /// <summary>The file it reads, in a Secret of its own, which follows from the password; null if it reads none.</summary>
    public static JsonObject? Settings(AppNamespace app, AddOn addOn, string password)
    {
        if (AddOnKind.All[addOn.Name].File is not { } file)
            return null;
        var secret = Object(app, "v1", "Secret", SettingsOf(addOn.Name), addOn.Name);
        secret["type"] = "Opaque";
        secret["data"] = new JsonObject { [file.Name] = Encode(file.Text(password)) };
        return secret;
    }

    /// <summary>What runs it, under the name by which its URL finds it.</summary>
    public static IReadOnlyList<JsonObject> Running(AppNamespace app, AddOn addOn, string image, bool hasPullSecret, KubernetesTargetOptions options, DeployerOptions limits)
    {
        var kind = AddOnKind.All[addOn.Name];
        return [Volume(app, addOn, options), Service(app, addOn, kind), StatefulSet(app, addOn, kind, image, hasPullSecret, options, limits)];
    }

    public static JsonObject HasRun() => new() { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [HasRunAnnotation] = "true" } } };

    private static JsonObject Volume(AppNamespace app, AddOn addOn, KubernetesTargetOptions options)
    {
        var claim = Object(app, "v1", "PersistentVolumeClaim", NameOf(addOn.Name), addOn.Name);
        claim["spec"] = AppVolumes.ClaimSpec(options);
        return claim;
    }

    private static JsonObject Service(AppNamespace app, AddOn addOn, AddOnKind kind)
    {
        var service = Object(app, "v1", "Service", addOn.Name, addOn.Name);
        service["spec"] = new JsonObject
        {
            ["type"] = "ClusterIP",
            ["selector"] = app.Selector(ComponentOf(addOn.Name)),
            ["ports"] = new JsonArray(new JsonObject { ["name"] = "main", ["port"] = kind.Port, ["protocol"] = "TCP", ["targetPort"] = kind.Port }),
        };
        return service;
    }

    private static JsonObject StatefulSet(AppNamespace app, AddOn addOn, AddOnKind kind, string image, bool hasPullSecret, KubernetesTargetOptions options, DeployerOptions limits)
    {
        var labels = app.Labels(ComponentOf(addOn.Name));
        labels[AddOnLabel] = addOn.Name;
        var container = new JsonObject
        {
            ["name"] = addOn.Name,
            ["image"] = image,
            ["imagePullPolicy"] = "IfNotPresent",
            ["envFrom"] = new JsonArray(new JsonObject { ["secretRef"] = new JsonObject { ["name"] = NameOf(addOn.Name) } }),
            ["ports"] = new JsonArray(new JsonObject { ["name"] = "main", ["containerPort"] = kind.Port }),
            ["readinessProbe"] = Probe(kind),
            ["resources"] = PodTemplates.Resources(options, limits, limits.AddOnMemory),
            ["securityContext"] = PodTemplates.ContainerSecurity(readOnlyRoot: false),
            ["volumeMounts"] = new JsonArray(new JsonObject { ["name"] = "data", ["mountPath"] = kind.DataFolder }),
        };
        var volumes = new JsonArray(new JsonObject { ["name"] = "data", ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = NameOf(addOn.Name) } });
        if (kind.Command is { } command)
            container["args"] = new JsonArray([.. command.Select(word => JsonValue.Create(word))]);
        if (kind.File is { } file)
        {
            container["volumeMounts"]!.AsArray().Add(new JsonObject { ["name"] = "settings", ["mountPath"] = file.Folder, ["readOnly"] = true });
            volumes.Add(new JsonObject { ["name"] = "settings", ["secret"] = new JsonObject { ["secretName"] = SettingsOf(addOn.Name) } });
        }

        var pod = new JsonObject
        {
            ["automountServiceAccountToken"] = false,
            ["enableServiceLinks"] = false,
            ["terminationGracePeriodSeconds"] = 60,
            ["securityContext"] = PodTemplates.PodSecurity(User),
            ["containers"] = new JsonArray(container),
            ["volumes"] = volumes,
        };
        // Its image may be in the platform's own registry.
        if (hasPullSecret)
            pod["imagePullSecrets"] = new JsonArray(new JsonObject { ["name"] = NamespaceObjects.PullSecretName });

        var set = Object(app, "apps/v1", "StatefulSet", addOn.Name, addOn.Name);
        set["spec"] = new JsonObject
        {
            ["serviceName"] = addOn.Name,
            ["replicas"] = 1,
            ["revisionHistoryLimit"] = 1,
            ["selector"] = new JsonObject { ["matchLabels"] = app.Selector(ComponentOf(addOn.Name)) },
            ["template"] = new JsonObject
            {
                ["metadata"] = new JsonObject { ["labels"] = labels },
                ["spec"] = pod,
            },
        };
        return set;
    }

    private static JsonObject Probe(AddOnKind kind)
    {
        var probe = kind.Asked is { Program: var program }
            ? new JsonObject { ["exec"] = new JsonObject { ["command"] = new JsonArray([.. program.Select(word => JsonValue.Create(word))]) } }
            : new JsonObject { ["tcpSocket"] = new JsonObject { ["port"] = "main" } };
        probe["periodSeconds"] = 2;
        probe["failureThreshold"] = 3;
        return probe;
    }

    private static JsonObject Object(AppNamespace app, string apiVersion, string kind, string name, string addOn)
    {
        var made = app.Object(apiVersion, kind, name, ComponentOf(addOn));
        made["metadata"]!["labels"]![AddOnLabel] = addOn;
        return made;
    }

    private static string SettingsOf(string addOn) => $"{NameOf(addOn)}-settings";

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
