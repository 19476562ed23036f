using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Paas.Cli.Platform;

namespace Paas.Cli.Quickstart;

/// <summary>The push event, as GitHub sends and signs it.</summary>
internal static class SignedPush
{
    private static readonly string Nobody = new('0', 40);

    public static HttpRequestMessage Create(string repositoryUrl, SampleCommit commit, string secret, string deliveryId, DateTimeOffset now)
    {
        var body = Encoding.UTF8.GetBytes(Body(repositoryUrl, commit, now).ToJsonString(JsonSerializerOptions.Web));
        var request = new HttpRequestMessage(HttpMethod.Post, ApiPaths.GitHubWebhook) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add("X-GitHub-Event", "push");
        request.Headers.Add("X-GitHub-Delivery", deliveryId);
        request.Headers.Add("X-Hub-Signature-256", "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), body)));
        return request;
    }

    private static JsonObject Body(string repositoryUrl, SampleCommit commit, DateTimeOffset now) => new()
    {
        ["ref"] = "refs/heads/main",
        ["before"] = commit.Parent ?? Nobody,
        ["after"] = commit.Sha,
        ["repository"] = new JsonObject
        {
            ["name"] = "hello",
            ["full_name"] = "quickstart/hello",
            ["private"] = false,
            ["html_url"] = repositoryUrl,
            ["url"] = repositoryUrl,
            ["clone_url"] = repositoryUrl,
            ["default_branch"] = "main",
            ["owner"] = Person(),
        },
        ["pusher"] = Person(),
        ["sender"] = new JsonObject { ["login"] = "quickstart", ["type"] = "User" },
        ["created"] = commit.Parent is null,
        ["deleted"] = false,
        ["forced"] = false,
        ["base_ref"] = null,
        ["commits"] = new JsonArray(Commit(commit, now)),
        ["head_commit"] = Commit(commit, now),
    };

    private static JsonObject Commit(SampleCommit commit, DateTimeOffset now) => new()
    {
        ["id"] = commit.Sha,
        ["message"] = commit.Message,
        ["timestamp"] = now.ToString("yyyy-MM-ddTHH:mm:sszzz"),
        ["author"] = Person(),
        ["committer"] = Person(),
        ["added"] = new JsonArray(),
        ["removed"] = new JsonArray(),
        ["modified"] = new JsonArray("index.html"),
    };

    private static JsonObject Person() => new() { ["name"] = "quickstart", ["email"] = "quickstart@localhost" };
}
