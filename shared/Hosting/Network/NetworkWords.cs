using System.Globalization;
using System.Text.RegularExpressions;

namespace Paas.Hosting.Network;

/// <summary>
/// Reads from one error of a tool, an engine or a cluster whether the network was in the way. Only for words that are
/// known to be about a transfer: an app that prints the same is not meant. See <see cref="ToolOutput"/> for output.
/// </summary>
public static partial class NetworkWords
{
    // In this order: what is more specific comes first. "tls: handshake timeout" is late, not insecure.
    private static readonly (NetworkProblem Problem, Regex Words)[] Known =
    [
        (NetworkProblem.ProxyFailed, Proxy()),
        (NetworkProblem.TooManyRequests, TooMany()),
        (NetworkProblem.NameNotResolved, Name()),
        (NetworkProblem.NoConnection, NoConnection()),
        (NetworkProblem.TimedOut, TimedOut()),
        (NetworkProblem.BrokeOff, BrokeOff()),
        (NetworkProblem.NotSecured, Tls()),
        (NetworkProblem.ServerError, ServerError()),
        (NetworkProblem.Denied, Denied()),
    ];

    /// <summary>Whether an error tells of the network, or of a host that would not serve.</summary>
    /// <param name="error">In English: tools are run in the C locale.</param>
    /// <returns>Null if it tells of something else, such as a package that does not exist.</returns>
    public static NetworkTrouble? Read(string error)
    {
        if (BrokenInput.IsTold(error))
            return null;
        var status = Status().Match(error) is { Success: true } match ? int.Parse(match.Groups["status"].ValueSpan, CultureInfo.InvariantCulture) : (int?)null;
        if (status is 400 or 401 or 404 or 410 or 451)
            return null;
        NetworkProblem? problem = status switch
        {
            407 => NetworkProblem.ProxyFailed,
            429 => NetworkProblem.TooManyRequests,
            >= 500 => NetworkProblem.ServerError,
            403 => TooMany().IsMatch(error) ? NetworkProblem.TooManyRequests : NetworkProblem.Denied,
            _ => null,
        };
        foreach (var (known, words) in Known)
        {
            if (problem is null && words.IsMatch(error))
                problem = known;
        }

        return problem is { } found ? new NetworkTrouble(found, HostOf(error), status) : null;
    }

    /// <summary>The host an error is about; null if it names none.</summary>
    public static string? HostOf(string error) =>
        Host().Match(error) is { Success: true } match ? match.Groups["host"].Value.TrimEnd('.').ToLowerInvariant() : null;

    /// <summary>Whether a host is this machine itself, or has no name that the world knows: an app's own, such as <c>db</c>.</summary>
    public static bool IsLocal(string host)
    {
        var name = host.StartsWith('[') ? host[..(host.IndexOf(']') + 1)] : host.Split(':')[0];
        return name is "localhost" or "[::1]" or "0.0.0.0" || name.StartsWith("127.", StringComparison.Ordinal) || name.EndsWith(".localhost", StringComparison.Ordinal)
            || !name.Contains('.', StringComparison.Ordinal);
    }

    // A status as tools write it: "503 Service Unavailable", "E503", "ERR_PNPM_FETCH_503", "HTTP 503", "error: 503", "(HTTP/1.1 503 …".
    [GeneratedRegex(@"(?<![\w./@:-])(?:E|ERR_PNPM_FETCH_)?(?<status>40[01347]|410|429|451|50[0234]|52[0-7]|530)(?![\w./-])(?! ?(?:ms|[kM]i?B|bytes|packages|files))")]
    private static partial Regex Status();

    [GeneratedRegex(@"ProxyError|Tunnel connection failed|proxyconnect|Proxy CONNECT aborted|resolve proxy|Proxy Authentication Required|tunneling socket could not be established|ERR_TUNNEL", RegexOptions.IgnoreCase)]
    private static partial Regex Proxy();

    [GeneratedRegex(@"toomanyrequests|Too Many Requests|rate limit exceeded|pull rate limit|too many 429 error", RegexOptions.IgnoreCase)]
    private static partial Regex TooMany();

    [GeneratedRegex(
        @"ENOTFOUND|EAI_AGAIN|EAI_NODATA|EAI_FAIL\b|Could ?n[o']t resolve (?:host|'|proxy)|Temporary failure (?:in name resolution|resolving)|Name or service not known"
        + @"|no such host|server misbehaving|unable to resolve host|bad address '|dns error|DNS lookup error|DNS: \w+ error|DNS error|Name does not resolve|nodename nor servname"
        + @"|Name has no usable address|No address associated with hostname|UnknownHostException|getaddrinfo failed|failed to lookup address|Resource temporarily unavailable \([\w.-]+:\d+\)"
        + @"|dial tcp: lookup |getaddrinfo for \S+ failed|Hostname not known|Something wicked happened resolving",
        RegexOptions.IgnoreCase)]
    private static partial Regex Name();

    [GeneratedRegex(
        @"ECONNREFUSED|connection refused|Failed to connect to|could ?n[o']t connect|can't connect to|Failed to establish a new connection|NewConnectionError|No route to host"
        + @"|(?:network|host) is unreachable|EHOSTUNREACH|ENETUNREACH|ENETDOWN|EHOSTDOWN|Connection failed|client error \(Connect\)|tcp connect error|Cannot initiate the connection"
        + @"|Unable to connect to|Cannot assign requested address",
        RegexOptions.IgnoreCase)]
    private static partial Regex NoConnection();

    [GeneratedRegex(
        @"ETIMEDOUT|ESOCKETTIMEDOUT|ERR_SOCKET_TIMEOUT|UND_ERR_\w+_TIMEOUT|Socket timeout|i/o timeout|timed ?out|TLS handshake timeout|Client\.Timeout|context deadline exceeded"
        + @"|network timeout at|ReadTimeoutError|ConnectTimeoutError|ReadTimeout\b|ConnectTimeout\b|request canceled while waiting|Timeout was reached|Operation too slow|Net::OpenTimeout|Timeout awaiting '",
        RegexOptions.IgnoreCase)]
    private static partial Regex TimedOut();

    [GeneratedRegex(
        @"ECONNRESET|ECONNABORTED|\bEPIPE\b|connection reset|broken pipe|unexpected EOF|early EOF|PREMATURE_CLOSE|Premature close|socket hang up|Connection aborted|RemoteDisconnected"
        + @"|remote end (?:closed|hung up)|IncompleteRead|ChunkedEncodingError|ProtocolError|transport connection|HTTP/2 stream|stream error: |GOAWAY|RPC failed|Empty reply from server"
        + @"|connection (?:was )?closed|connection lost|forcibly closed|unexpected disconnect|expected flush after|expected 'packfile'|Error in the (?:pull|HTTP2 framing)|transfer closed|network error|error sending request"
        + @"|An error occurred while sending the request|error decoding response body|Hash Sum mismatch|File has unexpected size|terminated abnormally|Undetermined Error \[IP|Connection broken|ERR_STREAM_|UND_ERR_SOCKET|spurious network error|fetch failed",
        RegexOptions.IgnoreCase)]
    private static partial Regex BrokeOff();

    [GeneratedRegex(
        @"SSLError|SSL connection could not|certificate verify failed|CERT_HAS_EXPIRED|CERT_NOT_YET_VALID|UNABLE_TO_(?:VERIFY|GET)_|SELF_SIGNED_CERT|ERR_TLS_|ERR_SSL_|x509: |gnutls_handshake|SSL routines"
        + @"|SSL certificate problem|SSL_ERROR_|EPROTO\b|tls: |remote error: tls|Unable to establish SSL|certificate (?:is not trusted|has expired)|invalid peer certificate|SSLHandshakeException|PKIX path",
        RegexOptions.IgnoreCase)]
    private static partial Regex Tls();

    [GeneratedRegex(@"Internal Server Error|Bad Gateway|Service (?:Temporarily )?Unavailable|Gateway Time-?out|too many 5\d\d error responses|remote server returned error \(try|temporary error \(try again", RegexOptions.IgnoreCase)]
    private static partial Regex ServerError();

    [GeneratedRegex(@"export control regulations", RegexOptions.IgnoreCase)]
    private static partial Regex Denied();

    // Never what stands before an @: that may be a password.
    [GeneratedRegex(
        @"(?:[a-z][a-z0-9+.-]*://(?:[^/\s@'""]*@)?|host='|getaddrinfo (?:for )?(?:ENOTFOUND |EAI_AGAIN )?|resolve host(?:name)?(?:: | address ['‘`""]?| )(?!name\b|for\b)|resolving '|\blookup (?!address)|[Ff]ailed to connect to |bad address '|to (?=[\w.-]+ port \d)"
        + @"|dial tcp |connect to remote host \(|\((?=[\w.-]+\.[\w-]+:\d+\))|Could not connect to |ECONNREFUSED |ETIMEDOUT |ConnectionPool\(host=')(?<host>\[[0-9a-f:]+\](?::\d+)?|[A-Za-z0-9](?:[\w.-]*\w)?(?::\d+)?)",
        RegexOptions.CultureInvariant)]
    private static partial Regex Host();
}

/// <summary>
/// Reads from an error that what was received is broken or hostile: another try would receive the same. It comes
/// before every word about the network.
/// </summary>
public static partial class BrokenInput
{
    /// <summary>Whether an error tells that content is not what it should be.</summary>
    public static bool IsTold(string error) => Words().IsMatch(error);

    [GeneratedRegex(
        @"EINTEGRITY|integrity check|integrity checksum failed|ERR_PNPM_TARBALL_INTEGRITY|THESE PACKAGES DO NOT MATCH THE HASHES|[Hh]ash(?:es)? mismatch|checksum mismatch|checksum (?:verification )?failed"
        + @"|SECURITY ERROR|NU1403|BadZipFile|not a valid zip|zlib: |bad object|inflate: data stream error|attempting to allocate \d+ over limit|over limit \d+|fsck error|BAD signature|is not signed"
        + @"|NO_PUBKEY|UNTRUSTED signature|The checksum verification of the file failed|pack (?:has|is) (?:bad|corrupt)|packfile .* corrupt")]
    private static partial Regex Words();
}
