using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Paas.Contracts.Api;
using Shouldly;

namespace Paas.Servers;

/// <summary>Drives a platform over HTTP only, as git hosts and developers do.</summary>
public abstract class PlatformClient
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    public HttpClient Http { get; protected set; } = null!;

    /// <summary>What the platform has logged, for whoever looks at a test that failed.</summary>
    public abstract string Output { get; }

    public async Task<AppResponse> CreateAppAsync(string name, Repository repository, string policy = ConcurrencyPolicy.Latest, string? target = null)
    {
        using var response = await Http.PostAsJsonAsync("/v1/apps", new CreateAppRequest { Name = name, Repository = repository.Url, Policy = policy, Target = target });
        response.StatusCode.ShouldBe(HttpStatusCode.Created, await response.Content.ReadAsStringAsync());
        return (await response.Content.ReadFromJsonAsync<AppResponse>())!;
    }

    /// <summary>Sends the push of the repository's newest commit, signed, as GitHub does.</summary>
    public async Task<HttpResponseMessage> PushAsync(
        Repository repository, string? secret, string? commit = null, string @ref = "refs/heads/main", string? deliveryId = null)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(new
        {
            @ref,
            before = new string('1', 40),
            after = commit ?? repository.Head,
            created = false,
            deleted = false,
            forced = false,
            // As with a git host, no two pushes have the same payload; what is delivered again under its id has.
            pushed_at = deliveryId is null ? Stopwatch.GetTimestamp() : 0,
            repository = new { full_name = "test/repository", clone_url = repository.Url, html_url = repository.Url },
            pusher = new { name = "octocat" },
            head_commit = new { id = commit ?? repository.Head, message = "A change\n\nwith a body" },
        });
        return await DeliverAsync(body, secret, deliveryId: deliveryId);
    }

    public async Task<HttpResponseMessage> DeliverAsync(byte[] body, string? secret, string @event = "push", string? deliveryId = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/webhooks/github") { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add("X-GitHub-Event", @event);
        request.Headers.Add("X-GitHub-Delivery", deliveryId ?? Guid.NewGuid().ToString());
        if (secret is not null)
            request.Headers.Add("X-Hub-Signature-256", "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), body)));
        return await Http.SendAsync(request);
    }

    /// <summary>Pushes the newest commit and waits until its deployment has ended.</summary>
    public async Task<DeploymentResponse> DeployAsync(AppResponse app, Repository repository)
    {
        await PushAcceptedAsync(app, repository);
        return await EndOfAsync(await DeploymentOfAsync(app.Name, repository.Head));
    }

    public async Task PushAcceptedAsync(AppResponse app, Repository repository)
    {
        using var response = await PushAsync(repository, app.WebhookSecret);
        response.StatusCode.ShouldBe(HttpStatusCode.Accepted, await response.Content.ReadAsStringAsync());
    }

    /// <summary>The newest deployment of a commit, once there is one.</summary>
    public async Task<Guid> DeploymentOfAsync(string app, string commit)
    {
        DeploymentResponse? found = null;
        await UntilAsync(
            async () => (found = (await Http.GetFromJsonAsync<Page<DeploymentResponse>>($"/v1/apps/{app}/deployments"))!.Items.FirstOrDefault(x => x.Commit == commit)) is not null,
            $"{commit} has a deployment");
        return found!.Id;
    }

    public Task<DeploymentResponse> EndOfAsync(Guid deployment) => DeploymentAsync(deployment, x => DeploymentStates.IsFinal(x.State), "at its end");

    public async Task<DeploymentResponse> DeploymentAsync(Guid deployment, Func<DeploymentResponse, bool> condition, string what)
    {
        DeploymentResponse? found = null;
        try
        {
            await UntilAsync(
                async () => condition(found = (await Http.GetFromJsonAsync<DeploymentResponse>($"/v1/deployments/{deployment}"))!),
                $"the deployment was {what}");
            return found!;
        }
        catch (TimeoutException exception)
        {
            throw new TimeoutException($"{exception.Message} It is {found?.State}: {found?.Failure?.Message}\n{await LogAsync(deployment)}\n{Output}");
        }
    }

    public Task<string> LogAsync(Guid deployment) => Http.GetStringAsync($"/v1/deployments/{deployment}/logs");

    /// <summary>What the app answers, through the router.</summary>
    public async Task<(HttpStatusCode Status, string Body)> GetAppAsync(string app, string path = "/")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Host = $"{app}.localhost" } };
        using var response = await Http.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        var deadline = DateTime.UtcNow + Patience;
        while (!await condition())
        {
            if (DateTime.UtcNow > deadline)
                throw new TimeoutException($"It never came to pass that {what}.");
            await Task.Delay(50);
        }
    }
}
