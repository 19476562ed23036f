using System.Text.Json.Nodes;

namespace Paas.Servers.Kubernetes;

/// <summary>What the double refuses with: a Status, or plain text.</summary>
internal sealed class ApiError(int code, JsonObject? status, string? text = null) : Exception
{
    public int Code { get; } = code;
    public JsonObject? Status { get; } = status;
    public string? Text { get; } = text;
    public int? RetryAfter { get; init; }

    public static readonly string NotAName =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character "
        + "(e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

    public static ApiError UnknownPath() => new(404, null, "404 page not found\n");

    public static ApiError BadRequest(string message) => new(400, Make(400, "BadRequest", message));

    public static ApiError Internal(string message) => new(500, Make(500, null, message));

    public static ApiError Unauthorized() => new(401, Make(401, "Unauthorized", "Unauthorized"));

    public static ApiError UnsupportedMediaType() => new(415, Make(415, "UnsupportedMediaType", "415: Unsupported Media Type", []));

    public static ApiError MethodNotAllowed() =>
        new(405, Make(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", []));

    public static ApiError NotFound(ApiType type, string name) =>
        new(404, Make(404, "NotFound", $"{type.Resource} \"{name}\" not found", Details(type, name, type.Plural)));

    public static ApiError AlreadyExists(ApiType type, string name) =>
        new(409, Make(409, "AlreadyExists", $"{type.Resource} \"{name}\" already exists", Details(type, name, type.Plural)));

    public static ApiError Modified(ApiType type, string name) =>
        new(409, Make(409, "Conflict", $"Operation cannot be fulfilled on {type.Resource} \"{name}\": the object has been modified; please apply your changes to the latest version and try again",
            Details(type, name, type.Plural)));

    public static ApiError Precondition(ApiType type, string name, string what, string wanted, string found) =>
        new(409, Make(409, "Conflict",
            $"Operation cannot be fulfilled on {type.GroupKind} \"{name}\": the {what} in the precondition ({wanted}) does not match the {what} in record ({found}). The object might have been "
            + (what == "UID" ? "deleted and then recreated" : "modified"), Details(type, name, type.Kind)));

    public static ApiError Forbidden(ApiType type, string name, string why, JsonObject? cause = null)
    {
        var details = Details(type, name, type.Plural);
        if (cause is not null)
            details["causes"] = new JsonArray(cause);
        return new(403, Make(403, "Forbidden", $"{type.Resource} {(name.Length > 0 ? $"\"{name}\" " : "")}is forbidden: {why}", details));
    }

    public static ApiError Conflicts(IReadOnlyList<(string Manager, string Field)> conflicts)
    {
        var byManager = conflicts.GroupBy(conflict => conflict.Manager).ToList();
        var words = byManager.Count == 1 && conflicts.Count == 1
            ? $"conflict with {conflicts[0].Manager}: {conflicts[0].Field}"
            : string.Join('\n', byManager.Select(group => $"conflicts with {group.Key}:\n{string.Join('\n', group.Select(conflict => $"- {conflict.Field}"))}"));
        var causes = conflicts.Select(conflict => Cause("FieldManagerConflict", $"conflict with {conflict.Manager}", conflict.Field)).ToArray<JsonNode>();
        return new(409, Make(409, "Conflict", $"Apply failed with {conflicts.Count} conflict{(conflicts.Count == 1 ? "" : "s")}: {words}", new JsonObject { ["causes"] = new JsonArray(causes) }));
    }

    public static ApiError Invalid(ApiType type, string name, IReadOnlyList<JsonObject> causes) => Invalid(type.GroupKind, type.Group, type.Kind, name, causes);

    public static ApiError Invalid(string groupKind, string group, string kind, string name, IReadOnlyList<JsonObject> causes)
    {
        var words = causes.Select(cause => $"{cause.Text("field")}: {cause.Text("message")}").Distinct().ToList();
        var details = new JsonObject();
        if (name.Length > 0)
            details["name"] = name;
        if (group.Length > 0)
            details["group"] = group;
        details["kind"] = kind;
        details["causes"] = new JsonArray([.. causes]);
        return new(422, Make(422, "Invalid", $"{groupKind} \"{name}\" is invalid: {(words.Count == 1 ? words[0] : $"[{string.Join(", ", words)}]")}", details));
    }

    public static ApiError Expired(string message) => new(410, Make(410, "Expired", message));

    public static ApiError TooLargeVersion(long asked, long current)
    {
        var details = new JsonObject { ["causes"] = new JsonArray(new JsonObject { ["reason"] = "ResourceVersionTooLarge", ["message"] = "Too large resource version" }), ["retryAfterSeconds"] = 1 };
        return new(504, Make(504, "Timeout", $"Timeout: Too large resource version: {asked}, current: {current}", details)) { RetryAfter = 1 };
    }

    public static JsonObject Cause(string reason, string message, string field) => new() { ["reason"] = reason, ["message"] = message, ["field"] = field };

    public static JsonObject InvalidValue(string field, string value, string why) => Cause("FieldValueInvalid", $"Invalid value: {value}: {why}", field);

    public static JsonObject Required(string field, string why = "") => Cause("FieldValueRequired", why.Length == 0 ? "Required value" : $"Required value: {why}", field);

    public static JsonObject Make(int code, string? reason, string message, JsonObject? details = null)
    {
        var status = new JsonObject { ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Failure", ["message"] = message };
        if (reason is not null)
            status["reason"] = reason;
        if (details is not null)
            status["details"] = details;
        status["code"] = code;
        return status;
    }

    public static JsonObject Details(ApiType type, string name, string kind)
    {
        var details = new JsonObject();
        if (name.Length > 0)
            details["name"] = name;
        if (type.Group.Length > 0)
            details["group"] = type.Group;
        details["kind"] = kind;
        return details;
    }
}
