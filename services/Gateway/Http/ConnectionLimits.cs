using System.Globalization;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace Paas.Gateway.Http;

/// <summary>
/// How many connections the gateway takes: what the process may open, and the memory it has, less what it needs itself. A
/// process with more connections than file descriptors does not survive.
/// </summary>
/// <param name="Visitors">Connections of visitors; for each there can be one to an app.</param>
/// <param name="Upgraded">Those of them that may be WebSockets, which do not end soon.</param>
/// <param name="IdleToApps">Connections to apps above which none is kept for the next request.</param>
internal sealed record ConnectionLimits(int Visitors, int Upgraded, int IdleToApps)
{
    /// <summary>Database, broker, files, and in a standalone platform the pipes of builds and apps.</summary>
    private const int Reserved = 256;

    /// <summary>A head that never ends may take half of this, and a body that is not read the other half.</summary>
    private const int BytesEach = 64 * 1024;

    private const int WithoutLimit = 10_000;

    public static ConnectionLimits From(IOptions<GatewayOptions> options) =>
        For(options.Value.MaxConnections, Descriptors(), GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);

    /// <param name="wanted">What the operator wants at most; null for as many as there can be.</param>
    /// <param name="descriptors">How many the process may have; null if the system does not tell.</param>
    /// <param name="memory">What the process may use, in bytes.</param>
    public static ConnectionLimits For(int? wanted, int? descriptors, long memory)
    {
        // Two for each visitor, and a fifth of them to spare.
        var free = (descriptors ?? (WithoutLimit * 3)) is var all ? all - Math.Min(Reserved, all / 2) : 0;
        var visitors = (int)Math.Max(8, Math.Min(Math.Min(free * 2L / 5, memory / 2 / BytesEach), wanted ?? int.MaxValue));
        return new ConnectionLimits(visitors, Math.Max(4, visitors / 2), visitors + Math.Max(2, visitors / 4));
    }

    /// <summary>The runtime has raised the soft limit to the hard one when it started.</summary>
    private static int? Descriptors()
    {
        const string file = "/proc/self/limits";
        if (!File.Exists(file))
            return null;
        var line = File.ReadLines(file).FirstOrDefault(line => line.StartsWith("Max open files", StringComparison.Ordinal));
        return line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, _, _, var soft, ..]
            && int.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? limit : null;
    }
}

/// <summary>What strangers may cost the server before anything of ours sees them.</summary>
internal sealed partial class ServerLimits(ConnectionLimits connections, ILogger<ServerLimits> logger) : IConfigureOptions<KestrelServerOptions>
{
    private const int MaxBufferBytes = 64 * 1024;

    public void Configure(KestrelServerOptions options)
    {
        options.AddServerHeader = false;
        // A character for each byte: what visitors and apps write in other encodings passes as it is.
        options.RequestHeaderEncodingSelector = _ => System.Text.Encoding.Latin1;
        options.ResponseHeaderEncodingSelector = _ => System.Text.Encoding.Latin1;
        var limits = options.Limits;
        limits.MaxConcurrentConnections = connections.Visitors;
        limits.MaxConcurrentUpgradedConnections = connections.Upgraded;
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        limits.KeepAliveTimeout = TimeSpan.FromSeconds(75);
        limits.MaxRequestLineSize = 8 * 1024;
        limits.MaxRequestHeadersTotalSize = 32 * 1024;
        limits.MaxRequestHeaderCount = 100;
        limits.MaxRequestBufferSize = MaxBufferBytes;
        limits.MaxResponseBufferSize = MaxBufferBytes;
        Log.Limits(logger, connections.Visitors, connections.Upgraded);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Takes up to {Visitors} connections at a time, {Upgraded} of them WebSockets")]
        public static partial void Limits(ILogger logger, int visitors, int upgraded);
    }
}
