using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Paas.Deployer.Targets.Kubernetes;

/// <summary>
/// The namespace of an app's environment: all that the platform makes for it is in there, and goes with it. The name
/// can be read, and no other app ever had it, since it holds a digest of the app's id.
/// </summary>
internal sealed record AppNamespace
{
    /// <summary>Who writes the fields of our objects.</summary>
    public const string FieldManager = "paas";

    // As on engines, where labels have no prefix.
    public const string AppIdLabel = "io.paas/app";
    public const string EnvironmentLabel = "io.paas/environment";
    public const string ReleaseAnnotation = "io.paas/release";
    public const string CommitAnnotation = "io.paas/commit";
    public const string DeploymentAnnotation = "io.paas/deployment";
    public const string ManagedBy = "app.kubernetes.io/managed-by";
    public const string NameLabel = "app.kubernetes.io/name";
    public const string Component = "app.kubernetes.io/component";
    public const string Version = "app.kubernetes.io/version";

    private const string Production = "production";
    private const int MaxLength = 63;
    private const int DigestLength = 8;

    public AppNamespace(Guid appId, string app, string environment)
    {
        (AppId, App, Environment) = (appId, app, environment);
        var readable = environment == Production ? $"paas-{app}" : $"paas-{app}-{environment}";
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{appId}/{environment}")))[..DigestLength];
        Name = $"{readable[..Math.Min(readable.Length, MaxLength - DigestLength - 1)].TrimEnd('-')}-{digest}";
    }

    public Guid AppId { get; }

    public string App { get; }

    public string Environment { get; }

    /// <summary>A DNS label (RFC 1123), as names of namespaces are.</summary>
    public string Name { get; }

    /// <summary>What every object of the app has.</summary>
    public JsonObject Labels(string? component = null)
    {
        var labels = new JsonObject
        {
            [ManagedBy] = FieldManager,
            [NameLabel] = App,
            [AppIdLabel] = AppId.ToString(),
            [EnvironmentLabel] = Environment,
        };
        if (component is not null)
            labels[Component] = component;
        return labels;
    }

    /// <summary>What picks the pods of a process type or an add-on. It must never change: a Kubernetes Deployment keeps its first one.</summary>
    public JsonObject Selector(string component) => new() { [NameLabel] = App, [Component] = component };

    /// <summary>As <see cref="Selector"/>, for a query.</summary>
    public string Query(string component) => $"{NameLabel}={App},{Component}={component}";

    public static string VersionOf(int release) => "v" + release.ToString(CultureInfo.InvariantCulture);

    /// <summary>The head of an object of the app.</summary>
    public JsonObject Object(string apiVersion, string kind, string name, string? component = null, JsonObject? annotations = null)
    {
        var metadata = new JsonObject { ["name"] = name, ["namespace"] = Name, ["labels"] = Labels(component) };
        if (annotations is not null)
            metadata["annotations"] = annotations;
        return new() { ["apiVersion"] = apiVersion, ["kind"] = kind, ["metadata"] = metadata };
    }
}
