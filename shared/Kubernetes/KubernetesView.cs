namespace Paas.Kubernetes;

/// <summary>What a watch has told, so that after a gap it can tell the rest.</summary>
internal sealed class KubernetesView(KubernetesResource type)
{
    private readonly Dictionary<(string? Namespace, string Name), KubernetesObject> _known = [];

    /// <summary>The changes that lead from what was told to a new list.</summary>
    public IEnumerable<KubernetesEvent> Replace(IReadOnlyList<KubernetesObject> list)
    {
        var listed = list.Select(Key).ToHashSet();
        foreach (var (key, gone) in _known.Where(entry => !listed.Contains(entry.Key)).ToList())
        {
            _known.Remove(key);
            yield return new(KubernetesChange.Deleted, gone);
        }

        foreach (var thing in list)
        {
            if (_known.TryGetValue(Key(thing), out var before) && before.Uid != thing.Uid)
            {
                _known.Remove(Key(thing));
                yield return new(KubernetesChange.Deleted, before);
            }

            if (Take("MODIFIED", thing) is { } told)
                yield return told;
        }
    }

    /// <summary>What is to be told of an event; null for nothing.</summary>
    public KubernetesEvent? Take(string change, KubernetesObject thing)
    {
        if (change is not ("ADDED" or "MODIFIED" or "DELETED") || thing.Name.Length == 0)
            return null;
        thing.Json["apiVersion"] ??= type.ApiVersion;
        thing.Json["kind"] ??= type.Kind;
        var key = Key(thing);
        var isKnown = _known.TryGetValue(key, out var before);
        if (change == "DELETED")
            return _known.Remove(key) ? new(KubernetesChange.Deleted, thing) : null;
        _known[key] = thing;
        if (!isKnown)
            return new(KubernetesChange.Added, thing);
        return before!.ResourceVersion == thing.ResourceVersion && before.Uid == thing.Uid ? null : new(KubernetesChange.Modified, thing);
    }

    private static (string?, string) Key(KubernetesObject thing) => (thing.Namespace, thing.Name);
}
