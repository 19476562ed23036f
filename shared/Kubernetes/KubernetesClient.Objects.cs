using System.Text.Json.Nodes;

namespace Paas.Kubernetes;

/// <content>Objects.</content>
public sealed partial class KubernetesClient
{
    /// <summary>
    /// Makes an object what it is to be, by server-side apply: what this platform applied before and now leaves out is
    /// removed, what others have set stays. The same again changes nothing. In a Secret use <c>data</c>: keys of
    /// <c>stringData</c> are never removed.
    /// </summary>
    /// <param name="thing">All the platform has to say about it, with <c>apiVersion</c>, <c>kind</c> and <c>metadata.name</c>.</param>
    /// <param name="cancellation">Ends the request. The object may have been applied.</param>
    /// <param name="force">Take fields that others have set; otherwise that is a <see cref="KubernetesProblem.FieldConflict"/>.</param>
    /// <param name="dryRun">Check only.</param>
    public async Task<KubernetesApplied> ApplyAsync(KubernetesObject thing, CancellationToken cancellation, bool force = true, bool dryRun = false)
    {
        var type = KubernetesResource.Of(thing);
        var query = KubernetesRequest.Query(("fieldManager", FieldManager), ("force", force ? "true" : "false"), ("dryRun", dryRun ? "All" : null));
        return await WriteAsync(new(HttpMethod.Patch, type.Path(thing.Namespace, thing.Name) + query, KubernetesTexts.ToApply(thing))
        {
            Type = type,
            // JSON is YAML, and leaves no doubt whether "on" is text.
            ContentType = "application/apply-patch+yaml",
            Body = thing.Json,
        }, cancellation);
    }

    /// <summary>Makes an object that is not there yet; otherwise that is <see cref="KubernetesProblem.AlreadyExists"/>.</summary>
    /// <param name="thing">The object.</param>
    /// <param name="cancellation">Ends the request. The object may have been made.</param>
    public async Task<KubernetesApplied> CreateAsync(KubernetesObject thing, CancellationToken cancellation)
    {
        var type = KubernetesResource.Of(thing);
        var path = type.Path(thing.Namespace) + KubernetesRequest.Query(("fieldManager", FieldManager), ("fieldValidation", "Strict"));
        return await WriteAsync(new(HttpMethod.Post, path, KubernetesTexts.ToCreate(thing)) { Type = type, Body = thing.Json }, cancellation);
    }

    /// <summary>Changes some fields of an object (RFC 7386: null removes one).</summary>
    /// <param name="type">Its type.</param>
    /// <param name="namespace">Its namespace; null if its type is in none.</param>
    /// <param name="name">Its name.</param>
    /// <param name="changes">The fields. With <c>metadata.resourceVersion</c> nothing is changed if somebody else was faster.</param>
    /// <param name="cancellation">Ends the request. The object may have been changed.</param>
    public async Task<KubernetesObject> PatchAsync(KubernetesResource type, string? @namespace, string name, JsonObject changes, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(type);
        return (await WriteAsync(Patch(type, type.Path(@namespace, name), KubernetesTexts.To("change", type, @namespace, name), changes), cancellation)).Thing;
    }

    /// <summary>Sets how many pods a Kubernetes Deployment or a stateful set is to have.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="namespace">Its namespace.</param>
    /// <param name="name">Its name.</param>
    /// <param name="replicas">How many.</param>
    /// <param name="cancellation">Ends the request. It may have been changed.</param>
    public async Task ScaleAsync(KubernetesResource type, string @namespace, string name, int replicas, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(type);
        var changes = new JsonObject { ["spec"] = new JsonObject { ["replicas"] = replicas } };
        await WriteAsync(Patch(type, type.Path(@namespace, name, "scale"), KubernetesTexts.To("scale", type, @namespace, name), changes), cancellation);
    }

    /// <summary>Gets an object; null if it is not there.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="namespace">Its namespace; null if its type is in none.</param>
    /// <param name="name">Its name.</param>
    /// <param name="cancellation">Ends the request.</param>
    public async Task<KubernetesObject?> FindAsync(KubernetesResource type, string? @namespace, string name, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(type);
        try
        {
            var (answer, _) = await AskAsync(new(HttpMethod.Get, type.Path(@namespace, name), KubernetesTexts.To("show", type, @namespace, name)) { Type = type }, cancellation);
            return new(answer);
        }
        catch (KubernetesException exception) when (exception.Problem is KubernetesProblem.NotFound or KubernetesProblem.NamespaceMissing)
        {
            return null;
        }
    }

    /// <summary>Removes an object. It may stay for a while, with a <see cref="KubernetesObject.DeletionTimestamp"/>.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="namespace">Its namespace; null if its type is in none.</param>
    /// <param name="name">Its name.</param>
    /// <param name="cancellation">Ends the request. The object may be gone.</param>
    /// <param name="options">What becomes of what it owns, and which object exactly is meant.</param>
    /// <returns>False if there was none.</returns>
    public async Task<bool> DeleteAsync(KubernetesResource type, string? @namespace, string name, CancellationToken cancellation, KubernetesDeletion? options = null)
    {
        ArgumentNullException.ThrowIfNull(type);
        try
        {
            await AskAsync(new(HttpMethod.Delete, type.Path(@namespace, name), KubernetesTexts.To("remove", type, @namespace, name))
            {
                Type = type,
                Body = (options ?? new()).ToJson(),
            }, cancellation);
            return true;
        }
        catch (KubernetesException exception) when (exception.Problem is KubernetesProblem.NotFound or KubernetesProblem.NamespaceMissing)
        {
            return false;
        }
    }

    /// <summary>Removes all objects of a type with some labels.</summary>
    /// <param name="type">Their type.</param>
    /// <param name="namespace">Their namespace.</param>
    /// <param name="labels">A selector such as <c>app=shop,tier!=db</c>; it can't be empty.</param>
    /// <param name="cancellation">Ends the request. Some of them may be gone.</param>
    /// <param name="options">What becomes of what they own.</param>
    public async Task DeleteAllAsync(KubernetesResource type, string @namespace, string labels, CancellationToken cancellation, KubernetesDeletion? options = null)
    {
        ArgumentNullException.ThrowIfNull(type);
        ArgumentException.ThrowIfNullOrWhiteSpace(labels);
        ArgumentException.ThrowIfNullOrEmpty(@namespace);
        var path = type.Path(@namespace) + KubernetesRequest.Query(("labelSelector", labels));
        await AskAsync(new(HttpMethod.Delete, path, KubernetesTexts.ToAll("remove", type, @namespace)) { Type = type, Body = (options ?? new()).ToJson() }, cancellation);
    }

    private static KubernetesRequest Patch(KubernetesResource type, string path, string what, JsonObject changes) =>
        new(HttpMethod.Patch, path + KubernetesRequest.Query(("fieldManager", FieldManager)), what)
        {
            Type = type,
            ContentType = "application/merge-patch+json",
            Body = changes,
        };

    private async Task<KubernetesApplied> WriteAsync(KubernetesRequest request, CancellationToken cancellation)
    {
        var (answer, head) = await AskAsync(request, cancellation);
        var warnings = head.Headers.Warning.Select(warning => KubernetesTexts.Line(warning.Text.Trim('"').Replace("\\\"", "\"", StringComparison.Ordinal), 1000));
        return new(new(answer), (int)head.StatusCode == 201, request.IsSecret ? [] : [.. warnings.Take(20)]);
    }
}

/// <summary>What has become of an object.</summary>
/// <param name="Thing">As it is now.</param>
/// <param name="WasCreated">It was not there before.</param>
/// <param name="Warnings">What the server remarks, such as that pods of this kind will be refused.</param>
public sealed record KubernetesApplied(KubernetesObject Thing, bool WasCreated, IReadOnlyList<string> Warnings);

/// <summary>How an object is to be removed.</summary>
public sealed record KubernetesDeletion
{
    /// <summary>
    /// <c>Background</c>: it goes at once, what it owns follows. <c>Foreground</c>: it goes last. <c>Orphan</c>: what it owns stays.
    /// Never left to the server: for old kinds that would be <c>Orphan</c>.
    /// </summary>
    public string Propagation { get; init; } = "Background";

    /// <summary>Only the object with this uid, not another of its name; <see cref="KubernetesProblem.StaleObject"/> if it is another.</summary>
    public string? Uid { get; init; }

    /// <summary>Only if it has not changed since.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>How long its processes have to end; null for what they ask for.</summary>
    public TimeSpan? Grace { get; init; }

    internal JsonObject ToJson()
    {
        var json = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "DeleteOptions", ["propagationPolicy"] = Propagation };
        if (Grace is { } grace)
            json["gracePeriodSeconds"] = (long)grace.TotalSeconds;
        if (Uid is null && ResourceVersion is null)
            return json;
        var preconditions = new JsonObject();
        if (Uid is not null)
            preconditions["uid"] = Uid;
        if (ResourceVersion is not null)
            preconditions["resourceVersion"] = ResourceVersion;
        json["preconditions"] = preconditions;
        return json;
    }
}
