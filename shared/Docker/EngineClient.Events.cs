using System.Globalization;
using System.Runtime.CompilerServices;

namespace Paas.Docker;

public sealed partial class EngineClient
{
    /// <summary>Tells of containers with a label that start or end, for as long as it is listened to.</summary>
    /// <param name="label">The label's name.</param>
    /// <param name="names">What the containers' names begin with.</param>
    /// <param name="since">From when on; what the engine remembers of the past comes first.</param>
    /// <param name="cancellation">Ends the listening.</param>
    /// <returns>The label's value, once for each event.</returns>
    /// <exception cref="EngineException">It would not.</exception>
    /// <exception cref="EngineUnreachableException">It does not answer, or has gone away.</exception>
    public async IAsyncEnumerable<string> ListenAsync(string label, string names, DateTimeOffset since, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var happened in EventsAsync(["start", "die"], label, since, cancellation))
        {
            if (IsNamed(happened, names) && happened.Actor?.Attributes?.GetValueOrDefault(label) is { } value)
                yield return value;
        }
    }

    /// <summary>Waits until a container with a label starts.</summary>
    /// <param name="label"><c>name=value</c>.</param>
    /// <param name="names">What the container's name begins with.</param>
    /// <param name="since">From when on: one that has started between then and now counts.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="EngineException">It would not.</exception>
    /// <exception cref="EngineUnreachableException">It does not answer, or has gone away.</exception>
    public async Task WaitForStartAsync(string label, string names, DateTimeOffset since, CancellationToken cancellation)
    {
        await foreach (var happened in EventsAsync(["start"], label, since, cancellation))
        {
            if (IsNamed(happened, names))
                return;
        }
    }

    private static bool IsNamed(EngineEvent happened, string names) =>
        happened.Actor?.Attributes?.GetValueOrDefault("name")?.StartsWith(names, StringComparison.Ordinal) == true;

    private IAsyncEnumerable<EngineEvent> EventsAsync(string[] events, string label, DateTimeOffset since, CancellationToken cancellation)
    {
        var filters = new Dictionary<string, string[]> { ["type"] = ["container"], ["event"] = events, ["label"] = [label] };
        var path = string.Create(CultureInfo.InvariantCulture, $"events?since={since.ToUnixTimeMilliseconds() / 1000.0:F3}&filters={EscapeJson(filters)}");
        return StreamAsync<EngineEvent>(HttpMethod.Get, path, "tell what happens", null, null, cancellation);
    }

    private sealed record EngineEvent(EventActor? Actor);

    private sealed record EventActor(IReadOnlyDictionary<string, string>? Attributes);
}
