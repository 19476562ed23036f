using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using Paas.Hosting.Artifacts;

namespace Paas.Docker;

/// <summary>Section <c>Registry</c>: where images are published. Without one they stay on the engine that built them.</summary>
public sealed class RegistryOptions : IValidatableObject
{
    /// <summary>The section's name.</summary>
    public const string Section = "Registry";

    /// <summary>The registry and, if it is shared with others, a path in it: <c>https://registry.example.com/paas</c>.</summary>
    public string? Url { get; set; }

    /// <summary>Null for a registry that lets everybody in.</summary>
    public string? Username { get; set; }

    /// <summary>Of <see cref="Username"/>.</summary>
    public string? Password { get; set; }

    /// <summary>An account that may only read, for those who fetch images: the nodes of a cluster, in whose namespaces it is stored. Null for <see cref="Username"/>.</summary>
    public string? PullUsername { get; set; }

    /// <summary>Of <see cref="PullUsername"/>.</summary>
    public string? PullPassword { get; set; }

    /// <summary>With what images are fetched; null for a registry that lets everybody in.</summary>
    public (string Username, string Password)? PullLogin =>
        PullUsername is { Length: > 0 } reader ? (reader, PullPassword ?? "") : Username is { Length: > 0 } writer ? (writer, Password ?? "") : null;

    /// <summary>Whether those who fetch images need a login.</summary>
    public bool HasLogin => PullLogin is not null;

    /// <summary>As image names begin with it: <c>registry.example.com/paas</c>; null without a registry.</summary>
    public string? Prefix => string.IsNullOrEmpty(Url) ? null : $"{new Uri(Url).Authority}{new Uri(Url).AbsolutePath.TrimEnd('/')}";

    /// <summary>The names of an app's images.</summary>
    public AppImages ImagesOf(Guid appId, string app) => new(appId, app, Prefix);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        // The value itself stays out of these sentences: it may hold a password.
        if (Url is { Length: > 0 } && !(Uri.TryCreate(Url, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.UserInfo.Length == 0 && url.Query.Length == 0))
            yield return new(DockerTexts.WrongRegistry());
        else if (Url is { Length: > 0 } && new Uri(Url).AbsolutePath.Trim('/') is { Length: > 0 } path && !RegistryAddress.IsRepository(path))
            yield return new(DockerTexts.WrongRegistryPath(path));
        if (string.IsNullOrEmpty(Username) != string.IsNullOrEmpty(Password) || (string.IsNullOrEmpty(Url) && !string.IsNullOrEmpty(Username)))
            yield return new(DockerTexts.HalfTheCredentials());
        if (string.IsNullOrEmpty(PullUsername) != string.IsNullOrEmpty(PullPassword) || (string.IsNullOrEmpty(Url) && !string.IsNullOrEmpty(PullUsername)))
            yield return new(DockerTexts.HalfThePullCredentials());
    }
}

/// <summary>Checks <see cref="RegistryOptions"/> at the start.</summary>
[OptionsValidator]
public sealed partial class RegistryOptionsValidator : IValidateOptions<RegistryOptions>;
