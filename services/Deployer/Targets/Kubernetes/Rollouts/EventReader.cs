using Paas.Kubernetes;

namespace Paas.Deployer.Targets.Kubernetes.Rollouts;

/// <summary>Reads what a cluster tells in events, and nowhere else.</summary>
internal static class EventReader
{
    private const string Combined = "(combined from similar events): ", NotMade = "Error creating: ", NotPulled = "Failed to pull image ";

    /// <summary>Those about an object, the last one last.</summary>
    public static IReadOnlyList<KubernetesObject> About(KubernetesObject thing, IEnumerable<KubernetesObject> events) =>
        [.. events.Where(said => (string?)said.Read("involvedObject", "uid") == thing.Uid).OrderBy(TimeOf)];

    /// <summary>Why a controller's last try to make a pod failed, in the words of the API; null if it has told of none.</summary>
    /// <param name="events">Those about what is to have the pod.</param>
    public static string? WhyNotMade(IEnumerable<KubernetesObject> events) => Last(events, "FailedCreate", "") is { } words ? Without(Without(words, Combined), NotMade) : null;

    /// <summary>Why the last pull of an image failed, in the words of the registry; null if it is not told.</summary>
    /// <param name="events">Those about the pod.</param>
    public static string? WhyNotPulled(IEnumerable<KubernetesObject> events) =>
        // Such as: Failed to pull image "registry.example.com/shop": not found
        Last(events, "Failed", NotPulled) is { } words && words.IndexOf("\": ", StringComparison.Ordinal) is > 0 and var end ? words[(end + 3)..] : null;

    /// <summary>What a probe was answered last; null if none has failed.</summary>
    /// <param name="events">Those about the pod.</param>
    public static string? LastAnswer(IEnumerable<KubernetesObject> events) => Last(events, "Unhealthy", "");

    /// <summary>Why a node can't make a container, such as a volume it can't mount; null if none has told of it.</summary>
    /// <param name="events">Those about the pod.</param>
    public static string? WhyNotOnNode(IEnumerable<KubernetesObject> events) => events
        .Where(said => (string?)said.Read("type") == "Warning" && (string?)said.Read("reason") != "FailedScheduling")
        .Select(said => (string?)said.Read("message")).LastOrDefault(message => !string.IsNullOrEmpty(message)) is { } words ? Without(words, Combined) : null;

    private static string? Last(IEnumerable<KubernetesObject> events, string reason, string words) => events
        .Where(said => (string?)said.Read("reason") == reason).Select(said => (string?)said.Read("message")).LastOrDefault(message => message?.StartsWith(words, StringComparison.Ordinal) == true);

    private static string Without(string words, string prefix) => words.StartsWith(prefix, StringComparison.Ordinal) ? words[prefix.Length..] : words;

    /// <summary>Those of the newer API have another time; both are in UTC and in a form that sorts.</summary>
    private static string TimeOf(KubernetesObject said) => (string?)said.Read("lastTimestamp") ?? (string?)said.Read("eventTime") ?? "";
}
