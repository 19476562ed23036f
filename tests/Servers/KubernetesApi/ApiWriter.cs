using System.Text.Json;
using System.Text.Json.Nodes;

namespace Paas.Servers.Kubernetes;

/// <summary>Who writes, and how.</summary>
internal sealed record Writing(string Manager, bool Force, bool IsDryRun, string? Subresource = null)
{
    public List<string> Warnings { get; } = [];
}

/// <summary>Makes, changes and removes objects.</summary>
internal sealed class ApiWriter(ApiStore store)
{
    private const int MaxFinalizers = 100;

    /// <summary>Server-side apply.</summary>
    /// <returns>The object, and whether it was made.</returns>
    public (JsonObject Thing, bool WasCreated) Apply(ApiType type, string? within, string name, JsonObject given, Writing writing)
    {
        var applied = (JsonObject)given.DeepClone();
        if (applied.At("metadata", "managedFields") is JsonArray { Count: > 0 })
            throw ApiError.BadRequest("metadata.managedFields must be nil");
        CheckPlace(applied, within, name);
        var schema = Schema.Of(type.Kind);
        SchemaCheck.Apply(applied, type, schema);
        var stored = store.Find(type, within, name);
        if (stored is null && type.IsNamespaced && store.Find(ApiType.Of("namespaces"), null, within!) is null)
            throw ApiError.NotFound(ApiType.Of("namespaces"), within!);
        var (uid, version) = (applied.Text("metadata", "uid"), applied.Text("metadata", "resourceVersion"));
        if (version is not null && version != stored?.Thing.Text("metadata", "resourceVersion"))
            throw ApiError.Modified(type, name);

        var live = stored?.Thing ?? Begin(type, within, name);
        var owners = stored?.Owners.Select(owner => owner.Copy()).ToList() ?? [];
        var fields = FieldSets.Of(applied, schema);
        Settle(live, applied, schema, fields, owners, writing);
        var merged = (JsonObject)FieldSets.Merge(live, applied, schema)!;
        Keep(merged, live);
        if (uid is not null)
            merged.Ensure("metadata")["uid"] = uid;

        var mine = owners.FirstOrDefault(owner => owner.Is(writing.Manager, "Apply", writing.Subresource));
        foreach (var gone in mine?.Fields.Where(path => !fields.Contains(path)).OrderByDescending(path => path.Parts.Count).ToList() ?? [])
        {
            if (!owners.Any(owner => owner != mine && owner.Fields.Any(path => path.Equals(gone) || path.IsWithin(gone))) && !fields.Any(path => path.IsWithin(gone)))
                FieldSets.Remove(merged, schema, gone);
        }

        var isSame = mine is not null && mine.Fields.SetEquals(fields);
        if (mine is null)
            owners.Insert(0, mine = new FieldOwner(writing.Manager, "Apply", type.ApiVersion, writing.Subresource));
        mine.Fields = fields;
        mine.Time = isSame ? mine.Time : ApiStore.Now;
        owners.RemoveAll(owner => owner.Fields.Count == 0 && owner != mine);
        return Finish(type, stored, merged, owners, writing);
    }

    /// <summary>POST.</summary>
    public JsonObject Create(ApiType type, string? within, JsonObject given, Writing writing)
    {
        var thing = (JsonObject)given.DeepClone();
        if (thing.Name().Length == 0 && thing.Text("metadata", "generateName") is { } prefix)
            thing.Ensure("metadata")["name"] = prefix + Names.Random();
        var name = thing.Name();
        CheckPlace(thing, within, name);
        if (store.Find(type, within, name) is not null)
            throw ApiError.AlreadyExists(type, name);
        var schema = Schema.Of(type.Kind);
        var begun = Begin(type, within, name);
        Keep(thing, begun);
        thing.Ensure("metadata").Remove("managedFields");
        var owner = new FieldOwner(writing.Manager, "Update", type.ApiVersion, null) { Time = ApiStore.Now, Fields = FieldSets.Of(thing, schema) };
        return Finish(type, null, thing, owner.Fields.Count == 0 ? [] : [owner], writing).Thing;
    }

    /// <summary>PUT, and the patches that are no apply.</summary>
    public JsonObject Update(ApiType type, string? within, string name, Func<JsonObject, JsonObject> change, Writing writing)
    {
        var stored = store.Find(type, within, name) ?? throw ApiError.NotFound(type, name);
        var thing = change((JsonObject)stored.Thing.DeepClone());
        thing.Ensure("metadata").Remove("managedFields");
        if (thing.Text("metadata", "resourceVersion") is { } version && version != stored.Thing.Text("metadata", "resourceVersion"))
            throw ApiError.Modified(type, name);
        CheckPlace(thing, within, name);
        var uid = thing.Text("metadata", "uid");
        Keep(thing, stored.Thing);
        if (uid is not null)
            thing.Ensure("metadata")["uid"] = uid;
        var schema = Schema.Of(type.Kind);
        var (before, after) = (FieldSets.Of(stored.Thing, schema), FieldSets.Of(thing, schema));
        var changed = after.Where(path => !JsonReading.Same(FieldSets.Get(stored.Thing, schema, path), FieldSets.Get(thing, schema, path))).ToHashSet();
        var owners = stored.Owners.Select(owner => owner.Copy()).ToList();
        foreach (var owner in owners)
            owner.Fields.RemoveWhere(path => changed.Contains(path) || (before.Contains(path) && !after.Contains(path)));
        if (changed.Count > 0)
        {
            var mine = owners.FirstOrDefault(owner => owner.Is(writing.Manager, "Update", writing.Subresource));
            if (mine is null)
                owners.Add(mine = new FieldOwner(writing.Manager, "Update", type.ApiVersion, writing.Subresource));
            mine.Fields.UnionWith(changed);
            mine.Time = writing.Subresource == "scale" ? null : ApiStore.Now;
        }

        owners.RemoveAll(owner => owner.Fields.Count == 0);
        return Finish(type, stored, thing, owners, writing).Thing;
    }

    /// <summary>DELETE: what is gone, or goes.</summary>
    public JsonObject Delete(Stored stored, JsonObject? options, string? propagation)
    {
        var type = stored.Type;
        var name = stored.Thing.Name();
        if (options.Text("preconditions", "uid") is { } uid && uid != stored.Thing.Uid())
            throw ApiError.Precondition(type, name, "UID", uid, stored.Thing.Uid());
        var current = stored.Thing.Text("metadata", "resourceVersion")!;
        if (options.Text("preconditions", "resourceVersion") is { } version && version != current)
            throw ApiError.Precondition(type, name, "ResourceVersion", version, current);
        propagation ??= options.Text("propagationPolicy") ?? (type.Kind == "Job" ? "Orphan" : "Background");
        var thing = (JsonObject)stored.Thing.DeepClone();
        var metadata = thing.Ensure("metadata");
        if (propagation is "Foreground" or "Orphan" && type.Kind is "Deployment" or "ReplicaSet" or "StatefulSet" or "Job")
            AddFinalizer(metadata, propagation == "Foreground" ? "foregroundDeletion" : "orphan");
        var grace = type.Kind == "Pod" ? options.Number("gracePeriodSeconds") ?? thing.Number("spec", "terminationGracePeriodSeconds") ?? 30 : 0;
        var stays = metadata["finalizers"] is JsonArray { Count: > 0 } || type.Kind == "Namespace" || (type.Kind == "Pod" && grace > 0);
        if (!stays)
        {
            store.Remove(stored);
            return type.Kind is "Pod" or "Namespace" or "ResourceQuota" or "PersistentVolumeClaim" or "Service" or "ServiceAccount"
                ? WithVersion(stored.Show(), thing.Text("metadata", "resourceVersion"))
                : new JsonObject
                {
                    ["kind"] = "Status",
                    ["apiVersion"] = "v1",
                    ["metadata"] = new JsonObject(),
                    ["status"] = "Success",
                    ["details"] = With(ApiError.Details(type, name, type.Plural), "uid", stored.Thing.Uid()),
                };
        }

        if (!thing.IsEnding())
        {
            metadata["deletionTimestamp"] = ApiStore.Now;
            if (type.Kind != "Namespace")
                metadata["deletionGracePeriodSeconds"] = grace;
            if (type.CountsGenerations)
                metadata["generation"] = (thing.Number("metadata", "generation") ?? 0) + 1;
            if (type.Kind == "Namespace")
                thing.Ensure("status")["phase"] = "Terminating";
        }

        store.Replace(stored, thing);
        return stored.Show();
    }

    private static JsonObject WithVersion(JsonObject shown, string? version)
    {
        shown.Ensure("metadata")["resourceVersion"] = version;
        return shown;
    }

    private static JsonObject With(JsonObject thing, string name, string value)
    {
        thing[name] = value;
        return thing;
    }

    private (JsonObject Thing, bool WasCreated) Finish(ApiType type, Stored? stored, JsonObject thing, List<FieldOwner> owners, Writing writing)
    {
        Defaults.Fill(thing, type);
        if (stored is null)
            Admission.Create(store, thing, type);
        Validation.Check(thing, stored?.Thing, type);
        writing.Warnings.AddRange(Admission.Warn(store, thing, type));
        if (stored is null)
        {
            if (type.CountsGenerations)
                thing.Ensure("metadata")["generation"] = 1;
            stored = new Stored(type, thing) { Owners = owners };
            if (!writing.IsDryRun)
                store.Add(stored);
            return (stored.Show(), true);
        }

        if (writing.IsDryRun)
            return (new Stored(type, thing) { Owners = owners }.Show(), false);
        var sameOwners = owners.Count == stored.Owners.Count && owners.Zip(stored.Owners).All(pair => pair.First.Fields.SetEquals(pair.Second.Fields) && pair.First.ToString() == pair.Second.ToString());
        store.Replace(stored, thing, sameOwners && JsonReading.Same(stored.Thing, thing) ? null : owners);
        // The last finalizer is gone: so is the object.
        if (stored.Thing.IsEnding() && stored.Thing.At("metadata", "finalizers") is not JsonArray { Count: > 0 } && type.Kind is not ("Namespace" or "Pod"))
        {
            var shown = stored.Show();
            store.Remove(stored);
            return (shown, false);
        }

        return (stored.Show(), false);
    }

    /// <summary>Others' fields: a conflict, or taken from them.</summary>
    private static void Settle(JsonObject live, JsonObject applied, SchemaType schema, HashSet<FieldPath> fields, List<FieldOwner> owners, Writing writing)
    {
        var conflicts = new List<(string, string)>();
        foreach (var owner in owners.Where(owner => !owner.Is(writing.Manager, "Apply", writing.Subresource)))
        {
            var taken = owner.Fields.Where(path => fields.Contains(path) && !(path.Parts.Count > 0 && path.Parts[^1][0] == 'k')
                && !JsonReading.Same(FieldSets.Get(live, schema, path), FieldSets.Get(applied, schema, path))).ToList();
            if (writing.Force)
                owner.Fields.ExceptWith(taken);
            else
                conflicts.AddRange(taken.Select(path => (owner.ToString(), path.Display())).Order());
        }

        if (conflicts.Count > 0)
            throw ApiError.Conflicts(conflicts);
    }

    private static void CheckPlace(JsonObject thing, string? within, string name)
    {
        if (thing.Name() != name)
            throw ApiError.BadRequest($"the name of the object ({thing.Name()}) does not match the name on the URL ({name})");
        if (within is not null && thing.Text("metadata", "namespace") is { } other && other != within)
            throw ApiError.BadRequest("the namespace of the provided object does not match the namespace sent on the request");
    }

    private static JsonObject Begin(ApiType type, string? within, string name)
    {
        var metadata = new JsonObject { ["name"] = name };
        if (type.IsNamespaced)
            metadata["namespace"] = within;
        metadata["uid"] = Guid.NewGuid().ToString();
        metadata["creationTimestamp"] = ApiStore.Now;
        return new JsonObject { ["kind"] = type.Kind, ["apiVersion"] = type.ApiVersion, ["metadata"] = metadata };
    }

    /// <summary>What nobody but the API sets.</summary>
    private static void Keep(JsonObject thing, JsonObject live)
    {
        (thing["kind"], thing["apiVersion"]) = (live["kind"]?.DeepClone(), live["apiVersion"]?.DeepClone());
        var metadata = thing.Ensure("metadata");
        foreach (var name in (string[])["name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"])
        {
            if (live.At("metadata", name) is { } value)
                metadata[name] = value.DeepClone();
            else
                metadata.Remove(name);
        }
    }

    private static void AddFinalizer(JsonObject metadata, string name)
    {
        if (metadata["finalizers"] is not JsonArray finalizers)
            metadata["finalizers"] = finalizers = [];
        if (finalizers.Count < MaxFinalizers && !finalizers.Any(each => each.Text() == name))
            finalizers.Add(name);
    }
}

/// <summary>Names the API makes up.</summary>
internal static class Names
{
    private const string Letters = "bcdfghjklmnpqrstvwxz2456789";

    public static string Random(int length = 5) => new([.. Enumerable.Range(0, length).Select(_ => Letters[System.Random.Shared.Next(Letters.Length)])]);

    /// <summary>Of the same content always the same.</summary>
    public static string Hash(JsonNode node)
    {
        var hash = System.Security.Cryptography.SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(node));
        return "5" + new string([.. hash.Take(8).Select(each => Letters[each % Letters.Length])]);
    }
}
