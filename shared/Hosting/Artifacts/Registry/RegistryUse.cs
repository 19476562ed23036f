namespace Paas.Hosting.Artifacts.Registry;

/// <summary>What a registry is for, and which settings name it: for sentences about it.</summary>
internal sealed record RegistryUse(string Noun, string Url, string Username, string Password)
{
    public static readonly RegistryUse Artifacts = new("artifact registry", "Artifacts__Registry", "Artifacts__RegistryUsername", "Artifacts__RegistryPassword");

    public static readonly RegistryUse Images = new("image registry", "Registry__Url", "Registry__Username", "Registry__Password");
}
