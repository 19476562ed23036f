using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Paas.Kubernetes;

/// <content>Watches.</content>
public sealed partial class KubernetesClient
{
    /// <summary>Objects of more than that the cluster does not store.</summary>
    private const int MaxEvent = 8 * 1024 * 1024;

    /// <summary>After this time the server ends a watch, and it is begun again where it was.</summary>
    internal TimeSpan WatchTime { get; init; } = TimeSpan.FromMinutes(4);

    /// <summary>
    /// Tells what is there (as <see cref="KubernetesChange.Added"/>), then each change, in order, for as long as it is
    /// listened to. A connection that ends is made anew where it was; if the server has forgotten that place, all is
    /// listed, and what differs from what was told before is told. So the state is never told wrong, and no state
    /// twice; but of several changes in a gap only the last is told.
    /// </summary>
    /// <param name="type">The type of the objects.</param>
    /// <param name="namespace">Their namespace; null for all.</param>
    /// <param name="cancellation">Ends the watch.</param>
    /// <param name="labels">A selector such as <c>app=shop,tier!=db</c>; null for all.</param>
    /// <param name="fields">A selector such as <c>metadata.name=web</c>; null for all.</param>
    public async IAsyncEnumerable<KubernetesEvent> WatchAsync(
        KubernetesResource type, string? @namespace, [EnumeratorCancellation] CancellationToken cancellation, string? labels = null, string? fields = null)
    {
        ArgumentNullException.ThrowIfNull(type);
        var seen = new KubernetesView(type);
        var failures = new WatchFailures(_watchPatience, _clock);
        string? version = null;
        while (true)
        {
            if (version is null)
            {
                var list = await failures.TryAsync<KubernetesList>(async () => await ListAsync(type, @namespace, cancellation, labels, fields), cancellation);
                if (list is null)
                {
                    await failures.WaitAsync(cancellation);
                    continue;
                }

                version = list.ResourceVersion;
                foreach (var told in seen.Replace(list.Items))
                    yield return told;
            }

            var query = KubernetesRequest.Query(
                ("watch", "1"), ("allowWatchBookmarks", "true"), ("resourceVersion", version), ("labelSelector", labels), ("fieldSelector", fields),
                ("timeoutSeconds", ((int)WatchTime.TotalSeconds).ToString(CultureInfo.InvariantCulture)));
            var request = new KubernetesRequest(HttpMethod.Get, type.Path(@namespace) + query, KubernetesTexts.ToAll("watch", type, @namespace)) { Type = type };
            // A server that neither ends the watch nor says anything is gone.
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            limit.CancelAfter(WatchTime + _timeout);
            var events = StreamAsync(request, limit.Token, cancellation).GetAsyncEnumerator(cancellation);
            try
            {
                while (await failures.TryAsync(async () => await AwayAsync(events.MoveNextAsync().AsTask(), cancellation) ? events.Current : null, cancellation) is { } change)
                {
                    if (change.Type == "ERROR")
                    {
                        var error = KubernetesErrors.Read(
                            Server, request, change.Object, (int)KubernetesObject.Number(change.Object["code"]), retryAfter: null, _access.Value.Origin);
                        // All anew; other errors within a watch are said to pass by beginning again.
                        if (error.Problem == KubernetesProblem.Expired)
                            version = null;
                        else if (!error.IsTransient)
                            throw error;
                        failures.Add(error);
                        break;
                    }

                    var thing = new KubernetesObject(change.Object);
                    if (thing.ResourceVersion.Length > 0)
                        version = thing.ResourceVersion;
                    if (seen.Take(change.Type, thing) is { } told)
                        yield return told;
                }
            }
            finally
            {
                await events.DisposeAsync();
            }

            if (failures.Expired)
                version = null;
            await failures.WaitAsync(cancellation);
        }
    }

    private async IAsyncEnumerable<WatchedEvent> StreamAsync(KubernetesRequest request, CancellationToken limited, [EnumeratorCancellation] CancellationToken cancellation)
    {
        HttpResponseMessage response;
        using (var head = CancellationTokenSource.CreateLinkedTokenSource(limited))
        {
            // Until it begins it is a request like others.
            response = await SendAsync(request, head, cancellation);
        }

        using (response)
        {
            await using var stream = await response.Content.ReadAsStreamAsync(limited);
            var tooLong = () => new KubernetesUnreachableException(KubernetesTexts.TooMuch(Server, request.What, MaxEvent));
            // What was cut off in the middle of a line comes again.
            await foreach (var line in KubernetesLines.ReadAsync(stream, MaxEvent, tooLong, withRest: false, limited))
            {
                if (line.AsSpan().Trim(" \r\t"u8).Length == 0)
                    continue;
                JsonObject? read;
                try
                {
                    read = JsonNode.Parse(line) as JsonObject;
                }
                catch (JsonException exception)
                {
                    throw new KubernetesUnreachableException(KubernetesTexts.NotAnApi(Server, request.What), exception);
                }

                if (read?["object"] is not JsonObject thing || KubernetesObject.Text(read["type"]) is not { } kind)
                    throw new KubernetesUnreachableException(KubernetesTexts.NotAnApi(Server, request.What));
                read.Remove("object");
                yield return new(kind, thing);
            }
        }
    }

    private sealed record WatchedEvent(string Type, JsonObject Object);
}

/// <summary>What has happened to an object.</summary>
public enum KubernetesChange
{
    /// <summary>It is there, and was not told of before.</summary>
    Added,

    /// <summary>It has changed.</summary>
    Modified,

    /// <summary>It is gone, or no longer one of those that were asked for.</summary>
    Deleted,
}

/// <summary>A change of an object.</summary>
/// <param name="Change">What has happened.</param>
/// <param name="Thing">The object after it; of one that is gone, the last that is known.</param>
public sealed record KubernetesEvent(KubernetesChange Change, KubernetesObject Thing);
