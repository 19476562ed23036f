using System.Globalization;
using System.Text.Json.Nodes;

namespace Paas.Servers.Kubernetes;

/// <summary>What the parts of a cluster tell about its objects: the same again is counted, and many alike are told as one.</summary>
internal sealed class Events(ApiStore store)
{
    /// <summary>So many with the same reason are told one by one; what comes then is one event whose words change.</summary>
    private const int Alike = 10;

    private const string Combined = "(combined from similar events): ";
    private static readonly ApiType Type = ApiType.Of("events");
    private readonly Dictionary<string, Stored> _told = [];
    private readonly Dictionary<string, HashSet<string>> _alike = [];
    private long _last;

    /// <summary>A node's, about a pod or one of its containers.</summary>
    public void OfNode(Stored pod, string? container, string reason, string message, bool isWarning = false) =>
        Count(pod, container is null ? null : $"spec.containers{{{container}}}", reason, message, isWarning, "kubelet", "localhost");

    /// <summary>A controller's, about something it could not do.</summary>
    public void OfController(Stored owner, string controller, string reason, string message) => Count(owner, null, reason, message, isWarning: true, controller, host: null);

    /// <summary>The scheduler's, which are written as those of the newer API.</summary>
    public void OfScheduler(Stored pod, string action, string reason, string message, bool isWarning = false)
    {
        if (Begin(pod, null, reason, message, isWarning) is not { } said)
            return;
        said["source"] = new JsonObject();
        (said["firstTimestamp"], said["lastTimestamp"]) = (null, null);
        said["eventTime"] = DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture);
        said["action"] = action;
        (said["reportingComponent"], said["reportingInstance"]) = ("default-scheduler", "default-scheduler-vm");
        store.Add(new Stored(Type, said));
    }

    private void Count(Stored about, string? fieldPath, string reason, string message, bool isWarning, string component, string? host)
    {
        var kind = $"{about.Thing.Uid()} {fieldPath} {component} {reason}";
        if (!_alike.TryGetValue(kind, out var alike))
            _alike[kind] = alike = [];
        var isCombined = alike.Count >= Alike && !alike.Contains(message);
        var key = $"{kind} {(isCombined ? Combined : message)}";
        var words = isCombined ? Combined + message : message;
        if (_told.TryGetValue(key, out var told) && store.Find(Type, told.Thing.Namespace(), told.Thing.Name()) == told)
        {
            store.Change(told, said =>
            {
                said["message"] = words;
                said["count"] = said.Number("count") + 1;
                said["lastTimestamp"] = ApiStore.Now;
            });
            return;
        }

        if (Begin(about, fieldPath, reason, words, isWarning) is not { } made)
            return;
        made["source"] = new JsonObject { ["component"] = component };
        if (host is not null)
            made["source"]!["host"] = host;
        (made["firstTimestamp"], made["lastTimestamp"], made["count"]) = (ApiStore.Now, ApiStore.Now, 1);
        made["eventTime"] = null;
        (made["reportingComponent"], made["reportingInstance"]) = (component, host ?? "");
        store.Add(_told[key] = new Stored(Type, made));
        if (!isCombined)
            alike.Add(message);
    }

    /// <returns>Null where nothing can be told any more.</returns>
    private JsonObject? Begin(Stored about, string? fieldPath, string reason, string message, bool isWarning)
    {
        var (thing, within) = (about.Thing, about.Thing.Namespace());
        if (store.Find(ApiType.Of("namespaces"), null, within) is not { } found || found.Thing.IsEnding())
            return null;
        // Names are made of the time, in nanoseconds, and no two are the same.
        _last = Math.Max(_last + 1, (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100);
        var involved = new JsonObject
        {
            ["kind"] = about.Type.Kind,
            ["namespace"] = within,
            ["name"] = thing.Name(),
            ["uid"] = thing.Uid(),
            ["apiVersion"] = about.Type.ApiVersion,
            ["resourceVersion"] = thing.Text("metadata", "resourceVersion"),
        };
        if (fieldPath is not null)
            involved["fieldPath"] = fieldPath;
        return new()
        {
            ["kind"] = Type.Kind,
            ["apiVersion"] = Type.ApiVersion,
            ["metadata"] = new JsonObject
            {
                ["name"] = $"{thing.Name()}.{_last:x16}",
                ["namespace"] = within,
                ["uid"] = Guid.NewGuid().ToString(),
                ["creationTimestamp"] = ApiStore.Now,
            },
            ["involvedObject"] = involved,
            ["reason"] = reason,
            ["message"] = message,
            ["type"] = isWarning ? "Warning" : "Normal",
        };
    }
}
