using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;
using Paas.Hosting.Artifacts.Registry;

namespace Paas.Hosting.Artifacts;

/// <summary>Where artifacts are kept. Section <c>Artifacts</c>.</summary>
public sealed class ArtifactsOptions
{
    public const string Section = "Artifacts";

    /// <summary>A folder that all services share; by default <c>artifacts</c> in the data directory.</summary>
    public string? Path { get; set; }

    /// <summary>An OCI registry instead, and the repository in it: <c>http://registry:5000/paas/artifacts</c>.</summary>
    public string? Registry { get; set; }

    public string? RegistryUsername { get; set; }

    public string? RegistryPassword { get; set; }

    /// <summary>How much the sources and slugs of one app may take together.</summary>
    public long AppBytes { get; set; } = 20L << 30;

    /// <summary>How much of the registry's content is kept on this machine, in <c>cache/artifacts</c> of the data directory.</summary>
    public long CacheBytes { get; set; } = 5L << 30;
}

public sealed class ArtifactsOptionsValidator : IValidateOptions<ArtifactsOptions>
{
    public ValidateOptionsResult Validate(string? name, ArtifactsOptions options)
    {
        if (options.CacheBytes < 1)
            return ValidateOptionsResult.Fail("Artifacts__CacheBytes has to be at least 1.");
        if (options.AppBytes < 1)
            return ValidateOptionsResult.Fail("Artifacts__AppBytes has to be at least 1.");
        if (string.IsNullOrEmpty(options.Registry))
        {
            return string.IsNullOrEmpty(options.RegistryUsername) && string.IsNullOrEmpty(options.RegistryPassword)
                ? ValidateOptionsResult.Success
                : ValidateOptionsResult.Fail("Artifacts__RegistryUsername and Artifacts__RegistryPassword are set, but Artifacts__Registry is not: set it, or remove the two.");
        }

        if (!string.IsNullOrEmpty(options.Path))
            return ValidateOptionsResult.Fail("Both Artifacts__Path and Artifacts__Registry are set: artifacts are kept in a folder or in a registry. Remove one of the two.");
        if (!RegistryAddress.TryParse(options.Registry, out _, out var problem))
            return ValidateOptionsResult.Fail(problem);
        if (string.IsNullOrEmpty(options.RegistryUsername) != string.IsNullOrEmpty(options.RegistryPassword))
            return ValidateOptionsResult.Fail("Set both Artifacts__RegistryUsername and Artifacts__RegistryPassword, or neither.");
        return ValidateOptionsResult.Success;
    }
}

/// <summary>A registry and a repository in it.</summary>
internal sealed partial record RegistryAddress(Uri Host, string Repository)
{
    public const string DefaultRepository = "paas/artifacts";

    public RegistryUse Use { get; init; } = RegistryUse.Artifacts;

    public static bool TryParse(string text, [NotNullWhen(true)] out RegistryAddress? address, [NotNullWhen(false)] out string? problem)
    {
        address = null;
        // The value itself stays out of these sentences: it may hold a password.
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.Host.Length == 0)
            problem = "Artifacts__Registry has to be an http or https URL, such as http://registry:5000/paas/artifacts.";
        else if (url.UserInfo.Length > 0)
            problem = "Artifacts__Registry must not hold credentials: set Artifacts__RegistryUsername and Artifacts__RegistryPassword.";
        else if (url.Query.Length > 0 || url.Fragment.Length > 0)
            problem = "Artifacts__Registry must have neither a query nor a fragment.";
        else if (url.AbsolutePath.Trim('/') is { Length: > 0 } path && !IsRepository(path))
            problem = $"'{path}' in Artifacts__Registry is not the name of a repository: names in lower case, digits, '.', '_' and '-', with '/' between them. Leave out /v2.";
        else
        {
            problem = null;
            var repository = url.AbsolutePath.Trim('/');
            address = new RegistryAddress(new Uri(url.GetLeftPart(UriPartial.Authority)), repository.Length == 0 ? DefaultRepository : repository);
        }

        return address is not null;
    }

    /// <summary>Whether a registry takes this for the name of a repository.</summary>
    public static bool IsRepository(string name) => RepositoryName().IsMatch(name);

    public override string ToString() => $"{Host.GetLeftPart(UriPartial.Authority)}/{Repository}";

    [GeneratedRegex(@"^(?=.{1,200}\z)(?!v2(/|\z))[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*\z")]
    private static partial Regex RepositoryName();
}
