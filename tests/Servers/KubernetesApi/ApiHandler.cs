using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Paas.Servers.Kubernetes;

/// <summary>Requests that are answered with something else.</summary>
internal sealed class Fault(int count, Func<string, string, bool>? where, Func<HttpContext, Task> answer)
{
    private int _left = count;

    public Func<HttpContext, Task> Answer { get; } = answer;

    public bool IsUsedUp => _left <= 0;

    public bool Takes(HttpRequest request) =>
        (where is null || where(request.Method, request.Path + request.QueryString)) && Interlocked.Decrement(ref _left) >= 0;
}

/// <summary>Where a request goes: <c>/apis/apps/v1/namespaces/demo/deployments/web/scale</c>.</summary>
internal sealed record Target(ApiType Type, string? Namespace, string? Name, string? Part);

/// <summary>The HTTP of the double.</summary>
internal sealed class ApiHandler(Cluster cluster, Func<HttpContext, ApiUser?> authenticate)
{
    private const int MaxBody = 3 * 1024 * 1024;
    private readonly ApiWriter _writer = cluster.Writer;
    private readonly ApiReader _reader = new(cluster.Store);
    private readonly ApiLogs _logs = new(cluster);

    public ConcurrentQueue<ApiRequest> Requests { get; } = new();

    public ConcurrentQueue<Fault> Faults { get; } = new();

    public ApiWatches Watches { get; } = new(cluster.Store);

    public async Task HandleAsync(HttpContext context)
    {
        var request = context.Request;
        try
        {
            var body = await ReadAsync(request);
            if (Faults.FirstOrDefault(fault => !fault.IsUsedUp && fault.Takes(request)) is { } fault)
            {
                Requests.Enqueue(new(request.Method, request.Path + request.QueryString, "", body));
                await fault.Answer(context);
                return;
            }

            var user = authenticate(context)!;
            Requests.Enqueue(new(request.Method, request.Path + request.QueryString, user.Name, body));
            if (Encoding.UTF8.GetByteCount(body) > MaxBody)
            {
                context.Response.StatusCode = 413;
                context.Response.ContentType = "application/json";
                return;
            }

            await RouteAsync(context, user, body);
        }
        catch (ApiError error)
        {
            if (error.RetryAfter is { } after)
                context.Response.Headers.RetryAfter = after.ToString(CultureInfo.InvariantCulture);
            if (error.Status is { } status)
                await WriteAsync(context, error.Code, status);
            else
                await WriteTextAsync(context, error.Code, error.Text!);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            context.Abort();
        }
    }

    private async Task RouteAsync(HttpContext context, ApiUser user, string body)
    {
        var path = context.Request.Path.Value!;
        if (path is "/readyz" or "/livez" or "/healthz")
            await WriteTextAsync(context, 200, "ok");
        else if (path == "/version")
            await WriteAsync(context, 200, ApiAnswers.Version());
        else if (path == "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" && context.Request.Method == "POST")
            await WriteAsync(context, 201, ApiAnswers.Review(user, Json(body), context.Request.Headers.UserAgent.ToString().Split('/')[0]));
        else
            await HandleAsync(context, user, Find(path), body);
    }

    private async Task HandleAsync(HttpContext context, ApiUser user, Target target, string body)
    {
        var (type, within, name, part) = target;
        var query = context.Request.Query;
        var isWatch = query["watch"].ToString() is "1" or "true";
        var verb = context.Request.Method switch
        {
            "GET" => name is not null ? "get" : isWatch ? "watch" : "list",
            "POST" => "create",
            "PUT" => "update",
            "PATCH" => "patch",
            _ => name is null ? "deletecollection" : "delete",
        };
        if (!user.May(verb, type.Group, part is null ? type.Plural : $"{type.Plural}/{part}", within))
        {
            throw ApiError.Forbidden(type, name ?? "", $"User \"{user.Name}\" cannot {verb} resource \"{type.Plural}{(part is null ? "" : $"/{part}")}\" in API group \"{type.Group}\" "
                + (within is null ? "at the cluster scope" : $"in the namespace \"{within}\""));
        }

        if (context.Request.Method is "GET" && part == "log")
            await _logs.WriteAsync(context, within!, name!);
        else if (context.Request.Method == "GET" && isWatch)
            await Watches.WriteAsync(context, type, within);
        else if (context.Request.Method == "GET")
            await WriteAsync(context, 200, part == "scale" ? ApiScale.Show(Existing(target).Thing) : name is null ? _reader.List(type, within, query) : Existing(target).Show());
        else
            await ChangeAsync(context, target, body);
    }

    private async Task ChangeAsync(HttpContext context, Target target, string body)
    {
        var (type, within, name, part) = target;
        var query = context.Request.Query;
        var manager = query["fieldManager"].ToString();
        var writing = new Writing(
            manager.Length > 0 ? manager : context.Request.Headers.UserAgent.ToString().Split('/')[0], query["force"] == "true", query["dryRun"] == "All", part == "scale" ? "scale" : null);
        (int Code, JsonObject Answer) result;
        lock (cluster.Store.Gate)
        {
            result = (context.Request.Method, part) switch
            {
                ("POST", "eviction") => Evict(target),
                ("POST", "token") => (201, ApiAnswers.TokenOf(Existing(target).Thing, Json(body), writing.Manager)),
                ("POST", null) when name is null => (201, Create(type, within, body, query, writing)),
                ("PUT", null) when name is not null => (200, _writer.Update(type, within, name, _ => Parsed(type, body), writing)),
                ("PATCH", null or "scale") when name is not null => Patch(context, target, body, manager, writing),
                ("DELETE", null) when name is not null => (200, _writer.Delete(Existing(target), Options(body), query["propagationPolicy"].FirstOrDefault())),
                ("DELETE", null) => (200, DeleteAll(type, within, body, query)),
                _ => throw ApiError.MethodNotAllowed(),
            };
        }

        foreach (var warning in writing.Warnings)
            context.Response.Headers.Append("Warning", $"299 - \"{warning.Replace("\"", "\\\"", StringComparison.Ordinal)}\"");
        cluster.Wake();
        await WriteAsync(context, result.Code, result.Answer);
    }

    private (int, JsonObject) Patch(HttpContext context, Target target, string body, string manager, Writing writing)
    {
        var (type, within, name, part) = target;
        var kind = context.Request.ContentType?.Split(';')[0];
        if (part == "scale")
            return (200, ApiScale.Patch(_writer, Existing(target), kind == "application/apply-patch+yaml", Json(body), writing));
        switch (kind)
        {
            case "application/apply-patch+yaml":
                if (manager.Length == 0)
                {
                    throw ApiError.Invalid("PatchOptions.meta.k8s.io", "meta.k8s.io", "PatchOptions", "",
                        [ApiError.Required("fieldManager", "is required for apply patch")]);
                }

                var given = body.Length == 0 ? [] : Yaml(body);
                if (given.Text("kind") != type.Kind || given.Text("apiVersion") != type.ApiVersion)
                {
                    var version = given.Text("apiVersion") ?? "";
                    throw ApiError.BadRequest($"invalid object type: {(version.Contains('/') ? version : $"/{version}")}, Kind={given.Text("kind")}");
                }

                var (thing, wasCreated) = _writer.Apply(type, within, name!, given, writing);
                return (wasCreated ? 201 : 200, thing);
            case "application/merge-patch+json" or "application/strategic-merge-patch+json":
                return (200, _writer.Update(type, within, name!, before => Patches.Merge(before, Json(body)), writing));
            case "application/json-patch+json":
                return (200, _writer.Update(type, within, name!, before => Patches.Json(before, (JsonArray)JsonNode.Parse(body)!), writing));
            default:
                throw ApiError.UnsupportedMediaType();
        }
    }

    private JsonObject Create(ApiType type, string? within, string body, IQueryCollection query, Writing writing)
    {
        var thing = Parsed(type, body);
        if (SchemaCheck.Unknown(thing, Schema.Of(type.Kind)) is { Count: > 0 } unknown)
        {
            var words = unknown.Select(field => $"unknown field \"{field}\"").ToList();
            if (query["fieldValidation"] == "Strict")
                throw ApiError.BadRequest($"{type.Kind} in version \"{type.Version}\" cannot be handled as a {type.Kind}: strict decoding error: {string.Join(", ", words)}");
            writing.Warnings.AddRange(words);
            foreach (var field in unknown.Where(field => !field.Contains('.')))
                thing.Remove(field);
        }

        return _writer.Create(type, within, thing, writing);
    }

    private JsonObject DeleteAll(ApiType type, string? within, string body, IQueryCollection query)
    {
        var list = _reader.List(type, within, query);
        foreach (var item in list.Items("items").ToList())
        {
            if (cluster.Store.Find(type, item.Namespace(), item.Name()) is { } stored)
                _writer.Delete(stored, Options(body), query["propagationPolicy"].FirstOrDefault());
        }

        return list;
    }

    private (int, JsonObject) Evict(Target target)
    {
        var pod = Existing(target);
        foreach (var budget in cluster.Store.All(ApiType.Of("poddisruptionbudgets"), target.Namespace).Where(budget => Selectors.Matches(budget.Thing.Map("spec", "selector"), pod.Thing.Map("metadata", "labels"))))
        {
            var healthy = cluster.Store.All(target.Type, target.Namespace).Count(each => Selectors.Matches(budget.Thing.Map("spec", "selector"), each.Thing.Map("metadata", "labels")) && Workloads.IsReady(each.Thing));
            var needed = budget.Thing.Number("spec", "minAvailable") ?? 0;
            if (healthy <= needed)
            {
                throw new ApiError(429, ApiError.Make(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.", new JsonObject
                {
                    ["causes"] = new JsonArray(new JsonObject { ["reason"] = "DisruptionBudget", ["message"] = $"The disruption budget {budget.Thing.Name()} needs {needed} healthy pods and has {healthy} currently" }),
                }));
            }
        }

        _writer.Delete(pod, null, null);
        return (201, new JsonObject { ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Success", ["code"] = 201 });
    }

    private Stored Existing(Target target)
    {
        lock (cluster.Store.Gate)
            return cluster.Store.Find(target.Type, target.Namespace, target.Name!) ?? throw ApiError.NotFound(target.Type, target.Name!);
    }

    private static Target Find(string path)
    {
        var parts = path.Trim('/').Split('/').Select(Uri.UnescapeDataString).ToArray();
        var root = parts is ["api", ..] ? 2 : parts is ["apis", ..] ? 3 : throw ApiError.UnknownPath();
        if (parts.Length <= root)
            throw ApiError.UnknownPath();
        var (group, version, rest) = (root == 2 ? "" : parts[1], parts[root - 1], parts[root..]);
        if (rest is ["namespaces", var within, var plural, ..] && ApiType.Find(group, version, plural) is { IsNamespaced: true } type)
            return new(type, within, rest.ElementAtOrDefault(3), rest.ElementAtOrDefault(4));
        type = ApiType.Find(group, version, rest[0]) ?? throw ApiError.UnknownPath();
        return type.IsNamespaced && rest.Length > 1 ? throw ApiError.UnknownPath() : new(type, null, rest.ElementAtOrDefault(1), rest.ElementAtOrDefault(2));
    }

    private static JsonObject Parsed(ApiType type, string body)
    {
        try
        {
            var thing = (JsonObject)JsonNode.Parse(body)!;
            // A body may leave out what it is.
            thing.Default("apiVersion", type.ApiVersion);
            thing.Default("kind", type.Kind);
            return thing;
        }
        catch (JsonException)
        {
            throw ApiError.BadRequest(
                $"the object provided is unrecognized (must be of type {type.Kind}): couldn't get version/kind; json parse error: unexpected end of JSON input ({body[..Math.Min(30, body.Length)]} ...)");
        }
    }

    private static JsonObject Yaml(string body)
    {
        try
        {
            return JsonNode.Parse(body) as JsonObject ?? [];
        }
        catch (JsonException)
        {
            throw ApiError.BadRequest("error decoding YAML: error converting YAML to JSON: yaml: line 1: did not find expected node content");
        }
    }

    private static JsonObject Json(string body) => JsonNode.Parse(body) as JsonObject ?? [];

    private static JsonObject? Options(string body) => body.Length == 0 ? null : JsonNode.Parse(body) as JsonObject;

    private static async Task<string> ReadAsync(HttpRequest request)
    {
        using var reader = new StreamReader(request.Body, Encoding.UTF8);
        return await reader.ReadToEndAsync(request.HttpContext.RequestAborted);
    }

    private static Task WriteAsync(HttpContext context, int code, JsonObject answer)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(answer.ToJsonString(Schema.Plain));
    }

    private static Task WriteTextAsync(HttpContext context, int code, string text)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(text);
    }
}
