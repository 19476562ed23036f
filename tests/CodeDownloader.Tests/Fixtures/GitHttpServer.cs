using System.Diagnostics;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Paas.CodeDownloader.Tests.Fixtures;

/// <summary>Serves the repositories of a folder over real http, through <c>git http-backend</c>.</summary>
public sealed class GitHttpServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly string _root;
    private readonly List<string> _requests = [];
    private readonly TaskCompletionSource _stopped = new();

    private GitHttpServer(WebApplication app, string root)
    {
        (_app, _root) = (app, root);
        _app.Run(HandleAsync);
    }

    public string Origin => _app.Urls.Single();

    /// <summary>If set, what the <c>Authorization</c> header has to be.</summary>
    public string? Token { get; set; }

    /// <summary>Answers in place of git; false lets the request through.</summary>
    public Func<HttpContext, Task<bool>>? Instead { get; set; }

    /// <summary>If set, an answer hangs after so many bytes.</summary>
    public int? StopAfter { get; set; }

    public Task Stopped => _stopped.Task;

    public IReadOnlyList<string> Requests
    {
        get
        {
            lock (_requests)
                return [.. _requests];
        }
    }

    public static async Task<GitHttpServer> StartAsync(string root)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.Zero);
        var server = new GitHttpServer(builder.Build(), root);
        await server._app.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        lock (_requests)
            _requests.Add($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}");
        if (Instead is { } instead && await instead(context))
            return;
        var wanted = Token is null ? null : "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("x-access-token:" + Token));
        if (wanted is not null && context.Request.Headers.Authorization != wanted)
        {
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"git\"";
            return;
        }

        await ServeAsync(context);
    }

    private async Task ServeAsync(HttpContext context)
    {
        var info = new ProcessStartInfo("git") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        info.ArgumentList.Add("http-backend");
        info.Environment["GIT_PROJECT_ROOT"] = _root;
        info.Environment["GIT_HTTP_EXPORT_ALL"] = "1";
        info.Environment["PATH_INFO"] = context.Request.Path;
        info.Environment["QUERY_STRING"] = context.Request.QueryString.Value?.TrimStart('?');
        info.Environment["REQUEST_METHOD"] = context.Request.Method;
        info.Environment["CONTENT_TYPE"] = context.Request.ContentType ?? "";
        info.Environment["HTTP_CONTENT_ENCODING"] = context.Request.Headers.ContentEncoding.ToString();
        info.Environment["GIT_PROTOCOL"] = context.Request.Headers["Git-Protocol"].ToString();
        using var process = Process.Start(info)!;
        _ = process.StandardError.ReadToEndAsync();
        await using (var input = process.StandardInput.BaseStream)
            await context.Request.Body.CopyToAsync(input);
        var output = process.StandardOutput.BaseStream;
        while (ReadLine(output) is { Length: > 0 } header)
        {
            var parts = header.Split(": ", 2);
            if (parts[0] == "Status")
                context.Response.StatusCode = int.Parse(parts[1].Split(' ')[0]);
            else
                context.Response.Headers[parts[0]] = parts[1];
        }

        if (StopAfter is { } bytes && await SendPartAsync(output, context, bytes))
        {
            process.Kill();
            return;
        }

        await output.CopyToAsync(context.Response.Body);
        await process.WaitForExitAsync();
    }

    /// <returns>False if all of the output was shorter.</returns>
    private async Task<bool> SendPartAsync(Stream output, HttpContext context, int bytes)
    {
        var part = new byte[bytes];
        var length = await output.ReadAtLeastAsync(part, bytes, throwOnEndOfStream: false);
        await context.Response.Body.WriteAsync(part.AsMemory(0, length));
        await context.Response.Body.FlushAsync();
        if (length < bytes)
            return false;
        _stopped.TrySetResult();
        var gone = new TaskCompletionSource();
        await using var registration = context.RequestAborted.Register(gone.SetResult);
        await gone.Task;
        return true;
    }

    private static string ReadLine(Stream stream)
    {
        var line = new StringBuilder();
        for (int next; (next = stream.ReadByte()) is not (-1 or '\n');)
            line.Append((char)next);
        return line.ToString().TrimEnd('\r');
    }
}
