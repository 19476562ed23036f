using System.Globalization;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;

namespace Paas.Servers.Kubernetes;

internal enum WatchEnd
{
    Clean,
    MidLine,
    Abort,
    Bookmark,
}

/// <summary>Those who watch.</summary>
internal sealed class ApiWatches(ApiStore store)
{
    private readonly List<Watch> _open = [];

    public int Count
    {
        get
        {
            lock (_open)
                return _open.Count;
        }
    }

    public void End(WatchEnd how)
    {
        lock (_open)
        {
            foreach (var watch in _open)
                watch.Tell(how);
        }
    }

    public async Task WriteAsync(HttpContext context, ApiType type, string? within)
    {
        var watch = new Watch(store, context, type, within);
        lock (_open)
            _open.Add(watch);
        try
        {
            await watch.RunAsync();
        }
        finally
        {
            lock (_open)
                _open.Remove(watch);
        }
    }

    private sealed class Watch(ApiStore store, HttpContext context, ApiType type, string? within)
    {
        private readonly Func<JsonObject, bool> _selects = Selectors.Parse(context.Request.Query["labelSelector"], context.Request.Query["fieldSelector"]);
        private readonly bool _wantsBookmarks = context.Request.Query["allowWatchBookmarks"].ToString() is "1" or "true";
        private readonly Channel<WatchEnd> _told = Channel.CreateUnbounded<WatchEnd>();
        private long _at;

        public void Tell(WatchEnd how) => _told.Writer.TryWrite(how);

        public async Task RunAsync()
        {
            var query = context.Request.Query;
            context.Response.ContentType = "application/json";
            await context.Response.StartAsync();
            // The head comes at once, not with the first event.
            await context.Response.Body.FlushAsync(context.RequestAborted);
            if (!await BeginAsync(query))
                return;
            var seconds = int.TryParse(query["timeoutSeconds"], NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? given : 300;
            var end = Task.Delay(TimeSpan.FromSeconds(seconds), context.RequestAborted);
            var told = _told.Reader.WaitToReadAsync(context.RequestAborted).AsTask();
            while (true)
            {
                Task changed;
                IReadOnlyList<Happened> happened;
                lock (store.Gate)
                    (changed, happened) = (store.Changed, store.After(_at, type));
                foreach (var each in happened)
                {
                    _at = each.Version;
                    if (Translate(each) is { } change)
                        await WriteAsync(change, each.Thing);
                }

                if (happened.Count > 0)
                    continue;
                await Task.WhenAny(changed, end, told);
                if (end.IsCompleted)
                    return;
                if (!told.IsCompleted)
                    continue;
                var how = await _told.Reader.ReadAsync(context.RequestAborted);
                told = _told.Reader.WaitToReadAsync(context.RequestAborted).AsTask();
                if (how == WatchEnd.Bookmark && _wantsBookmarks)
                    await WriteAsync("BOOKMARK", Bookmark());
                if (how == WatchEnd.MidLine)
                {
                    await context.Response.WriteAsync("{\"type\":\"MODIFIED\",\"object\":{\"kind\":\"", context.RequestAborted);
                    await context.Response.Body.FlushAsync(context.RequestAborted);
                }

                if (how is WatchEnd.MidLine or WatchEnd.Abort)
                    context.Abort();
                if (how != WatchEnd.Bookmark)
                    return;
            }
        }

        private async Task<bool> BeginAsync(IQueryCollection query)
        {
            var wantsAll = query["sendInitialEvents"] == "true";
            if (!wantsAll && long.TryParse(query["resourceVersion"], NumberStyles.None, CultureInfo.InvariantCulture, out _at) && _at > 0)
            {
                if (_at >= store.Oldest)
                    return true;
                await WriteAsync("ERROR", ApiError.Make(410, "Expired", $"too old resource version: {_at} ({store.Oldest})"));
                return false;
            }

            List<JsonObject> there;
            lock (store.Gate)
            {
                there = [.. store.All(type, within).Where(each => _selects(each.Thing)).Select(each => each.Show())];
                _at = store.Version;
            }

            foreach (var thing in there)
                await WriteAsync("ADDED", thing);
            if (wantsAll && _wantsBookmarks)
            {
                var mark = Bookmark();
                mark.Ensure("metadata", "annotations")["k8s.io/initial-events-end"] = "true";
                await WriteAsync("BOOKMARK", mark);
            }

            return true;
        }

        private string? Translate(Happened happened)
        {
            if (within is not null && happened.Thing.Namespace() != within)
                return null;
            var (was, matches) = (happened.Before is { } before && _selects(before), _selects(happened.Thing));
            return happened.Change switch
            {
                "DELETED" => was ? "DELETED" : null,
                _ when was && matches => "MODIFIED",
                _ when matches => "ADDED",
                _ => was ? "DELETED" : null,
            };
        }

        private JsonObject Bookmark() => new()
        {
            ["kind"] = type.Kind,
            ["apiVersion"] = type.ApiVersion,
            ["metadata"] = new JsonObject { ["resourceVersion"] = Math.Max(_at, store.Version).ToString(CultureInfo.InvariantCulture) },
        };

        private async Task WriteAsync(string change, JsonObject thing)
        {
            var line = new JsonObject { ["type"] = change, ["object"] = thing.DeepClone() }.ToJsonString(Schema.Plain) + "\n";
            await context.Response.WriteAsync(line, context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }
    }
}
