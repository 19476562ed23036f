using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Paas.Contracts.Api;

namespace Paas.EndToEnd.Tests.BadInput;

/// <summary>Deliveries that are wrong, or lead to nothing: each is answered, listed with its reason, and does no harm.</summary>
public sealed class WebhookTests(SharedPlatform shared) : IClassFixture<SharedPlatform>
{
    private const int TooLarge = 26 * 1024 * 1024;
    private const long GenerousBytes = 150L << 20;

    private static readonly Dictionary<string, Case> Cases = new()
    {
        ["unknown-app"] = new(HttpStatusCode.NotFound, DeliveryDecisions.Rejected, ["nobody-knows", "There is no app"])
        {
            Path = "/webhooks/github/nobody-knows",
        },
        ["unknown-repository"] = new(HttpStatusCode.NotFound, DeliveryDecisions.Rejected, ["test/elsewhere", "No app is made from the repository"])
        {
            Change = push => push with { Repository = "https://git.example.com/test/elsewhere", FullName = "test/elsewhere" },
        },
        ["wrong-branch"] = new(HttpStatusCode.Accepted, DeliveryDecisions.Ignored, ["'feature'", "deploys 'main'"])
        {
            Change = push => push with { Ref = "refs/heads/feature" },
        },
        ["wrong-signature"] = new(HttpStatusCode.Unauthorized, DeliveryDecisions.Rejected, ["not signed with the webhook secret"])
        {
            Sign = (_, body) => Signature("another secret of somebody", body),
        },
        ["missing-signature"] = new(HttpStatusCode.Unauthorized, DeliveryDecisions.Rejected, ["X-Hub-Signature-256 is missing"]) { Sign = (_, _) => null },
        ["empty-signature"] = new(HttpStatusCode.Unauthorized, DeliveryDecisions.Rejected, ["X-Hub-Signature-256 is not a signature"]) { Sign = (_, _) => "" },
        ["signature-of-nothing"] = new(HttpStatusCode.Unauthorized, DeliveryDecisions.Rejected, ["is not a signature"]) { Sign = (_, _) => "sha256=" },
        ["malformed-json"] = new(HttpStatusCode.BadRequest, DeliveryDecisions.Rejected, ["not a JSON object", "line 1"])
        {
            Body = body => body[..^5],
        },
        ["deleted-branch"] = new(HttpStatusCode.Accepted, DeliveryDecisions.Ignored, ["refs/heads/main was deleted"])
        {
            Change = push => push with { Deleted = true, After = new string('0', 40) },
        },
        ["tag"] = new(HttpStatusCode.Accepted, DeliveryDecisions.Ignored, ["v1.0 is a tag"]) { Change = push => push with { Ref = "refs/tags/v1.0" } },
        ["unknown-event"] = new(HttpStatusCode.Accepted, DeliveryDecisions.Ignored, ["'pull_request'"]) { Event = "pull_request" },
        ["ping"] = new(HttpStatusCode.Accepted, DeliveryDecisions.Ignored, ["GitHub asks whether somebody is here"]) { Event = "ping" },
        ["commit-that-is-none"] = new(HttpStatusCode.BadRequest, DeliveryDecisions.Rejected, ["'after' has to be a SHA"])
        {
            Change = push => push with { After = "HEAD; touch marker" },
        },
        ["body-of-26-mb"] = new(HttpStatusCode.RequestEntityTooLarge, DeliveryDecisions.Rejected, ["25 MB"]) { Body = _ => new byte[TooLarge] },
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    private Platform Platform => shared.Platform;

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_bad_delivery_is_answered_and_listed_and_a_good_one_deploys_afterwards(string name)
    {
        var bad = Cases[name];
        using var repository = Repository.Static(name);
        var app = await Platform.CreateAppAsync(name, repository);
        var id = Guid.NewGuid().ToString();

        using var response = await SendAsync(bad, app, repository, id);

        var answer = await response.Content.ReadAsStringAsync();
        response.StatusCode.ShouldBe(bad.Status, answer);
        if (bad.Status != HttpStatusCode.Accepted)
            response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        DeliveryResponse? listed = null;
        await Platform.UntilAsync(
            async () => (listed = (await Platform.Http.GetFromJsonAsync<Page<DeliveryResponse>>("/v1/deliveries?limit=100"))!.Items.SingleOrDefault(x => x.DeliveryId == id))
                is not (null or { Decision: DeliveryDecisions.Pending }),
            $"the delivery of {name} was decided on and listed");
        listed!.Decision.ShouldBe(bad.Decision);
        foreach (var word in bad.Words)
            listed.Reason.ShouldContain(word);
        if (bad.Status != HttpStatusCode.Accepted)
            JsonDocument.Parse(answer).RootElement.GetProperty("detail").GetString().ShouldBe(listed.Reason);

        (await Platform.DeployAsync(app, repository)).State.ShouldBe(DeploymentStates.Succeeded);
        (await Platform.GetAppAsync(name)).Body.ShouldBe(name);
        (await Platform.Http.GetFromJsonAsync<Page<DeploymentResponse>>($"/v1/apps/{name}/deployments"))!.Items.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Of_bodies_that_are_too_large_nothing_is_kept_even_if_their_length_is_not_said()
    {
        using var repository = Repository.Static("large");
        var app = await Platform.CreateAppAsync("large", repository);
        var before = Platform.ResidentBytes();
        for (var i = 0; i < 8; i++)
        {
            using var request = Request(Cases["ping"], app, new byte[TooLarge], Guid.NewGuid().ToString());
            request.Headers.TransferEncodingChunked = true;
            (await StatusOfAsync(request)).ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        }

        await Platform.UntilAsync(() => Task.FromResult(shared.TempFiles().Count == 0), "nothing of the bodies was left on the disk");
        (Platform.ResidentBytes() - before).ShouldBeLessThan(GenerousBytes);
        (await Platform.DeployAsync(app, repository)).State.ShouldBe(DeploymentStates.Succeeded);
    }

    private async Task<HttpResponseMessage> SendAsync(Case bad, AppResponse app, Repository repository, string id)
    {
        var push = bad.Change(new Push("refs/heads/main", repository.Head, false, repository.Url, "test/repository"));
        var body = JsonSerializer.SerializeToUtf8Bytes(new
        {
            @ref = push.Ref,
            before = new string('1', 40),
            after = push.After,
            deleted = push.Deleted,
            zen = "Keep it logically awesome.",
            repository = new { full_name = push.FullName, clone_url = push.Repository },
        });
        using var request = Request(bad, app, bad.Body(body), id);
        return await Platform.Http.SendAsync(request);
    }

    private static HttpRequestMessage Request(Case bad, AppResponse app, byte[] body, string id)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, bad.Path) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        // So that an answer that comes before the body was sent is not lost with the connection.
        request.Headers.ExpectContinue = body.Length == TooLarge;
        request.Headers.Add("X-GitHub-Event", bad.Event);
        request.Headers.Add("X-GitHub-Delivery", id);
        if (bad.Sign(app.WebhookSecret!, body) is { } signature)
            request.Headers.TryAddWithoutValidation("X-Hub-Signature-256", signature);
        return request;
    }

    /// <summary>The answer's status; a server that has heard enough may hang up while the client still sends.</summary>
    private async Task<HttpStatusCode> StatusOfAsync(HttpRequestMessage request)
    {
        try
        {
            using var response = await Platform.Http.SendAsync(request);
            return response.StatusCode;
        }
        catch (HttpRequestException exception) when (exception.InnerException is IOException)
        {
            return HttpStatusCode.RequestEntityTooLarge;
        }
    }

    private static string Signature(string secret, byte[] body) =>
        "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), body));

    private sealed record Push(string Ref, string After, bool Deleted, string Repository, string FullName);

    /// <summary>How a delivery differs from a good one, and what becomes of it.</summary>
    private sealed record Case(HttpStatusCode Status, string Decision, string[] Words)
    {
        public string Path { get; init; } = "/webhooks/github";
        public string Event { get; init; } = "push";
        public Func<Push, Push> Change { get; init; } = push => push;
        public Func<byte[], byte[]> Body { get; init; } = body => body;
        public Func<string, byte[], string?> Sign { get; init; } = Signature;
    }
}
