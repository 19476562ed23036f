namespace Paas.Kubernetes;

/// <summary>Why an API server has refused something.</summary>
public enum KubernetesProblem
{
    /// <summary>None of the others.</summary>
    Other,

    /// <summary>There is no such object.</summary>
    NotFound,

    /// <summary>The namespace it was to be in is not there.</summary>
    NamespaceMissing,

    /// <summary>The API has no such type of object.</summary>
    UnknownResource,

    /// <summary>Another manager owns a field that was to be set, and it was not to be forced.</summary>
    FieldConflict,

    /// <summary>The object has changed meanwhile, or is another of the same name: read it again and decide anew.</summary>
    StaleObject,

    /// <summary>There is an object of that name.</summary>
    AlreadyExists,

    /// <summary>The object breaks a rule of its kind, or changes what can't be changed.</summary>
    Invalid,

    /// <summary>The request can't be read: a wrong type, an unknown field, a damaged value. Some of these the API answers with 500.</summary>
    Malformed,

    /// <summary>More than an object may hold.</summary>
    TooLarge,

    /// <summary>The credentials are not accepted, even after they were read anew.</summary>
    Unauthorized,

    /// <summary>The user has no right to do it.</summary>
    Forbidden,

    /// <summary>A resource quota of the namespace is used up.</summary>
    QuotaExceeded,

    /// <summary>The pod is not as the namespace's Pod Security level asks for.</summary>
    PodSecurity,

    /// <summary>The namespace is being removed.</summary>
    NamespaceTerminating,

    /// <summary>The version or the page that was asked for is too old: list again.</summary>
    Expired,

    /// <summary>The server has too many requests just now.</summary>
    Throttled,

    /// <summary>A pod may not be evicted now.</summary>
    DisruptionBudget,

    /// <summary>A container has not been started, so there is no log of it.</summary>
    ContainerWaiting,

    /// <summary>The server has a problem of its own.</summary>
    Unavailable,
}

/// <summary>One of the reasons the API gives.</summary>
/// <param name="Reason">A word such as <c>FieldValueInvalid</c>.</param>
/// <param name="Message">A sentence, without values that may be secret.</param>
/// <param name="Field">Such as <c>spec.replicas</c>.</param>
public sealed record KubernetesCause(string Reason, string Message, string Field);

/// <summary>What the API has refused.</summary>
/// <param name="Name">Of the object.</param>
/// <param name="Group">Of its type.</param>
/// <param name="Kind">Its kind, or its plural: the API uses both.</param>
public sealed record KubernetesDetails(string Name, string Group, string Kind);

/// <summary>
/// An API server has refused something. The message is a sentence for people, with the server's own words, from which
/// values are left out that may be secret.
/// </summary>
public sealed class KubernetesException : Exception
{
    internal KubernetesException(string message, int code, string reason, KubernetesProblem problem, string said) : base(message) =>
        (Code, Reason, Problem, Said) = (code, reason, problem, said);

    /// <summary>The HTTP status, also of an error within a watch.</summary>
    public int Code { get; }

    /// <summary>The API's word for it, such as <c>Conflict</c>; empty if it gives none.</summary>
    public string Reason { get; }

    /// <summary>What it means.</summary>
    public KubernetesProblem Problem { get; }

    /// <summary>The server's own words.</summary>
    public string Said { get; }

    /// <summary>The reasons in detail.</summary>
    public IReadOnlyList<KubernetesCause> Causes { get; internal init; } = [];

    /// <summary>What it is about; null if the server does not say.</summary>
    public KubernetesDetails? Details { get; internal init; }

    /// <summary>When to try again, if the server says.</summary>
    public TimeSpan? RetryAfter { get; internal init; }

    /// <summary>Whether the same may go well later without anybody's doing.</summary>
    public bool IsTransient => Problem is KubernetesProblem.StaleObject or KubernetesProblem.NamespaceTerminating or KubernetesProblem.Expired
        or KubernetesProblem.Throttled or KubernetesProblem.DisruptionBudget or KubernetesProblem.ContainerWaiting or KubernetesProblem.Unavailable;
}

/// <summary>An API server does not answer, or not as one. It may pass.</summary>
public sealed class KubernetesUnreachableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>There is no way in to the cluster: a file, a setting or a program is not right. The message says which, and what to do.</summary>
public sealed class KubernetesAccessException(string message, Exception? inner = null) : Exception(message, inner);
