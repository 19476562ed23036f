using System.Globalization;
using System.Text.Json.Nodes;

namespace Paas.Servers.Kubernetes;

/// <summary>A stored object.</summary>
internal sealed class Stored(ApiType type, JsonObject thing)
{
    public ApiType Type { get; } = type;

    /// <summary>Without <c>managedFields</c>.</summary>
    public JsonObject Thing { get; set; } = thing;
    public List<FieldOwner> Owners { get; set; } = [];

    /// <summary>As the API shows it.</summary>
    public JsonObject Show()
    {
        var shown = (JsonObject)Thing.DeepClone();
        if (Owners.Count > 0)
            shown.Ensure("metadata")["managedFields"] = new JsonArray([.. Owners.Select(owner => owner.ToJson())]);
        return shown;
    }
}

/// <summary>A change, for those who watch.</summary>
internal sealed record Happened(long Version, string Change, ApiType Type, JsonObject Thing, JsonObject? Before);

/// <summary>The objects, their versions, and the changes of the past. All of it under one lock.</summary>
internal sealed class ApiStore
{
    private readonly SortedDictionary<string, Stored> _things = new(StringComparer.Ordinal);
    private readonly List<Happened> _history = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Lock Gate { get; } = new();

    public long Version { get; private set; } = 100;

    /// <summary>Versions before this one are forgotten.</summary>
    public long Oldest { get; private set; }

    /// <summary>Ends with the next change.</summary>
    public Task Changed
    {
        get
        {
            lock (Gate)
                return _changed.Task;
        }
    }

    public static string Now => DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    public Stored? Find(ApiType type, string? within, string name) => _things.GetValueOrDefault(Key(type, within, name));

    public IEnumerable<Stored> All(ApiType type, string? within = null)
    {
        var prefix = within is null || !type.IsNamespaced ? $"{type.Resource}|" : $"{type.Resource}|{within}|";
        return _things.Where(entry => entry.Key.StartsWith(prefix, StringComparison.Ordinal)).Select(entry => entry.Value).ToList();
    }

    public IEnumerable<Stored> Within(string @namespace) => _things.Values.Where(each => each.Type.IsNamespaced && each.Thing.Namespace() == @namespace).ToList();

    public IEnumerable<Stored> Everything() => _things.Values.ToList();

    public void Add(Stored stored)
    {
        stored.Thing.Ensure("metadata")["resourceVersion"] = Next();
        _things[Key(stored)] = stored;
        Tell("ADDED", stored, null);
    }

    /// <summary>Replaces an object, if anything has changed.</summary>
    public void Replace(Stored stored, JsonObject thing, List<FieldOwner>? owners = null)
    {
        var before = stored.Thing;
        if (JsonReading.Same(before, thing) && owners is null)
            return;
        // What a node makes of a pod is no change of what is wanted.
        if (stored.Type.CountsGenerations && stored.Type.Kind != "Pod" && !JsonReading.Same(before["spec"], thing["spec"]))
            thing.Ensure("metadata")["generation"] = (thing.Number("metadata", "generation") ?? 0) + 1;
        thing.Ensure("metadata")["resourceVersion"] = Next();
        stored.Thing = thing;
        stored.Owners = owners ?? stored.Owners;
        Tell("MODIFIED", stored, before);
    }

    /// <summary>Changes an object as a controller does.</summary>
    public void Change(Stored stored, Action<JsonObject> change, bool status = false)
    {
        var thing = (JsonObject)stored.Thing.DeepClone();
        change(thing);
        if (JsonReading.Same(stored.Thing, thing))
            return;
        var subresource = status ? "status" : null;
        var manager = stored.Type.Plural == "pods" && status ? "kubelet" : "kube-controller-manager";
        var owners = stored.Owners.Select(owner => owner.Copy()).ToList();
        var mine = owners.FirstOrDefault(owner => owner.Is(manager, "Update", subresource));
        if (mine is null && status)
            owners.Add(mine = new FieldOwner(manager, "Update", stored.Type.ApiVersion, subresource));
        if (mine is not null)
        {
            mine.Time = Now;
            mine.Fields.Add(FieldPath.Root.Then("f:status"));
        }

        Replace(stored, thing, owners);
    }

    public void Remove(Stored stored)
    {
        _things.Remove(Key(stored));
        var before = stored.Thing;
        stored.Thing = (JsonObject)before.DeepClone();
        stored.Thing.Ensure("metadata")["resourceVersion"] = Next();
        Tell("DELETED", stored, before);
    }

    /// <summary>What has happened after a version.</summary>
    public IReadOnlyList<Happened> After(long version, ApiType type)
    {
        // Changes are in order: from the end back to the version.
        var start = _history.Count;
        while (start > 0 && _history[start - 1].Version > version)
            start--;
        return [.. _history[start..].Where(happened => happened.Type == type)];
    }

    public void Forget()
    {
        // Those who watch already go on.
        lock (Gate)
            Oldest = Version;
    }

    public void Wake()
    {
        TaskCompletionSource before;
        lock (Gate)
            (before, _changed) = (_changed, new(TaskCreationOptions.RunContinuationsAsynchronously));
        before.TrySetResult();
    }

    private static string Key(Stored stored) => Key(stored.Type, stored.Thing.Namespace(), stored.Thing.Name());

    private static string Key(ApiType type, string? within, string name) => type.IsNamespaced ? $"{type.Resource}|{within}|{name}" : $"{type.Resource}|{name}";

    private string Next() => (++Version).ToString(CultureInfo.InvariantCulture);

    private void Tell(string change, Stored stored, JsonObject? before)
    {
        _history.Add(new(Version, change, stored.Type, stored.Show(), before));
        Wake();
    }
}
