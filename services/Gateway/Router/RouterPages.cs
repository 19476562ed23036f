using System.Text.Encodings.Web;

namespace Paas.Gateway.Router;

/// <summary>What a visitor sees when there is no app to answer.</summary>
internal static class RouterPages
{
    public static async Task WriteAsync(HttpContext context, int status, string title, string text)
    {
        var response = context.Response;
        if (response.HasStarted)
            return;
        response.Clear();
        response.StatusCode = status;
        response.Headers.CacheControl = "no-store";
        if (status == StatusCodes.Status503ServiceUnavailable)
            response.Headers.RetryAfter = "5";
        var html = context.Request.GetTypedHeaders().Accept.Any(accepted => accepted.MediaType.Equals("text/html", StringComparison.OrdinalIgnoreCase));
        response.ContentType = html ? "text/html; charset=utf-8" : "text/plain; charset=utf-8";
        var encode = HtmlEncoder.Default;
        var (safeTitle, safeText) = (encode.Encode(title), encode.Encode(text));
        var page = html
            ? $"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{safeTitle}</title><h1>{safeTitle}</h1><p>{safeText}</p></html>\n"
            : $"{title}\n{text}\n";
        if (!HttpMethods.IsHead(context.Request.Method))
            await response.WriteAsync(page, context.RequestAborted);
    }
}
