using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Paas.Kubernetes;

/// <summary>Section <c>Kubernetes</c>: the cluster that runs the apps of the target <c>kubernetes</c>.</summary>
public sealed class KubernetesOptions : IValidatableObject
{
    /// <summary>The section's name.</summary>
    public const string Section = "Kubernetes";

    /// <summary>
    /// A kubeconfig file, as kubectl has it; null for the service account of the pod this runs in. Its files are named
    /// from its own folder.
    /// </summary>
    public string? Kubeconfig { get; set; }

    /// <summary>The context to use of the kubeconfig; null for its current one.</summary>
    public string? Context { get; set; }

    /// <summary>Where a pod finds its service account.</summary>
    public string ServiceAccountFolder { get; set; } = "/var/run/secrets/kubernetes.io/serviceaccount";

    /// <summary>How long an answer may take, but for watches and logs.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a watch goes on trying to reach a server that does not answer.</summary>
    public TimeSpan WatchPatience { get; set; } = TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Context is { Length: > 0 } && string.IsNullOrEmpty(Kubeconfig))
            yield return new(KubernetesTexts.ContextWithoutKubeconfig(Context));
        if (RequestTimeout <= TimeSpan.Zero || RequestTimeout > TimeSpan.FromMinutes(10))
            yield return new(KubernetesTexts.WrongTimeout(RequestTimeout));
    }
}

/// <summary>Checks <see cref="KubernetesOptions"/> at the start.</summary>
[OptionsValidator]
public sealed partial class KubernetesOptionsValidator : IValidateOptions<KubernetesOptions>;
