using System.Globalization;
using System.Net;
using System.Text;

namespace Paas.Gateway.Router;

/// <summary>
/// The head of an app's answer, byte for byte: texts are Latin-1, which has a character for each byte, so that whatever
/// the app wrote in (UTF-8, mostly) comes out as it came in.
/// </summary>
internal sealed record AppAnswer(Version Version, int Status, string Reason, IReadOnlyList<KeyValuePair<string, string>> Headers)
{
    /// <summary>The headers that are the connection's, and go no further than it.</summary>
    public IReadOnlySet<string> ConnectionTokens { get; } = Headers.Where(header => header.Key.Equals("connection", StringComparison.OrdinalIgnoreCase))
        .SelectMany(header => header.Value.Split(',', StringSplitOptions.TrimEntries)).ToHashSet(StringComparer.OrdinalIgnoreCase);

    public bool HasTransferCoding { get; } = Headers.Any(header => header.Key.Equals("transfer-encoding", StringComparison.OrdinalIgnoreCase));

    /// <exception cref="HttpRequestException">This is no answer of HTTP/1.</exception>
    public static AppAnswer Parse(ReadOnlySpan<byte> head)
    {
        var text = Encoding.Latin1.GetString(head);
        var rest = text.AsSpan();
        var status = TakeLine(ref rest);
        if (status.Length < 12 || !status.StartsWith("HTTP/1.", StringComparison.Ordinal) || status[8] != ' ' || status[7] is not ('0' or '1')
            || !int.TryParse(status.Slice(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var code) || code < 100
            || (status.Length > 12 && status[12] != ' '))
            throw Malformed("a status line");
        var headers = new List<KeyValuePair<string, string>>();
        while (rest.Length > 0)
        {
            var line = TakeLine(ref rest);
            if (line[0] is ' ' or '\t')
            {
                // A folded line, which nobody should send any more.
                if (headers.Count == 0)
                    throw Malformed("headers");
                var (name, value) = headers[^1];
                headers[^1] = new(name, $"{value} {Clean(line)}".Trim());
                continue;
            }

            var colon = line.IndexOf(':');
            if (colon <= 0 || !IsToken(line[..colon]))
                throw Malformed("headers");
            headers.Add(new(line[..colon].ToString(), Clean(line[(colon + 1)..])));
        }

        return new AppAnswer(status[7] == '1' ? HttpVersion.Version11 : HttpVersion.Version10, code, Clean(status[12..]), headers);
    }

    public IEnumerable<string> Values(string name) =>
        Headers.Where(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(header => header.Value);

    public static HttpRequestException Malformed(string part) =>
        new(HttpRequestError.InvalidResponse, $"It sent {part} that HTTP does not know.");

    /// <summary>Not by EnumerateLines, to which some control characters end a line as well.</summary>
    private static ReadOnlySpan<char> TakeLine(ref ReadOnlySpan<char> text)
    {
        var end = text.IndexOf('\n');
        var line = (end < 0 ? text : text[..end]).TrimEnd('\r');
        text = end < 0 ? [] : text[(end + 1)..];
        return line;
    }

    /// <summary>Control characters have no place in a header; HTTP wants them replaced by blanks.</summary>
    private static string Clean(ReadOnlySpan<char> value)
    {
        var trimmed = value.Trim(" \t\r");
        if (trimmed.IndexOfAnyInRange('\0', '\x1f') < 0 && !trimmed.Contains('\x7f'))
            return trimmed.ToString();
        return string.Create(trimmed.Length, trimmed, (into, from) =>
        {
            for (var i = 0; i < from.Length; i++)
                into[i] = from[i] is (< ' ' and not '\t') or '\x7f' ? ' ' : from[i];
        });
    }

    private static bool IsToken(ReadOnlySpan<char> name)
    {
        foreach (var character in name)
        {
            if (!char.IsAsciiLetterOrDigit(character) && !"!#$%&'*+-.^_`|~".Contains(character, StringComparison.Ordinal))
                return false;
        }

        return true;
    }
}
