using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Paas.Kubernetes;

/// <summary>
/// Reads what an API server refuses with: a Status (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/),
/// or plain text. Messages are for logs, and the API likes to quote what it was sent: values are taken out of them.
/// </summary>
internal static partial class KubernetesErrors
{
    private const int MaxCauses = 20;
    private const int MaxMessage = 1000;

    /// <param name="server">The server.</param>
    /// <param name="request">What it was asked.</param>
    /// <param name="code">The HTTP status.</param>
    /// <param name="body">A Status, or anything else.</param>
    /// <param name="retryAfter">From the answer's header.</param>
    /// <param name="origin">Where the credential comes from.</param>
    public static KubernetesException Read(Uri server, KubernetesRequest request, int code, string body, TimeSpan? retryAfter, string origin)
    {
        var status = Parse(body);
        if (status is null)
        {
            var problem = code switch
            {
                404 => KubernetesProblem.UnknownResource,
                413 => KubernetesProblem.TooLarge,
                _ => ByCode(code),
            };
            // An answer that is no Status may be from a proxy on the way, and quote anything.
            var said = code == 413 ? KubernetesTexts.TooLarge : request.IsSecret ? KubernetesTexts.Withheld("") : Clean(body, MaxMessage);
            return new KubernetesException(Sentence(server, request, code, said, problem, origin), code, "", problem, said) { RetryAfter = retryAfter };
        }

        return Read(server, request, status, code, retryAfter, origin);
    }

    public static KubernetesException Read(Uri server, KubernetesRequest request, JsonObject status, int code, TimeSpan? retryAfter, string origin)
    {
        var reason = Clean(KubernetesObject.Text(status["reason"]) ?? "", 100);
        var raw = KubernetesObject.Text(status["message"]) ?? "";
        var details = status["details"] as JsonObject;
        var causes = (details?["causes"] as JsonArray ?? []).OfType<JsonObject>().Take(MaxCauses)
            .Select(cause => Cause(cause, request.IsSecret)).ToList();
        var problem = Classify(request, code, reason, raw, causes, KubernetesObject.Text(details?["kind"]) ?? "");
        var said = request.IsSecret ? OfSecret(reason, raw, causes) : Clean(raw, MaxMessage);
        if (problem == KubernetesProblem.TooLarge && said.Length == 0)
            said = KubernetesTexts.TooLarge;
        return new KubernetesException(Sentence(server, request, code, said, problem, origin), code, reason, problem, said)
        {
            Causes = causes,
            Details = details is null ? null : new(Detail(details, "name"), Detail(details, "group"), Detail(details, "kind")),
            RetryAfter = retryAfter ?? (KubernetesObject.Number(details?["retryAfterSeconds"]) is > 0 and < 86_400 and var seconds ? TimeSpan.FromSeconds(seconds) : null),
        };
    }

    private static string Detail(JsonObject details, string name) => Clean(KubernetesObject.Text(details[name]) ?? "", 300);

    private static JsonObject? Parse(string body)
    {
        try
        {
            return JsonNode.Parse(body) is JsonObject status && KubernetesObject.Text(status["kind"]) == "Status" ? status : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Sentence(Uri server, KubernetesRequest request, int code, string said, KubernetesProblem problem, string origin) =>
        problem == KubernetesProblem.Unauthorized
            ? KubernetesTexts.Unauthorized(server, request.What, origin)
            : KubernetesTexts.Refused(server, request.What, code, said.Length == 0 ? problem.ToString() : said);

    private static KubernetesProblem Classify(
        KubernetesRequest request, int code, string reason, string message, List<KubernetesCause> causes, string kind)
    {
        bool Has(string cause) => causes.Any(each => each.Reason == cause);
        bool Says(string text) => message.Contains(text, StringComparison.Ordinal);
        return code switch
        {
            400 when Says("is waiting to start") => KubernetesProblem.ContainerWaiting,
            403 when Has("NamespaceTerminating") => KubernetesProblem.NamespaceTerminating,
            403 when Says("is forbidden: exceeded quota") || Says("is forbidden: failed quota") => KubernetesProblem.QuotaExceeded,
            403 when Says("violates PodSecurity") => KubernetesProblem.PodSecurity,
            404 when kind == "namespaces" && request.Type?.Plural != "namespaces" => KubernetesProblem.NamespaceMissing,
            404 when reason.Length > 0 && Says("could not find the requested resource") => KubernetesProblem.UnknownResource,
            409 when reason == "AlreadyExists" => KubernetesProblem.AlreadyExists,
            409 when Has("FieldManagerConflict") => KubernetesProblem.FieldConflict,
            429 when Has("DisruptionBudget") => KubernetesProblem.DisruptionBudget,
            // Errors of what was sent, which the API takes for its own.
            500 when Says("failed to create typed patch object") || Says("failed to convert new object") => KubernetesProblem.Malformed,
            _ => ByCode(code),
        };
    }

    private static KubernetesProblem ByCode(int code) => code switch
    {
        400 or 415 => KubernetesProblem.Malformed,
        401 => KubernetesProblem.Unauthorized,
        403 => KubernetesProblem.Forbidden,
        404 => KubernetesProblem.NotFound,
        409 => KubernetesProblem.StaleObject,
        410 => KubernetesProblem.Expired,
        413 => KubernetesProblem.TooLarge,
        422 => KubernetesProblem.Invalid,
        429 => KubernetesProblem.Throttled,
        >= 500 => KubernetesProblem.Unavailable,
        _ => KubernetesProblem.Other,
    };

    private static KubernetesCause Cause(JsonObject cause, bool isSecret) => new(
        Clean(KubernetesObject.Text(cause["reason"]) ?? "", 100),
        isSecret ? "" : Clean(KubernetesObject.Text(cause["message"]) ?? "", 500),
        Clean(KubernetesObject.Text(cause["field"]) ?? "", 300));

    /// <summary>Of a Secret only what can't hold a value: fields, and what is wrong with them.</summary>
    private static string OfSecret(string reason, string message, List<KubernetesCause> causes)
    {
        if (causes.Count > 0)
            return string.Join(", ", causes.Select(cause => cause.Field.Length == 0 ? cause.Reason : $"{cause.Field}: {cause.Reason}"));
        if (WrongField().Match(message) is { Success: true } field)
            return $"{field.Groups["field"].Value}: expected {field.Groups["expected"].Value}";
        if (message.Contains("illegal base64 data", StringComparison.Ordinal))
            return "a value of data is not Base64";
        // These begin with the object's name and go on with the API's own words.
        return reason is "NotFound" or "AlreadyExists" or "Forbidden" or "Conflict" or "Expired" or "Timeout"
            ? Clean(message, MaxMessage)
            : KubernetesTexts.Withheld(reason);
    }

    /// <summary>One line, without the values that the API quotes.</summary>
    private static string Clean(string text, int limit)
    {
        text = Quoted().Replace(text, "");
        text = Start().Replace(text, "");
        text = Structure().Replace(text, "Invalid value: {…}: ");
        return KubernetesTexts.Line(text, limit);
    }

    // ", got &value.valueUnstructured{Value:"secret"}"
    [GeneratedRegex(@", got &value\..*", RegexOptions.Singleline)]
    private static partial Regex Quoted();

    // `json parse error: … ({"apiVersion":"v1","kind":"Con ...)`
    [GeneratedRegex(@" \(\{.*\.\.\.\)", RegexOptions.Singleline)]
    private static partial Regex Start();

    // A whole pod template, with the values of its variables.
    [GeneratedRegex(@"Invalid value: \{.*\}: ", RegexOptions.Singleline)]
    private static partial Regex Structure();

    [GeneratedRegex(@"(?<field>\.(data|stringData|metadata)[\w.\-]*): expected (?<expected>\w+)")]
    private static partial Regex WrongField();
}
