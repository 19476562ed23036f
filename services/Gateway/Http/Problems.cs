using System.Data.Common;
using System.Globalization;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;

namespace Paas.Gateway.Http;

/// <summary>Turns exceptions into ProblemDetails.</summary>
internal sealed partial class ProblemHandler(IProblemDetailsService problems, ILogger<ProblemHandler> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        var problem = ToProblem(exception, httpContext);
        if (problem is null)
            return false;
        if (problem.Status == StatusCodes.Status503ServiceUnavailable)
            Log.Unavailable(logger, exception, httpContext.Request.Path);
        if ((exception as ProblemException)?.RetryAfter is { } retryAfter)
            httpContext.Response.Headers.RetryAfter = Math.Ceiling(retryAfter.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        httpContext.Response.StatusCode = problem.Status!.Value;
        await problems.WriteAsync(new ProblemDetailsContext { HttpContext = httpContext, ProblemDetails = problem, Exception = exception });
        return true;
    }

    /// <summary>Whether the database could not be written or read: full, read-only, locked, or away.</summary>
    public static bool IsStorageFault(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (exception is DbException or DbUpdateException or TimeoutException)
                return true;
        }

        return false;
    }

    private static ProblemDetails? ToProblem(Exception exception, HttpContext context)
    {
        switch (exception)
        {
            case ProblemException expected:
                var problem = Problem(expected.Status, expected.Title, expected.Message);
                if (expected.Field is { } field)
                    problem.Extensions["errors"] = new Dictionary<string, string[]> { [field] = [expected.Message] };
                if (expected.Explanation is { } explanation)
                {
                    problem.Extensions["code"] = explanation.Code;
                    problem.Extensions["remedy"] = explanation.Remedy;
                    if (explanation.App is { } app)
                        problem.Extensions["app"] = app;
                }

                return problem;
            case BadHttpRequestException { StatusCode: StatusCodes.Status400BadRequest } malformed:
                return Problem(malformed.StatusCode, GatewayTexts.MalformedTitle(), GatewayTexts.RequestMalformed(malformed.Message));
            case BadHttpRequestException refused:
                return new ProblemDetails { Status = refused.StatusCode };
            case not null when IsStorageFault(exception):
                context.Response.Headers.RetryAfter = "10";
                return Problem(StatusCodes.Status503ServiceUnavailable, GatewayTexts.UnavailableTitle(), GatewayTexts.StorageUnavailable());
            default:
                return null;
        }
    }

    private static ProblemDetails Problem(int status, string title, string detail) => new() { Status = status, Title = title, Detail = detail };

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Could not answer {Path}")]
        public static partial void Unavailable(ILogger logger, Exception exception, PathString path);
    }
}

/// <summary>
/// Writes ProblemDetails whatever the request accepts: the framework's own writer leaves the answer empty for a client
/// that asked for <c>text/event-stream</c>, of all things the one that follows a log.
/// </summary>
internal sealed class ProblemWriter : IProblemDetailsWriter
{
    public bool CanWrite(ProblemDetailsContext context) => true;

    public ValueTask WriteAsync(ProblemDetailsContext context)
    {
        var (http, problem) = (context.HttpContext, context.ProblemDetails);
        problem.Status ??= http.Response.StatusCode;
        var (title, detail) = GatewayTexts.ForStatus(
            problem.Status.Value, http.Request.Method, http.Request.Path.Value ?? "/", http.Response.Headers.Allow.ToString());
        // The framework's own titles say what the status code says.
        if (problem.Detail is null)
            problem.Title = title;
        problem.Title ??= title;
        problem.Detail ??= detail;
        problem.Type ??= "about:blank";
        return new ValueTask(http.Response.WriteAsJsonAsync(problem, options: null, contentType: "application/problem+json", http.RequestAborted));
    }
}
