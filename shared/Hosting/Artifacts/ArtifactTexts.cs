using System.Net;

namespace Paas.Hosting.Artifacts;

/// <summary>What the artifact store in a registry says to people.</summary>
internal static class ArtifactTexts
{
    public static string Unreachable(RegistryAddress registry, string why) =>
        $"The artifact registry {registry} cannot be reached: {Sentence(why)} Look whether it runs, and whether Artifacts__Registry names it.";

    public static string Silent(RegistryAddress registry, TimeSpan limit) =>
        $"The artifact registry {registry} did not answer within {limit.TotalSeconds:0} seconds. Look at its log and at its disk.";

    public static string BrokeOff(RegistryAddress registry, string why) =>
        $"The artifact registry {registry} broke the transfer off: {Sentence(why)} Look at its log.";

    public static string CredentialsMissing(RegistryAddress registry) =>
        $"The artifact registry {registry} asks for credentials: set Artifacts__RegistryUsername and Artifacts__RegistryPassword.";

    public static string CredentialsRefused(RegistryAddress registry, string username) =>
        $"The artifact registry {registry} refuses the user '{username}': correct Artifacts__RegistryUsername and Artifacts__RegistryPassword, and see that the user may read and write the repository.";

    public static string Forbidden(RegistryAddress registry, string what) =>
        $"The artifact registry {registry} does not let the platform {what}: give its user that right.";

    public static string Unexpected(RegistryAddress registry, string what, HttpStatusCode status, string? explanation) =>
        $"The artifact registry {registry} answered {(int)status} when asked to {what}{(explanation is null ? "" : $": {explanation.TrimEnd('.')}")}. Look at its log.";

    public static string NotARegistry(RegistryAddress registry, string what) =>
        $"What answers at {registry} does not speak like an OCI registry: {what}. Correct Artifacts__Registry.";

    public static string TokenServerInTheClear(RegistryAddress registry, Uri realm) =>
        $"The artifact registry {registry} wants the password sent to {realm.GetLeftPart(UriPartial.Authority)} in the clear. Give its token server an https address.";

    public static string WrongContent(RegistryAddress registry, string digest) =>
        $"The artifact registry {registry} sent something else than {digest}: its storage is damaged. Restore it, or deploy the commit again.";

    public static string DeletionRefused(RegistryAddress registry, HttpStatusCode status) =>
        $"The artifact registry {registry} lets nothing be removed (it answered {(int)status}), so orphaned artifacts pile up in it. Allow deletion, in Docker's registry by REGISTRY_STORAGE_DELETE_ENABLED=true, and let the platform's user do it.";

    private static string Sentence(string text) => text.TrimEnd('.', ' ') + ".";
}
