using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Paas.Servers.Kubernetes;

/// <summary>The rules of the kinds, in the API's words; those that a deployer can break.</summary>
internal static partial class Validation
{
    private const string StatefulSetFields =
        "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

    public static void Check(JsonObject thing, JsonObject? before, ApiType type)
    {
        var errors = new List<JsonObject>();
        if (!Name().IsMatch(thing.Name()))
            errors.Add(ApiError.InvalidValue("metadata.name", $"\"{thing.Name()}\"", ApiError.NotAName));
        if (before is not null && before.Uid() != thing.Uid())
        {
            // The API says it twice.
            for (var i = 0; i < 2; i++)
                errors.Add(ApiError.InvalidValue("metadata.uid", $"\"{thing.Uid()}\"", "field is immutable"));
        }

        switch (type.Kind)
        {
            case "ConfigMap" or "Secret":
                Data(thing, before, type, errors);
                break;
            case "Deployment" or "ReplicaSet" or "StatefulSet":
                Workload(thing, before, type, errors);
                break;
            case "Job":
                Template(thing.Map("spec", "template", "spec"), "spec.template.spec", errors);
                if (thing.Text("spec", "template", "spec", "restartPolicy") is not ("Never" or "OnFailure") and var policy)
                    errors.Add(policy is null
                        ? ApiError.Required("spec.template.spec.restartPolicy", "valid values: \"OnFailure\", \"Never\"")
                        : ApiError.Cause("FieldValueNotSupported", $"Unsupported value: \"{policy}\": supported values: \"OnFailure\", \"Never\"", "spec.template.spec.restartPolicy"));
                if (before is not null && !JsonReading.Same(before.At("spec", "template"), thing.At("spec", "template")))
                    errors.Add(ApiError.InvalidValue("spec.template", GoTemplate(thing.Map("spec", "template")), "field is immutable"));
                break;
            case "Pod":
                Template(thing.Map("spec"), "spec", errors);
                if (before?.Number("spec", "activeDeadlineSeconds") is { } limit && !(thing.Number("spec", "activeDeadlineSeconds") <= limit))
                    errors.Add(ApiError.InvalidValue("spec.activeDeadlineSeconds", $"{thing.Number("spec", "activeDeadlineSeconds")}", "must be less than or equal to previous value"));
                break;
            case "Service":
                if (before is not null && before.Text("spec", "clusterIP") != thing.Text("spec", "clusterIP"))
                    errors.Add(ApiError.InvalidValue("spec.clusterIPs[0]", $"[\"{thing.Text("spec", "clusterIP")}\"]", "may not change once set"));
                if (!thing.Items("spec", "ports").Any() && thing.Text("spec", "clusterIP") != "None" && thing.Text("spec", "type") != "ExternalName")
                    errors.Add(ApiError.Required("spec.ports"));
                break;
            case "PersistentVolumeClaim":
                if (before?.At("status", "capacity", "storage") is { } capacity && Quantity.Read(thing.At("spec", "resources", "requests", "storage")) < Quantity.Read(capacity))
                    errors.Add(ApiError.Cause("FieldValueForbidden", "Forbidden: field can not be less than status.capacity", "spec.resources.requests.storage"));
                break;
            case "Ingress":
                Ingress(thing, errors);
                break;
        }

        if (errors.Count > 0)
            throw ApiError.Invalid(type, thing.Name(), errors);
    }

    private static void Data(JsonObject thing, JsonObject? before, ApiType type, List<JsonObject> errors)
    {
        var size = thing.Map("data").Sum(entry => (entry.Value.Text()?.Length ?? 0) * (type.Kind == "Secret" ? 3L : 4L) / 4);
        if (size > 1024 * 1024)
        {
            errors.Add(ApiError.Cause("FieldValueTooLong", "Too long: may not be more than 1048576 bytes", type.Kind == "Secret" ? "data" : ""));
        }

        if (type.Kind != "Secret")
            return;
        if (before is not null && before.Text("type") != thing.Text("type"))
            errors.Add(ApiError.InvalidValue("type", $"\"{thing.Text("type")}\"", "field is immutable"));
        string[] needed = thing.Text("type") switch
        {
            "kubernetes.io/basic-auth" => ["username", "password"],
            "kubernetes.io/dockerconfigjson" => [".dockerconfigjson"],
            "kubernetes.io/tls" => ["tls.crt", "tls.key"],
            _ => [],
        };
        errors.AddRange(needed.Where(name => thing.At("data", name) is null).Select(name => ApiError.Required($"data[{name}]")));
    }

    private static void Workload(JsonObject thing, JsonObject? before, ApiType type, List<JsonObject> errors)
    {
        var labels = thing.Map("spec", "template", "metadata", "labels");
        if (thing.At("spec", "selector") is null)
            errors.Add(ApiError.Required("spec.selector"));
        else if (!Selectors.Matches(thing.Map("spec", "selector"), labels))
            errors.Add(ApiError.InvalidValue("spec.template.metadata.labels", labels.ToJsonString(Schema.Plain), "`selector` does not match template `labels`"));
        Template(thing.Map("spec", "template", "spec"), "spec.template.spec", errors);
        if (before is null)
            return;
        if (type.Kind != "StatefulSet")
        {
            if (!JsonReading.Same(before.At("spec", "selector"), thing.At("spec", "selector")))
                errors.Add(ApiError.InvalidValue("spec.selector", thing.Map("spec", "selector").ToJsonString(Schema.Plain), "field is immutable"));
            return;
        }

        string[] changeable = ["replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "persistentVolumeClaimRetentionPolicy", "minReadySeconds"];
        var fields = before.Map("spec").Select(entry => entry.Key).Concat(thing.Map("spec").Select(entry => entry.Key)).Distinct();
        if (fields.Except(changeable).Any(field => !JsonReading.Same(before.At("spec", field), thing.At("spec", field))))
            errors.Add(ApiError.Cause("FieldValueForbidden", $"Forbidden: {StatefulSetFields}", "spec"));
    }

    private static void Template(JsonObject spec, string path, List<JsonObject> errors)
    {
        var containers = spec.Items("containers").ToList();
        if (containers.Count == 0)
            errors.Add(ApiError.Required($"{path}.containers"));
        for (var i = 0; i < containers.Count; i++)
        {
            var at = $"{path}.containers[{i}]";
            if (string.IsNullOrEmpty(containers[i].Text("image")))
                errors.Add(ApiError.Required($"{at}.image"));
            var ports = containers[i].Items("ports").ToList();
            for (var j = 0; j < ports.Count; j++)
            {
                if (ports[j].Number("containerPort") is not (>= 1 and <= 65535) and var port)
                    errors.Add(ApiError.InvalidValue($"{at}.ports[{j}].containerPort", $"{port}", "must be between 1 and 65535, inclusive"));
            }

            foreach (var (resource, request) in containers[i].Map("resources", "requests"))
            {
                if (containers[i].At("resources", "limits", resource) is { } limit && Quantity.Read(request) > Quantity.Read(limit))
                    errors.Add(ApiError.InvalidValue($"{at}.resources.requests", $"\"{request}\"", $"must be less than or equal to {resource} limit of {limit}"));
            }
        }
    }

    private static void Ingress(JsonObject thing, List<JsonObject> errors)
    {
        var rules = thing.Items("spec", "rules").ToList();
        for (var i = 0; i < rules.Count; i++)
        {
            if (rules[i].Text("host") is { Length: > 0 } host && !Name().IsMatch(host.StartsWith("*.", StringComparison.Ordinal) ? host[2..] : host))
                errors.Add(ApiError.InvalidValue($"spec.rules[{i}].host", $"\"{host}\"", ApiError.NotAName));
            var paths = rules[i].Items("http", "paths").ToList();
            for (var j = 0; j < paths.Count; j++)
            {
                if (paths[j].Text("pathType") is null)
                    errors.Add(ApiError.Required($"spec.rules[{i}].http.paths[{j}].pathType", "pathType must be specified"));
            }
        }
    }

    /// <summary>The API quotes the whole template, with all fields of its own type in Go; the double, the part that may hold secrets.</summary>
    private static string GoTemplate(JsonObject template)
    {
        var containers = template.Items("spec", "containers").Select(container => (JsonNode)new JsonObject
        {
            ["Name"] = container.Text("name"),
            ["Image"] = container.Text("image"),
            ["Command"] = container["command"]?.DeepClone(),
            ["Env"] = container["env"]?.DeepClone(),
        });
        return new JsonObject
        {
            ["labels"] = template.At("metadata", "labels")?.DeepClone(),
            ["Spec"] = new JsonObject { ["Volumes"] = null, ["InitContainers"] = null, ["Containers"] = new JsonArray([.. containers]) },
        }.ToJsonString(Schema.Plain);
    }

    [GeneratedRegex(@"\A[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z")]
    private static partial Regex Name();
}
