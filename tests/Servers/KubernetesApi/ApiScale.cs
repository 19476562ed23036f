using System.Text.Json.Nodes;

namespace Paas.Servers.Kubernetes;

/// <summary>The part <c>scale</c> of what has replicas.</summary>
internal static class ApiScale
{
    public static JsonObject Show(JsonObject thing)
    {
        var spec = new JsonObject();
        // Nothing is left out where it is nothing.
        if (thing.Number("spec", "replicas") is > 0 and var replicas)
            spec["replicas"] = replicas;
        var metadata = new JsonObject();
        foreach (var name in (string[])["name", "namespace", "uid", "resourceVersion", "creationTimestamp"])
            metadata[name] = thing.At("metadata", name)?.DeepClone();
        return new JsonObject
        {
            ["kind"] = "Scale",
            ["apiVersion"] = "autoscaling/v1",
            ["metadata"] = metadata,
            ["spec"] = spec,
            ["status"] = new JsonObject
            {
                ["replicas"] = thing.Number("status", "replicas") ?? 0,
                ["selector"] = string.Join(',', thing.Map("spec", "selector", "matchLabels").Select(label => $"{label.Key}={label.Value}")),
            },
        };
    }

    public static JsonObject Patch(ApiWriter writer, Stored stored, bool isApply, JsonObject given, Writing writing)
    {
        var (type, within, name) = (stored.Type, stored.Thing.Namespace(), stored.Thing.Name());
        var replicas = given.At("spec", "replicas")?.DeepClone();
        if (!isApply)
        {
            writer.Update(type, within, name, thing =>
            {
                thing.Ensure("spec")["replicas"] = replicas;
                return thing;
            }, writing);
        }
        else
        {
            writer.Apply(type, within, name, new JsonObject
            {
                ["apiVersion"] = type.ApiVersion,
                ["kind"] = type.Kind,
                ["metadata"] = new JsonObject { ["name"] = name },
                ["spec"] = new JsonObject { ["replicas"] = replicas },
            }, writing);
        }

        return Show(stored.Thing);
    }
}
