using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Paas.Docker;

/// <summary>Section <c>Docker</c>: the engine that builds images and runs the apps of the target <c>docker</c>.</summary>
public sealed class DockerOptions : IValidatableObject
{
    /// <summary>The section's name.</summary>
    public const string Section = "Docker";

    /// <summary>
    /// <c>unix:///path/to/docker.sock</c>, <c>tcp://host:2375</c> or, with <see cref="TlsFolder"/>, <c>tcp://host:2376</c>;
    /// null for none: then nothing is built or run in containers.
    /// </summary>
    public string? Endpoint { get; set; }

    /// <summary>The folder with <c>ca.pem</c>, <c>cert.pem</c> and <c>key.pem</c>, as Docker's own client has it.</summary>
    public string? TlsFolder { get; set; }

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Endpoint is { Length: > 0 } && EngineEndpoint.TryParse(Endpoint) is null)
            yield return new(DockerTexts.WrongEndpoint(Endpoint));
        if (TlsFolder is { Length: > 0 } folder && !File.Exists(Path.Combine(folder, "ca.pem")))
            yield return new(DockerTexts.NoCertificates(folder));
    }
}

/// <summary>Checks <see cref="DockerOptions"/> at the start.</summary>
[OptionsValidator]
public sealed partial class DockerOptionsValidator : IValidateOptions<DockerOptions>;
