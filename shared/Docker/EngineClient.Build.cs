using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Paas.Docker;

/// <content>Builds.</content>
public sealed partial class EngineClient
{
    /// <summary>
    /// Builds an image, for as long as it takes. Whoever stops listening ends the build, and nothing of it is left.
    /// The stream ends after a message with an error, if there is one.
    /// </summary>
    /// <param name="build">What is to be built.</param>
    /// <param name="context">A tar archive with all the build may read.</param>
    /// <param name="cancellation">Ends the build.</param>
    /// <exception cref="EngineException">The engine would not begin.</exception>
    /// <exception cref="EngineUnreachableException">It does not answer, or has gone away in the middle.</exception>
    public IAsyncEnumerable<BuildMessage> BuildAsync(BuildRequest build, HttpContent context, CancellationToken cancellation) =>
        StreamAsync<BuildMessage>(HttpMethod.Post, $"build?{build.Query}", $"build {build.Tag}", context, null, cancellation);
}

/// <summary>An image to be built.</summary>
public sealed record BuildRequest
{
    private const int CpuPeriod = 100_000;

    /// <summary>The name it gets: <c>paas/shop:1234-1</c>.</summary>
    public required string Tag { get; init; }

    /// <summary>The Dockerfile's path in the context.</summary>
    public required string Dockerfile { get; init; }

    /// <summary>Labels of the image.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Values for the Dockerfile's <c>ARG</c>s.</summary>
    public IReadOnlyDictionary<string, string> Args { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Whose the cache mounts of the build are: <c>RUN --mount=type=cache</c> finds what other builds with the same value
    /// have left there. Only BuildKit has them.
    /// </summary>
    public required string CacheNamespace { get; init; }

    /// <summary>The stage to build; null for the last.</summary>
    public string? Target { get; init; }

    /// <summary>Run every step, whatever was built before.</summary>
    public bool NoCache { get; init; }

    /// <summary>The most memory a step may use; null for no limit.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>How many processors a step may keep busy; null for all.</summary>
    public double? Cpus { get; init; }

    /// <summary>
    /// The control group in which the steps run: <c>/paas-builds</c>, or <c>paas-builds.slice</c> where systemd has the
    /// groups; null for the engine's. One that is not there is made, without limits.
    /// </summary>
    public string? CgroupParent { get; init; }

    /// <summary>Whether the classic builder does it: BuildKit, which is faster, knows no limits.</summary>
    public bool IsClassic => MemoryBytes is not null || Cpus is not null || CgroupParent is not null;

    private Dictionary<string, string> AllArgs
    {
        get
        {
            var args = new Dictionary<string, string>(Args, StringComparer.Ordinal);
            if (!IsClassic)
                args["BUILDKIT_CACHE_MOUNT_NS"] = CacheNamespace;
            return args;
        }
    }

    internal string Query
    {
        get
        {
            // Nothing a failed or ended build has made stays.
            var query = new StringBuilder($"version={(IsClassic ? 1 : 2)}&rm=1&forcerm=1&t={EngineClient.Escape(Tag)}&dockerfile={EngineClient.Escape(Dockerfile)}");
            query.Append(CultureInfo.InvariantCulture, $"&labels={EngineClient.EscapeJson(Labels)}&buildargs={EngineClient.EscapeJson(AllArgs)}");
            if (Target is not null)
                query.Append(CultureInfo.InvariantCulture, $"&target={EngineClient.Escape(Target)}");
            if (NoCache)
                query.Append("&nocache=1");
            // As much memory and swap together as memory: none of it is swapped.
            if (MemoryBytes is { } memory)
                query.Append(CultureInfo.InvariantCulture, $"&memory={memory}&memswap={memory}");
            if (Cpus is { } cpus)
                query.Append(CultureInfo.InvariantCulture, $"&cpuperiod={CpuPeriod}&cpuquota={(long)(cpus * CpuPeriod)}");
            if (CgroupParent is not null)
                query.Append(CultureInfo.InvariantCulture, $"&cgroupparent={EngineClient.Escape(CgroupParent)}");
            return query.ToString();
        }
    }
}

/// <summary>What the engine says while it builds.</summary>
/// <param name="Stream">Output of the classic builder, in pieces of any length.</param>
/// <param name="Error">Why the build has failed, in the engine's words; the last message.</param>
/// <param name="Id"><c>moby.buildkit.trace</c> or another kind of <paramref name="Aux"/>.</param>
/// <param name="Aux">What programs are told.</param>
public sealed record BuildMessage(string? Stream, string? Error, string? Id, JsonElement? Aux)
{
    /// <summary>Progress of BuildKit; null if this is something else.</summary>
    public BuildTrace? Trace => Id == "moby.buildkit.trace" && Aux is { ValueKind: JsonValueKind.String } aux && aux.TryGetBytesFromBase64(out var bytes)
        ? BuildTrace.Read(bytes)
        : null;
}
