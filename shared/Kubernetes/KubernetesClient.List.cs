using System.Globalization;
using System.Text.Json.Nodes;

namespace Paas.Kubernetes;

/// <content>Lists.</content>
public sealed partial class KubernetesClient
{
    private const int MaxRestarts = 3;

    /// <summary>How many objects are asked for at a time.</summary>
    internal int PageSize { get; init; } = 500;

    /// <summary>The most objects of a list.</summary>
    internal int MaxObjects { get; init; } = 20_000;

    /// <summary>Lists objects, page by page, as they were at one moment.</summary>
    /// <param name="type">Their type.</param>
    /// <param name="namespace">Their namespace; null for all.</param>
    /// <param name="cancellation">Ends the listing.</param>
    /// <param name="labels">A selector such as <c>app=shop,tier!=db</c>; null for all.</param>
    /// <param name="fields">A selector such as <c>metadata.name=web</c>; null for all.</param>
    public async Task<KubernetesList> ListAsync(
        KubernetesResource type, string? @namespace, CancellationToken cancellation, string? labels = null, string? fields = null)
    {
        ArgumentNullException.ThrowIfNull(type);
        var what = KubernetesTexts.ToAll("list", type, @namespace);
        for (var restarts = 0; restarts <= MaxRestarts; restarts++)
        {
            var items = new List<KubernetesObject>();
            string? next = null;
            try
            {
                do
                {
                    var query = KubernetesRequest.Query(
                        ("labelSelector", labels), ("fieldSelector", fields), ("limit", PageSize.ToString(CultureInfo.InvariantCulture)), ("continue", next));
                    var (page, _) = await AskAsync(new(HttpMethod.Get, type.Path(@namespace) + query, what) { Type = type }, cancellation);
                    var metadata = page["metadata"] as JsonObject;
                    if (page["items"] is not (JsonArray or null) || metadata is null)
                        throw new KubernetesUnreachableException(KubernetesTexts.NotAnApi(Server, what));
                    items.AddRange(Items(page, type));
                    if (items.Count > MaxObjects)
                        throw new KubernetesUnreachableException(KubernetesTexts.TooMany(Server, what, MaxObjects));
                    next = KubernetesObject.Text(metadata["continue"]);
                    if (string.IsNullOrEmpty(next))
                        return new(items, KubernetesObject.Text(metadata["resourceVersion"]) ?? "");
                }
                while (true);
            }
            catch (KubernetesException exception) when (exception.Problem == KubernetesProblem.Expired && next is not null)
            {
                // The pages that are there already are older than those that would come: all anew.
            }
        }

        throw new KubernetesUnreachableException(KubernetesTexts.KeepsExpiring(Server, what));
    }

    /// <summary>The objects of a list, which leave out what they all are.</summary>
    private static IEnumerable<KubernetesObject> Items(JsonObject list, KubernetesResource type)
    {
        foreach (var item in (list["items"] as JsonArray ?? []).OfType<JsonObject>().ToList())
        {
            item.Parent!.AsArray().Remove(item);
            item["apiVersion"] = type.ApiVersion;
            item["kind"] = type.Kind;
            yield return new(item);
        }
    }
}

/// <summary>Objects as they were at one moment.</summary>
/// <param name="Items">The objects.</param>
/// <param name="ResourceVersion">That moment: where a watch can go on from.</param>
public sealed record KubernetesList(IReadOnlyList<KubernetesObject> Items, string ResourceVersion);
