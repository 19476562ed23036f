using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Paas.Kubernetes.Tests.Api;

/// <summary>A request that a real API server was sent, and its answer, in which what is never the same twice is replaced.</summary>
internal sealed partial record Transcript
{
    public required string Name { get; init; }
    public required string Method { get; init; }
    public required string Path { get; init; }
    public string? ContentType { get; init; }

    /// <summary>Who asks; null for one who may do everything.</summary>
    public string? As { get; init; }
    public JsonNode? Body { get; init; }
    public required int Status { get; init; }
    public Dictionary<string, string> Headers { get; init; } = [];
    public bool IsText { get; init; }

    /// <summary>Whether of a watch that tells events each one counts that differs from the others, however often and in whatever order it comes.</summary>
    public bool IsSet { get; init; }

    /// <summary>An object, a text, or the events of a watch, of which long ones have the first and the last only.</summary>
    public JsonNode? Answer { get; init; }

    private static readonly JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static IReadOnlyList<Transcript> Read(string theme) =>
        JsonSerializer.Deserialize<List<Transcript>>(File.ReadAllText(System.IO.Path.Combine(AppContext.BaseDirectory, "Transcripts", $"{theme}.json")), JsonSerializerOptions.Web)!;

    /// <summary>The body as it was sent; long values are kept short in the file.</summary>
    public string? Text() => Body switch
    {
        null => null,
        JsonValue text => text.GetValue<string>(),
        _ => Filler().Replace(Body.ToJsonString(Plain), filler => new string('x', int.Parse(filler.Groups[1].Value))),
    };

    /// <summary>Where two answers differ.</summary>
    public static IEnumerable<string> Differences(JsonNode? expected, JsonNode? actual, Func<string, bool> ignores, string path = "")
    {
        if (ignores(path))
            yield break;
        if (expected is JsonObject left && actual is JsonObject right)
        {
            foreach (var name in left.Select(entry => entry.Key).Union(right.Select(entry => entry.Key)))
            {
                var at = path.Length == 0 ? name : $"{path}.{name}";
                if (ignores(at))
                    continue;
                if (name == "managedFields" && !(left.ContainsKey(name) && right.ContainsKey(name)))
                {
                    foreach (var difference in Owners(left[name] ?? new JsonArray(), right[name] ?? new JsonArray(), at))
                        yield return difference;
                }
                else if (!right.ContainsKey(name))
                    yield return $"{at} is missing: {left[name]?.ToJsonString(Plain)}";
                else if (!left.ContainsKey(name))
                    yield return $"{at} is too much: {right[name]?.ToJsonString(Plain)}";
                else
                {
                    foreach (var difference in name == "managedFields" ? Owners(left[name]!, right[name]!, at) : Differences(left[name], right[name], ignores, at))
                        yield return difference;
                }
            }
        }
        else if (expected is JsonArray first && actual is JsonArray second)
        {
            if (first.Count != second.Count)
                yield return $"{path} has {second.Count} items, not {first.Count}: {Normal(second.ToJsonString(Plain))}";
            for (var i = 0; i < Math.Min(first.Count, second.Count); i++)
            {
                foreach (var difference in Differences(first[i], second[i], ignores, $"{path}[{i}]"))
                    yield return difference;
            }
        }
        else if (Normal(expected?.ToJsonString(Plain) ?? "null", path) is var wanted && Normal(actual?.ToJsonString(Plain) ?? "null", path) is var found && wanted != found)
        {
            yield return $"{path} is {found}, not {wanted}";
        }
    }

    /// <summary>Without what is never the same twice: names that are made up, versions, times, addresses.</summary>
    public static string Normal(string text, string path = "")
    {
        var name = path[(path.LastIndexOf('.') + 1)..];
        if (name is "uid" or "resourceVersion" or "continue" or "token" or "clusterIP" or "podIP" or "ip" or "imageID" || path.EndsWith("clusterIPs[0]", StringComparison.Ordinal) || path.EndsWith("addresses[0]", StringComparison.Ordinal))
            return $"<{name}>";
        text = Time().Replace(text, "<time>");
        text = Uid().Replace(text, uid => uid.Value.StartsWith("11111111", StringComparison.Ordinal) ? uid.Value : "<uid>");
        text = Digest().Replace(text, "<digest>");
        text = EventTime().Replace(text, ".<time>");
        text = MadeUpPod().Replace(text, "$1-<hash>-<id>");
        text = MadeUpSet().Replace(text, "$1-<hash>");
        text = MadeUpSlice().Replace(text, "\"web-<id>\"");
        text = text.Replace("\"<hash>\"", "<hash>", StringComparison.Ordinal);
        return name is "pod-template-hash" ? "<hash>" : VersionNumbers().Replace(text, "$1<version>");
    }

    private static IEnumerable<string> Owners(JsonNode expected, JsonNode actual, string path)
    {
        static string Name(JsonNode? owner) => $"{owner!["manager"]} {owner["operation"]} {owner["subresource"]}";
        // Those who prepared the recording and this test, and the controllers, which are noted with the status they write but not with all else.
        static bool Counts(JsonNode? owner) => (string?)owner!["manager"] is not ("kube-controller-manager" or "kubelet" or "kube-apiserver" or "kube-scheduler" or "test") && Name(owner) != "curl Update ";
        var (wanted, found) = (expected.AsArray().Where(Counts).ToList(), actual.AsArray().Where(Counts).ToList());
        var (left, right) = (wanted.Select(Name).Order(), found.Select(Name).Order());
        if (!left.SequenceEqual(right))
            yield return $"{path} are of {string.Join(", ", right)}, not of {string.Join(", ", left)}";
        foreach (var owner in wanted.Where(owner => owner!["fieldsV1"] is not null))
        {
            var same = found.FirstOrDefault(each => Name(each) == Name(owner));
            foreach (var difference in Differences(owner!["fieldsV1"], same?["fieldsV1"], _ => false, $"{path}[{Name(owner)}]"))
                yield return difference;
        }
    }

    [GeneratedRegex("<([0-9]+) x>")]
    private static partial Regex Filler();

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")]
    private static partial Regex Time();

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")]
    private static partial Regex Uid();

    [GeneratedRegex("(?<=containerd://|sha256:)[0-9a-f]{64}")]
    private static partial Regex Digest();

    [GeneratedRegex(@"(?<=-[0-9a-z]{5})\.[0-9a-f]{16}\b")]
    private static partial Regex EventTime();

    [GeneratedRegex(@"\b([a-z]+)-[0-9a-z]{8,10}-[0-9a-z]{5}(?![0-9a-z])")]
    private static partial Regex MadeUpPod();

    [GeneratedRegex(@"\b([a-z]+)-(?=[a-z]*[0-9])[bcdfghjklmnpqrstvwxz2456789]{7,10}\b")]
    private static partial Regex MadeUpSet();

    [GeneratedRegex("\"web-[bcdfghjklmnpqrstvwxz2456789]{5}\"")]
    private static partial Regex MadeUpSlice();

    [GeneratedRegex(@"(resource version: |current: |\()[0-9]+(?=\)|,|""|\b)")]
    private static partial Regex VersionNumbers();
}
