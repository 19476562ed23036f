using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Paas.Contracts;
using Paas.Contracts.Api;

namespace Paas.Cli.Tests.Fakes;

/// <summary>
/// The standalone platform as the quickstart meets it: real signatures, the real repository, the page of the pushed
/// commit under the app's host name. Only the steps in between are left out.
/// </summary>
internal sealed class FakeStandalone
{
    public const string Variable = "PAAS_TESTS_FAKE_STANDALONE";
    private readonly string _dataDirectory = Environment.GetEnvironmentVariable("Paas__DataDirectory")!;
    private readonly List<DeliveryResponse> _deliveries = [];
    private readonly Dictionary<Guid, DeploymentResponse> _deployments = [];
    private AppResponse? _app;
    private string _secret = "";
    private string _page = "";

    public static async Task<int> RunAsync(string mode, string[] args)
    {
        if (mode == "cannot-start")
        {
            await Console.Error.WriteLineAsync("The data directory is read-only; choose another one.");
            return 1;
        }

        return await new FakeStandalone().ServeAsync(mode, args);
    }

    private async Task<int> ServeAsync(string mode, string[] args)
    {
        var builder = WebApplication.CreateSlimBuilder(args);
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Run(context => HandleAsync(context, mode));
        await app.StartAsync();
        await using var @lock = new FileStream(Path.Combine(_dataDirectory, "platform.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        var access = Path.Combine(_dataDirectory, "local-access.json");
        var json = JsonSerializer.Serialize(new { url = app.Urls.Single(), token = FakePlatform.Token, processId = Environment.ProcessId });
        await File.WriteAllTextAsync(access, json);
        Console.WriteLine($"Listening on {app.Urls.Single()}, files {Environment.GetEnvironmentVariable("Source__AllowFile")}");
        if (mode == "dies")
        {
            await Console.Error.WriteLineAsync("No space left on the device.");
            return 1;
        }

        await app.WaitForShutdownAsync();
        File.Delete(access);
        Console.WriteLine("Stopped");
        return 0;
    }

    private async Task HandleAsync(HttpContext context, string mode)
    {
        var path = context.Request.Path.Value!;
        using var reader = new MemoryStream();
        await context.Request.Body.CopyToAsync(reader);
        var body = reader.ToArray();
        if (context.Request.Host.Host == "hello.localhost")
            await context.Response.WriteAsync(_page);
        else if (path == "/health/ready")
            context.Response.StatusCode = 200;
        else if (path == "/webhooks/github")
            await PushAsync(context, body, mode);
        else if (context.Request.Headers.Authorization != $"Bearer {FakePlatform.Token}")
            await FakePlatform.ProblemAsync(context, 401, "Unauthorized", "Wrong token.");
        else
            await ApiAsync(context, path, body);
    }

    private Task ApiAsync(HttpContext context, string path, byte[] body) => (context.Request.Method, path.Split('/')) switch
    {
        ("GET", [_, "v1", "apps", "hello"]) when _app is not null => context.Response.WriteAsJsonAsync(_app),
        ("POST", [_, "v1", "apps"]) => CreateAsync(context, body),
        ("PATCH", [_, "v1", "apps", "hello"]) => UpdateAsync(context, body),
        ("GET", [_, "v1", "deliveries"]) => context.Response.WriteAsJsonAsync(new Page<DeliveryResponse> { Items = _deliveries }),
        ("GET", [_, "v1", "deployments", var id]) => context.Response.WriteAsJsonAsync(_deployments[Guid.Parse(id)]),
        ("GET", [_, "v1", "deployments", var id, "logs"]) => FollowAsync(context, _deployments[Guid.Parse(id)]),
        _ => FakePlatform.ProblemAsync(context, 404, "Not found", $"There is no {path}."),
    };

    private Task CreateAsync(HttpContext context, byte[] body)
    {
        var request = JsonSerializer.Deserialize<CreateAppRequest>(body, JsonSerializerOptions.Web)!;
        _secret = request.WebhookSecret!;
        _app = Samples.App("hello") with { Repository = request.Repository!, Release = null, LastDeploymentState = null };
        context.Response.StatusCode = 201;
        return context.Response.WriteAsJsonAsync(_app);
    }

    private Task UpdateAsync(HttpContext context, byte[] body)
    {
        var request = JsonSerializer.Deserialize<UpdateAppRequest>(body, JsonSerializerOptions.Web)!;
        _secret = request.WebhookSecret ?? _secret;
        _app = _app! with { Repository = request.Repository ?? _app.Repository };
        return context.Response.WriteAsJsonAsync(_app);
    }

    private async Task PushAsync(HttpContext context, byte[] body, string mode)
    {
        var signature = "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(_secret), body));
        if (context.Request.Headers["X-Hub-Signature-256"] != signature || context.Request.Headers["X-GitHub-Event"] != "push")
        {
            await FakePlatform.ProblemAsync(context, 401, "Unauthorized", "The signature is not right.");
            return;
        }

        using var push = JsonDocument.Parse(body);
        var commit = push.RootElement.GetProperty("after").GetString()!;
        var folder = new Uri(push.RootElement.GetProperty("repository").GetProperty("clone_url").GetString()!).LocalPath;
        _page = await GitAsync(folder, "show", $"{commit}:index.html");
        var deployment = (mode == "fails" ? Samples.Failed() : Samples.Succeeded()) with
        {
            Id = Guid.NewGuid(),
            App = "hello",
            Commit = commit,
            CommitMessage = push.RootElement.GetProperty("head_commit").GetProperty("message").GetString(),
            Url = mode == "fails" ? null : $"http://hello.localhost:{context.Request.Host.Port}/",
        };
        _deployments[deployment.Id] = deployment;
        var id = Guid.NewGuid();
        _deliveries.Insert(0, new DeliveryResponse
        {
            Id = id,
            DeliveryId = context.Request.Headers["X-GitHub-Delivery"],
            Event = "push",
            ReceivedAt = DateTime.UtcNow,
            Decision = DeliveryDecisions.Deployed,
            Reason = "Pushed to main.",
            DeploymentId = deployment.Id,
        });
        context.Response.StatusCode = 202;
        await context.Response.WriteAsJsonAsync(new DeliveryAccepted { Id = id, Decision = DeliveryDecisions.Pending, Reason = "Stored." });
    }

    private static async Task FollowAsync(HttpContext context, DeploymentResponse deployment)
    {
        context.Response.ContentType = "text/event-stream";
        await FakePlatform.LogAsync(context, 1, Step.DownloadCode, $"Fetched {deployment.Commit}");
        await FakePlatform.DeploymentAsync(context, deployment);
        await FakePlatform.EndAsync(context);
    }

    private static async Task<string> GitAsync(string folder, params string[] arguments)
    {
        using var git = Process.Start(new ProcessStartInfo("git", ["-C", folder, .. arguments]) { RedirectStandardOutput = true })!;
        var output = await git.StandardOutput.ReadToEndAsync();
        await git.WaitForExitAsync();
        git.ExitCode.ShouldBe(0);
        return output;
    }
}
