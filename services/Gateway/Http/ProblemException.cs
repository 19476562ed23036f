namespace Paas.Gateway.Http;

/// <summary>An expected error: becomes the answer's status and ProblemDetails.</summary>
internal sealed class ProblemException(int status, string title, string detail) : Exception(detail)
{
    public int Status { get; } = status;
    public string Title { get; } = title;

    /// <summary>The member of the body, or the parameter, that is wrong.</summary>
    public string? Field { get; init; }

    /// <summary>What each client phrases in its own words; null if the detail says all there is to say.</summary>
    public Explanation? Explanation { get; init; }

    public TimeSpan? RetryAfter { get; init; }

    public static ProblemException Invalid(string field, string detail) =>
        new(StatusCodes.Status400BadRequest, GatewayTexts.InvalidTitle(), detail) { Field = field };

    public static ProblemException Malformed(string detail) => new(StatusCodes.Status400BadRequest, GatewayTexts.MalformedTitle(), detail);

    public static ProblemException NotFound(string detail) => new(StatusCodes.Status404NotFound, GatewayTexts.NotFoundTitle(), detail);

    public static ProblemException NotFound(Explanation explanation) =>
        new(StatusCodes.Status404NotFound, GatewayTexts.NotFoundTitle(), explanation.Detail) { Explanation = explanation };

    public static ProblemException Conflict(Explanation explanation) =>
        new(StatusCodes.Status409Conflict, GatewayTexts.ConflictTitle(), explanation.Detail) { Explanation = explanation };

    public static ProblemException Conflict(string detail) => new(StatusCodes.Status409Conflict, GatewayTexts.ConflictTitle(), detail);

    public static ProblemException Unavailable(string detail) =>
        new(StatusCodes.Status503ServiceUnavailable, GatewayTexts.UnavailableTitle(), detail) { RetryAfter = TimeSpan.FromSeconds(10) };
}
