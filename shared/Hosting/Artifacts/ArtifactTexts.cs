using System.Globalization;
using System.Net;
using Paas.Hosting.Artifacts.Registry;

namespace Paas.Hosting.Artifacts;

/// <summary>What is said to people about a registry.</summary>
internal static class ArtifactTexts
{
    public static string Unreachable(RegistryAddress registry, string why) =>
        $"The {registry.Use.Noun} {registry} cannot be reached: {Sentence(why)} Look whether it runs, and whether {registry.Use.Url} names it.";

    public static string Silent(RegistryAddress registry, TimeSpan limit) =>
        $"The {registry.Use.Noun} {registry} did not answer within {limit.TotalSeconds:0} seconds. Look at its log and at its disk.";

    public static string BrokeOff(RegistryAddress registry, string why) =>
        $"The {registry.Use.Noun} {registry} broke the transfer off: {Sentence(why)} Look at its log.";

    public static string CredentialsMissing(RegistryAddress registry) =>
        $"The {registry.Use.Noun} {registry} asks for credentials: set {registry.Use.Username} and {registry.Use.Password}.";

    public static string CredentialsRefused(RegistryAddress registry, string username) =>
        $"The {registry.Use.Noun} {registry} refuses the user '{username}': correct {registry.Use.Username} and {registry.Use.Password}, and see that the user may read and write the repository.";

    public static string Forbidden(RegistryAddress registry, string what) =>
        $"The {registry.Use.Noun} {registry} does not let the platform {what}: give its user that right.";

    public static string Unexpected(RegistryAddress registry, string what, HttpStatusCode status, string? explanation) =>
        $"The {registry.Use.Noun} {registry} answered {(int)status} when asked to {what}{(explanation is null ? "" : $": {explanation.TrimEnd('.')}")}. Look at its log.";

    public static string NotARegistry(RegistryAddress registry, string what) =>
        $"What answers at {registry} does not speak like an OCI registry: {what}. Correct {registry.Use.Url}.";

    public static string TokenServerInTheClear(RegistryAddress registry, Uri realm) =>
        $"The {registry.Use.Noun} {registry} wants the password sent to {realm.GetLeftPart(UriPartial.Authority)} in the clear. Give its token server an https address.";

    public static string WrongContent(RegistryAddress registry, string digest) =>
        $"The {registry.Use.Noun} {registry} sent something else than {digest}: its storage is damaged. Restore it, or deploy the commit again.";

    public static string DeletionRefused(RegistryAddress registry, HttpStatusCode status) =>
        $"The {registry.Use.Noun} {registry} lets nothing be removed (it answered {(int)status}), so orphaned artifacts pile up in it. Allow deletion, in Docker's registry by REGISTRY_STORAGE_DELETE_ENABLED=true, and let the platform's user do it.";

    public static string QuotaReached(long bytes, long most) => string.Create(CultureInfo.InvariantCulture,
        $"The sources and slugs kept for the app take {bytes / (1024.0 * 1024):0} MiB, and {most / (1024.0 * 1024):0} MiB are allowed. What no release needs is removed a day after it was made: deploy again then, make the repository smaller, or ask the operator to raise Artifacts__AppBytes.");

    private static string Sentence(string text) => text.TrimEnd('.', ' ') + ".";
}
