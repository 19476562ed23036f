using System.Text;

namespace Paas.Gateway;

/// <summary>What the gateway says about itself and about requests in general; by subject in the other files.</summary>
internal static partial class GatewayTexts
{
    public static string Welcome() =>
        """
        This is a PaaS: push to GitHub, and the app runs.

        API:       /v1 (with Authorization: Bearer <token>), described in /openapi/v1.json
        Webhooks:  POST /webhooks/github
        Health:    /health/live, /health/ready
        Commands:  ./paas --help

        """;

    public static string ApiTitle() => "PaaS";
    public static string ApiDescription() => "Apps, their deployments and releases, and what the git hosts delivered.";

    public static string AdminTokenMade(string token) => $"The operator's token, shown only now: {token}";

    public static string UnauthorizedTitle() => "Authentication required";
    public static string TokenMissing() =>
        "Send a token as 'Authorization: Bearer <token>'. The operator's token was printed at the platform's first start, or is the one in Paas__AdminToken.";
    public static string TokenUnknown() =>
        "The token is not known here. Send a valid one as 'Authorization: Bearer <token>'; the operator's was printed at the platform's first start, or is the one in Paas__AdminToken.";

    public static string InvalidTitle() => "A value is not valid";
    public static string MalformedTitle() => "The request is malformed";
    public static string NotFoundTitle() => "Not found";
    public static string ConflictTitle() => "Not possible in this state";
    public static string UnavailableTitle() => "Not available at the moment";
    public static string MediaTypeTitle() => "Wrong kind of body";
    public static string TooLargeTitle() => "Too large";
    public static string TooSlowTitle() => "Too slow";

    public static string StorageUnavailable() =>
        "The platform's database cannot be read or written at the moment, and nothing was changed. Try again; if it stays so, the operator finds the reason in the gateway's log.";

    public static string RequestMalformed(string message) => $"{message.TrimEnd('.')}. Correct the request and send it again.";

    /// <summary>For answers of which nothing but the status is known.</summary>
    public static (string Title, string Detail) ForStatus(int status, string method, string path, string allow)
    {
        var (verb, place) = (Shorten(method), Shorten(path));
        return status switch
        {
            400 => (MalformedTitle(), "The request could not be understood. Correct it and send it again."),
            401 => (UnauthorizedTitle(), TokenMissing()),
            404 => (NotFoundTitle(), $"There is nothing at {place}. What there is stands in /openapi/v1.json."),
            405 => ("Method not allowed", $"{verb} is not possible at {place}{(allow.Length > 0 ? $", only {allow}" : "")}. See /openapi/v1.json."),
            408 => (TooSlowTitle(), "The request's body came in too slowly. Send it again over a better connection."),
            413 => (TooLargeTitle(), $"The body is larger than {place} takes. Deliveries may have 25 MB, requests to the API 1 MB; send a smaller one."),
            415 => (MediaTypeTitle(), $"The body is of a kind that {place} does not take. Send JSON, with 'Content-Type: application/json'."),
            503 => (UnavailableTitle(), "The platform cannot answer at the moment. Try again."),
            >= 500 => ("The platform failed", "This is an error of the platform, not of the request. The operator finds it in the gateway's log; try again later."),
            _ => ("Refused", $"The request was refused with status {status}."),
        };
    }

    public static string BodyMissing(IEnumerable<string> members)
    {
        var known = string.Join(", ", members);
        return $"The request has no body. Send a JSON object{(known.Length > 0 ? $" with {known}" : " of names and values")}.";
    }

    public static string MediaType(string? type) =>
        $"The body is {(string.IsNullOrEmpty(type) ? "of no stated kind" : $"'{Shorten(type)}'")}. Send JSON, with 'Content-Type: application/json'.";

    public static string JsonMalformed(long? line, long? position) =>
        $"The body is not JSON, or names a member twice{At(line, position)}. Correct it and send it again.";

    public static string JsonNotAnObject() => "The body has to be a JSON object: {…}.";
    public static string JsonTextMalformed() => "A string in the body is not text: it has half of a surrogate pair. Correct the escape and send it again.";

    public static string MemberUnknown(string member, IEnumerable<string> known) => $"There is no '{Shorten(member)}' here. Known: {string.Join(", ", known)}.";

    public static string MemberOfWrongType(string member) =>
        $"'{Shorten(member)}' has a value of the wrong type. Texts go in quotes, true and false and numbers without; what each member takes stands in /openapi/v1.json.";

    public static string LimitInvalid(int max) => $"'limit' has to be a whole number from 1 to {max}.";
    public static string CursorInvalid() => "'cursor' is not one from this list. Take the 'next' of the page before, or leave it out for the first page.";

    /// <summary>What somebody else wrote, fit to be put into a sentence.</summary>
    public static string Shorten(string text)
    {
        const int max = 80;
        var result = new StringBuilder(Math.Min(text.Length, max) + 1);
        foreach (var rune in text.EnumerateRunes())
        {
            if (result.Length >= max)
                return result.Append('…').ToString();
            result.Append(Rune.IsControl(rune) ? "?" : rune.ToString());
        }

        return result.ToString();
    }

    private static string At(long? line, long? position) => line is null ? "" : $" (line {line + 1}, position {position + 1})";

    private static string List(IEnumerable<string> items) => string.Join(", ", items);
}
