using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Paas.Contracts.Api;

namespace Paas.Cli.Tests.Fakes;

internal sealed record SeenRequest(string Method, string Target, string Body, IReadOnlyDictionary<string, string> Headers);

/// <summary>A real HTTP server that speaks the API's shapes and answers what the test tells it to.</summary>
internal sealed class FakePlatform : IAsyncDisposable
{
    public const string Token = "a-token-of-the-tests-0123456789";

    /// <summary>The token that is accepted.</summary>
    public string Accepted { get; set; } = Token;
    private readonly ConcurrentDictionary<string, RequestDelegate> _answers = new();
    private WebApplication? _app;

    public string Url => _app!.Urls.Single();

    public ConcurrentQueue<SeenRequest> Requests { get; } = new();

    public static async Task<FakePlatform> StartAsync(string url = "http://127.0.0.1:0")
    {
        var platform = new FakePlatform();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add(url);
        app.Run(platform.HandleAsync);
        await app.StartAsync();
        platform._app = app;
        return platform;
    }

    /// <param name="what">Such as <c>GET /v1/apps</c>; the query does not matter.</param>
    /// <param name="answer">Writes the answer.</param>
    public void On(string what, RequestDelegate answer) => _answers[what] = answer;

    public void On<T>(string what, T body, int status = 200) => On(what, async context =>
    {
        context.Response.StatusCode = status;
        await context.Response.WriteAsJsonAsync(body, JsonSerializerOptions.Web);
    });

    public void Refuse(string what, int status, string title, string detail) => On(what, context => ProblemAsync(context, status, title, detail));

    /// <summary>A deployment that is followed: one script of events for each connection, the last one again and again.</summary>
    public void Stream(Guid id, params Func<HttpContext, Task>[] connections)
    {
        var opened = -1;
        On($"GET /v1/deployments/{id}/logs", context =>
        {
            if (!context.Request.Headers.Accept.ToString().Contains("text/event-stream", StringComparison.Ordinal))
                return ProblemAsync(context, 406, "Not acceptable", "A stream was expected.");
            context.Response.ContentType = "text/event-stream";
            return connections[Math.Min(Interlocked.Increment(ref opened), connections.Length - 1)](context);
        });
    }

    public SeenRequest Only(string method, string path) =>
        Requests.Where(request => request.Method == method && request.Target.Split('?')[0] == path).ShouldHaveSingleItem();

    public async ValueTask DisposeAsync()
    {
        // Streams that are held open by a test are no reason to wait.
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _app!.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    public static Task LogAsync(HttpContext context, int id, string step, string line) =>
        SendAsync(context, "log", new DeploymentLogEvent { Step = step, Attempt = 1, At = DateTime.UtcNow, Lines = [line] }, $"7.{id}");

    public static Task DeploymentAsync(HttpContext context, DeploymentResponse deployment) => SendAsync(context, "deployment", deployment);

    public static Task EndAsync(HttpContext context) => SendAsync(context, "end", new { });

    public static async Task ProblemAsync(HttpContext context, int status, string title, string detail)
    {
        context.Response.StatusCode = status;
        await context.Response.WriteAsJsonAsync(new { type = "about:blank", title, status, detail }, JsonSerializerOptions.Web, "application/problem+json");
    }

    private static async Task SendAsync<T>(HttpContext context, string name, T data, string? id = null)
    {
        var text = $"event: {name}\n{(id is null ? "" : $"id: {id}\n")}data: {JsonSerializer.Serialize(data, JsonSerializerOptions.Web)}\n\n";
        await context.Response.WriteAsync(text, context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }

    private async Task HandleAsync(HttpContext context)
    {
        using var body = new StreamReader(context.Request.Body, Encoding.UTF8);
        Requests.Enqueue(new SeenRequest(
            context.Request.Method,
            context.Request.Path + context.Request.QueryString.ToString(),
            await body.ReadToEndAsync(),
            context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase)));
        var isOpen = context.Request.Path.StartsWithSegments("/health");
        if (!isOpen && context.Request.Headers.Authorization != $"Bearer {Accepted}")
            await ProblemAsync(context, 401, "Unauthorized", "The token is missing or not valid.");
        else if (_answers.TryGetValue($"{context.Request.Method} {context.Request.Path}", out var answer))
            await answer(context);
        else
            await ProblemAsync(context, 404, "Not found", $"There is no {context.Request.Path}.");
    }
}

internal static class ResponseExtensions
{
    public static Task WriteJsonAsync<T>(this HttpResponse response, T body) => response.WriteAsJsonAsync(body, JsonSerializerOptions.Web);

    public static Task WriteNothingAsync(this HttpResponse response, int status)
    {
        response.StatusCode = status;
        return Task.CompletedTask;
    }

    public static Task WriteRawAsync(this HttpResponse response, string json)
    {
        response.ContentType = "application/json";
        return response.WriteAsync(json);
    }
}
