using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Paas.Servers.Kubernetes;

/// <summary>What containers have printed.</summary>
internal sealed class ApiLogs(Cluster cluster)
{
    public async Task WriteAsync(HttpContext context, string within, string name)
    {
        var query = context.Request.Query;
        var type = ApiType.Of("pods");
        ContainerLog log;
        lock (cluster.Store.Gate)
        {
            var pod = cluster.Store.Find(type, within, name)?.Thing ?? throw ApiError.NotFound(type, name);
            log = Find(pod, query["container"].ToString(), query["previous"] == "true", out var collected) ?? throw ApiError.BadRequest("no log");
            if (collected is not null)
                log = ContainerLog.Of(collected);
        }

        context.Response.ContentType = "text/plain";
        await context.Response.StartAsync();
        var at = 0;
        var stamped = query["timestamps"] == "true";
        if (int.TryParse(query["tailLines"], NumberStyles.None, CultureInfo.InvariantCulture, out var tail))
            at = Math.Max(0, log.Count - tail);
        var since = DateTimeOffset.TryParse(query["sinceTime"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : DateTimeOffset.MinValue;
        while (true)
        {
            var (lines, isOver, more) = log.From(at);
            foreach (var line in lines.Where(line => line.Time >= since))
                await context.Response.WriteAsync($"{(stamped && line.Time != default ? $"{line.Time:yyyy-MM-ddTHH:mm:ss.fffffff}00Z " : "")}{line.Text}{(line.Time == default ? "" : "\n")}", context.RequestAborted);
            at += lines.Count;
            await context.Response.Body.FlushAsync(context.RequestAborted);
            if (lines.Count == 0 && (isOver || query["follow"] != "true"))
                return;
            if (lines.Count == 0)
                await more.WaitAsync(context.RequestAborted);
        }
    }

    private ContainerLog? Find(JsonObject pod, string container, bool previous, out string? collected)
    {
        collected = null;
        var names = pod.Items("spec", "containers").Select(each => each.Text("name")!).ToList();
        if (container.Length == 0)
            container = names.Count == 1 ? names[0] : throw ApiError.BadRequest($"a container name must be specified for pod {pod.Name()}, choose one of: [{string.Join(' ', names)}]");
        if (!names.Contains(container))
            throw ApiError.BadRequest($"container {container} is not valid for pod {pod.Name()}");
        var status = pod.Items("status", "containerStatuses").FirstOrDefault(each => each.Text("name") == container);
        if (previous)
        {
            if (cluster.CollectsPrevious && status.At("lastState", "terminated") is not null)
            {
                collected = $"unable to retrieve container logs for {status.Text("lastState", "terminated", "containerID")}";
                return ContainerLog.Of("");
            }

            return cluster.Kubelet.Logs.Previous(pod.Uid(), container) ?? throw ApiError.BadRequest($"previous terminated container \"{container}\" in pod \"{pod.Name()}\" not found");
        }

        if (cluster.Kubelet.Logs.Current(pod.Uid(), container) is { } log)
            return log;
        var why = status.Text("state", "waiting", "reason") switch
        {
            "ImagePullBackOff" => "image can't be pulled",
            "ErrImagePull" => "trying and failing to pull image",
            { } reason => reason,
            null => "ContainerCreating",
        };
        throw ApiError.BadRequest($"container \"{container}\" in pod \"{pod.Name()}\" is waiting to start: {why}");
    }
}

/// <summary>What one run of a container has printed.</summary>
internal sealed class ContainerLog
{
    private readonly List<(DateTimeOffset Time, string Text)> _lines = [];
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isOver;

    public int Count
    {
        get
        {
            lock (_lines)
                return _lines.Count;
        }
    }

    public static ContainerLog Of(string sentence)
    {
        var log = new ContainerLog { _isOver = true };
        log._lines.Add((default, sentence));
        return log;
    }

    public void Print(string line)
    {
        lock (_lines)
            _lines.Add((DateTimeOffset.UtcNow, line));
        Wake(false);
    }

    public void End() => Wake(true);

    public (IReadOnlyList<(DateTimeOffset Time, string Text)> Lines, bool IsOver, Task More) From(int start)
    {
        lock (_lines)
            return ([.. _lines.Skip(start)], _isOver, _more.Task);
    }

    private void Wake(bool isOver)
    {
        TaskCompletionSource before;
        lock (_lines)
        {
            _isOver |= isOver;
            (before, _more) = (_more, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        before.TrySetResult();
    }
}
