using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Paas.Kubernetes;

/// <content>Logs.</content>
public sealed partial class KubernetesClient
{
    /// <summary>A longer line is cut into several.</summary>
    internal const int MaxLogLine = 16 * 1024;

    /// <summary>
    /// What a container has printed, line by line, and with <see cref="KubernetesLog.Follow"/> what it prints until it
    /// ends. One that has not been started is <see cref="KubernetesProblem.ContainerWaiting"/>.
    /// </summary>
    /// <param name="namespace">The pod's namespace.</param>
    /// <param name="pod">The pod's name.</param>
    /// <param name="log">Which part.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public async IAsyncEnumerable<KubernetesLogLine> ReadLogAsync(
        string @namespace, string pod, KubernetesLog log, [EnumeratorCancellation] CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(log);
        using var response = await OpenLogAsync(@namespace, pod, log, cancellation);
        await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
        await using var lines = KubernetesLines.ReadAsync(stream, MaxLogLine, tooLong: null, withRest: true, cancellation).GetAsyncEnumerator(cancellation);
        DateTimeOffset? last = null;
        while (await AwayAsync(lines.MoveNextAsync().AsTask(), cancellation))
        {
            var (time, text) = Split(Encoding.UTF8.GetString(lines.Current).TrimEnd('\r'));
            // The node says so with 200 when the log of a container that has ended was collected already.
            if (time is null && text.StartsWith("unable to retrieve container logs for ", StringComparison.Ordinal))
                continue;
            if (time < log.Since)
                continue;
            // A line that was cut has its time in front of its first part only.
            last = time ?? last;
            yield return new(last, text);
        }
    }

    /// <summary>Listens for what a container prints from now on.</summary>
    /// <param name="namespace">The pod's namespace.</param>
    /// <param name="pod">The pod's name.</param>
    /// <param name="container">The container; null if the pod has only one.</param>
    /// <param name="cancellation">Ends the listening.</param>
    /// <returns>When it listens, a task for what happens first: true when something was printed, false when the container has ended.</returns>
    public async Task<Task<bool>> ListenToLogAsync(string @namespace, string pod, string? container, CancellationToken cancellation)
    {
        // The server sends the head of its answer when it has begun to follow.
        var response = await OpenLogAsync(@namespace, pod, new() { Container = container, Follow = true, Tail = 0 }, cancellation);
        return HearAsync();

        async Task<bool> HearAsync()
        {
            using (response)
            {
                await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
                return await AwayAsync(stream.ReadAsync(new byte[1], cancellation).AsTask(), cancellation) > 0;
            }
        }
    }

    private async Task<HttpResponseMessage> OpenLogAsync(string @namespace, string pod, KubernetesLog log, CancellationToken cancellation)
    {
        var type = KubernetesResource.Pods;
        var query = KubernetesRequest.Query(
            ("container", log.Container), ("follow", log.Follow ? "true" : null), ("previous", log.Previous ? "true" : null), ("timestamps", "true"),
            ("sinceTime", log.Since?.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture)),
            ("tailLines", log.Tail?.ToString(CultureInfo.InvariantCulture)), ("limitBytes", log.MaxBytes?.ToString(CultureInfo.InvariantCulture)));
        var request = new KubernetesRequest(HttpMethod.Get, type.Path(@namespace, pod, "log") + query, KubernetesTexts.To("show the log of", type, @namespace, pod)) { Type = type };
        using var head = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        return await AwayAsync(SendAsync(request, head, cancellation), cancellation);
    }

    private static (DateTimeOffset?, string) Split(string line)
    {
        var blank = line.IndexOf(' ', StringComparison.Ordinal);
        var stamp = blank < 0 ? line : line[..blank];
        return stamp.Length is >= 20 and <= 40
            && DateTimeOffset.TryParse(stamp, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
                ? (time, blank < 0 ? "" : line[(blank + 1)..])
                : (null, line);
    }

    private async Task<T> AwayAsync<T>(Task<T> answer, CancellationToken cancellation)
    {
        try
        {
            return await answer;
        }
        catch (Exception exception) when (IsAway(exception, cancellation))
        {
            throw Away(exception);
        }
    }
}

/// <summary>Which part of a container's log.</summary>
public sealed record KubernetesLog
{
    /// <summary>The container; null if the pod has only one.</summary>
    public string? Container { get; init; }

    /// <summary>Wait for more.</summary>
    public bool Follow { get; init; }

    /// <summary>That of the container before the last restart; there may be none any more.</summary>
    public bool Previous { get; init; }

    /// <summary>From when on; null for all.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>How many of the lines that are there already; null for all.</summary>
    public int? Tail { get; init; }

    /// <summary>The most the server is to send; null for no limit.</summary>
    public long? MaxBytes { get; init; }
}

/// <summary>A line a container has printed.</summary>
/// <param name="Time">When; null if it can't be told.</param>
/// <param name="Text">Without the line's end.</param>
public sealed record KubernetesLogLine(DateTimeOffset? Time, string Text);
