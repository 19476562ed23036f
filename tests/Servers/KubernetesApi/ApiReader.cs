using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Paas.Servers.Kubernetes;

/// <summary>Lists, in pages.</summary>
internal sealed class ApiReader(ApiStore store)
{
    private const string TooOldToContinue =
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response "
        + "to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the "
        + "first chunk was returned and now may show up in the list.";

    private readonly Dictionary<string, (long Version, List<JsonObject> Left)> _pages = [];

    public JsonObject List(ApiType type, string? within, IQueryCollection query)
    {
        lock (store.Gate)
        {
            var (version, items) = Begin(type, within, query);
            var metadata = new JsonObject { ["resourceVersion"] = version.ToString(CultureInfo.InvariantCulture) };
            if (int.TryParse(query["limit"], NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit > 0 && items.Count > limit)
            {
                var token = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{{\"v\":\"meta.k8s.io/v1\",\"rv\":{version},\"start\":\"/{items[limit - 1].Name()}\\u0000\"}}")).TrimEnd('=');
                _pages[token] = (version, items[limit..]);
                metadata["continue"] = token;
                if (query["labelSelector"].Count == 0 && query["fieldSelector"].Count == 0)
                    metadata["remainingItemCount"] = items.Count - limit;
                items = items[..limit];
            }

            foreach (var item in items)
            {
                item.Remove("kind");
                item.Remove("apiVersion");
            }

            return new JsonObject { ["kind"] = $"{type.Kind}List", ["apiVersion"] = type.ApiVersion, ["metadata"] = metadata, ["items"] = new JsonArray([.. items]) };
        }
    }

    private (long, List<JsonObject>) Begin(ApiType type, string? within, IQueryCollection query)
    {
        if (query["continue"].ToString() is { Length: > 0 } token)
        {
            var (version, rest) = _pages.TryGetValue(token, out var page) ? page : throw ApiError.BadRequest("continue key is not valid");
            if (version >= store.Oldest)
                return (version, [.. rest.Select(item => (JsonObject)item.DeepClone())]);
            var error = ApiError.Expired(TooOldToContinue);
            // Who does not mind what has changed between may go on all the same.
            var next = token + "x";
            _pages[next] = (store.Version, rest);
            error.Status!.Ensure("metadata")["continue"] = next;
            throw error;
        }

        if (long.TryParse(query["resourceVersion"], NumberStyles.None, CultureInfo.InvariantCulture, out var asked))
        {
            if (asked > store.Version)
                throw ApiError.TooLargeVersion(asked, store.Version);
            if (query["resourceVersionMatch"] == "Exact" && asked < store.Oldest)
                throw ApiError.Expired("The resourceVersion for the provided list is too old.");
        }

        var selector = Selectors.Parse(query["labelSelector"], query["fieldSelector"]);
        return (store.Version, [.. store.All(type, within).Where(each => selector(each.Thing)).Select(each => each.Show())]);
    }
}
