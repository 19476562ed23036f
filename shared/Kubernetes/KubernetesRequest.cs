using System.Text.Json.Nodes;

namespace Paas.Kubernetes;

/// <summary>A request to an API server.</summary>
/// <param name="Method">The method.</param>
/// <param name="Path">Without the server, with its query.</param>
/// <param name="What">What the server is to do, for the sentence if it won't.</param>
internal sealed record KubernetesRequest(HttpMethod Method, string Path, string What)
{
    /// <summary>The type of object it is about.</summary>
    public KubernetesResource? Type { get; init; }

    public JsonNode? Body { get; init; }

    public string ContentType { get; init; } = "application/json";

    /// <summary>What comes back may quote what was sent, and that must not get into a log.</summary>
    public bool IsSecret => Type?.Plural == "secrets";

    public static string Query(params (string Name, string? Value)[] parameters)
    {
        var given = parameters.Where(parameter => parameter.Value is not null).Select(parameter => $"{parameter.Name}={Uri.EscapeDataString(parameter.Value!)}");
        return string.Join('&', given) is { Length: > 0 } query ? "?" + query : "";
    }
}
