using System.Net;
using System.Net.Http.Json;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Persistence.Entities;

namespace Paas.Gateway.Tests;

public sealed class WebhookTests : IAsyncLifetime
{
    private GatewayHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await GatewayHost.StartAsync();
        await _host.CreateAppAsync("shop");
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [InlineData("/webhooks/github")]
    [InlineData("/webhooks/github/shop")]
    public async Task A_signed_push_is_stored_and_told(string path)
    {
        var answer = await AcceptedAsync(await _host.DeliverAsync(GatewayHost.Payload("refs/heads/feature/login", message: "Grüße 🎈\nmore"), path));
        answer.Decision.ShouldBe(DeliveryDecisions.Pending);
        (await _host.Received.OneAsync<PushReceived>()).DeliveryId.ShouldBe(answer.Id);
        var stored = (await StoredAsync()).Single();
        stored.Ref.ShouldBe("refs/heads/feature/login");
        stored.After.ShouldBe(new string('a', 40));
        stored.CommitMessage.ShouldBe("Grüße 🎈\nmore");
        stored.Pusher.ShouldBe("ada");
        stored.Repository.ShouldBe("acme/shop");
        stored.AppName.ShouldBe("shop");
    }

    [Fact]
    public async Task A_form_is_read_like_json()
    {
        var form = "x=1&payload=" + WebUtility.UrlEncode(GatewayHost.Payload(message: "100 % & more + ü"));
        var answer = await _host.DeliverAsync(form, type: "application/x-www-form-urlencoded");
        (await AcceptedAsync(answer)).Decision.ShouldBe(DeliveryDecisions.Pending);
        (await StoredAsync()).Single().CommitMessage.ShouldBe("100 % & more + ü");
    }

    [Theory]
    [InlineData("payload=%7")]
    [InlineData("payload=%zz")]
    [InlineData("other=1")]
    [InlineData("payload=")]
    public async Task A_malformed_form_is_refused(string form) =>
        await RefusedAsync(await _host.DeliverAsync(form, type: "application/x-www-form-urlencoded"), 400);

    [Fact]
    public async Task A_delivery_that_comes_again_changes_nothing()
    {
        var first = await AcceptedAsync(await _host.DeliverAsync(GatewayHost.Payload(), id: "same"));
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => _host.DeliverAsync(GatewayHost.Payload(), id: "same")));
        foreach (var answer in answers)
            (await AcceptedAsync(answer)).ShouldBe(first);
        (await StoredAsync()).Count.ShouldBe(1);
        (await _host.Received.OneAsync<PushReceived>()).DeliveryId.ShouldBe(first.Id);
    }

    [Fact]
    public async Task The_same_body_under_other_ids_is_the_same_delivery()
    {
        var payload = GatewayHost.Payload();
        var first = await AcceptedAsync(await _host.DeliverAsync(payload, id: "first"));

        var answers = await Task.WhenAll(Enumerable.Range(0, 30).Select(i => _host.DeliverAsync(payload, id: $"other-{i}", path: i % 2 == 0 ? "/webhooks/github" : "/webhooks/github/shop")));

        foreach (var answer in answers)
        {
            var told = await AcceptedAsync(answer);
            told.Decision.ShouldBe(DeliveryDecisions.Duplicate);
            told.Reason.ShouldBe("The same body has come before, as the delivery first.");
        }

        var stored = await StoredAsync();
        stored.Single(delivery => delivery.Decision != DeliveryDecisions.Duplicate).DeliveryId.ShouldBe("first");
        stored.Count.ShouldBeInRange(21, 31); // 20 besides the first, and those that were counted at the same time
        await AcceptedAsync(await _host.DeliverAsync(payload, id: "one-more"));
        (await StoredAsync()).Count.ShouldBe(stored.Count);
        (await _host.Received.OneAsync<PushReceived>()).DeliveryId.ShouldBe(first.Id);
        (await AcceptedAsync(await _host.DeliverAsync(payload, id: "first"))).ShouldBe(first);
    }

    [Fact]
    public async Task The_same_body_for_two_apps_with_one_secret_is_a_delivery_for_each()
    {
        await _host.CreateAppAsync("stall");
        var payload = GatewayHost.Payload();

        await AcceptedAsync(await _host.DeliverAsync(payload, id: "one", path: "/webhooks/github/shop"));
        await AcceptedAsync(await _host.DeliverAsync(payload, id: "two"));

        (await StoredAsync()).Select(delivery => (delivery.AppName, delivery.DeliveryId, delivery.Decision)).ShouldBe(
            [("shop", "one", DeliveryDecisions.Pending), ("shop", "two", DeliveryDecisions.Duplicate), ("stall", "two", DeliveryDecisions.Pending)], ignoreOrder: true);
    }

    [Fact]
    public async Task The_same_body_as_another_event_is_another_delivery()
    {
        var payload = GatewayHost.Payload();
        await AcceptedAsync(await _host.DeliverAsync(payload, @event: "ping"));

        (await AcceptedAsync(await _host.DeliverAsync(payload))).Decision.ShouldBe(DeliveryDecisions.Pending);
    }

    [Fact]
    public async Task Of_many_deliveries_at_once_each_is_stored_though_one_of_them_came_before()
    {
        var known = await AcceptedAsync(await _host.DeliverAsync(GatewayHost.Payload(), id: "known"));
        var ids = Enumerable.Range(0, 60).Select(i => i % 20 == 7 ? "known" : $"new-{i}").ToList();

        var answers = await Task.WhenAll(ids.Select(id => _host.DeliverAsync(GatewayHost.Payload(), id: id)));

        var accepted = new List<DeliveryAccepted>();
        foreach (var answer in answers)
            accepted.Add(await AcceptedAsync(answer));
        accepted.Count(delivery => delivery == known).ShouldBe(3);
        (await StoredAsync()).Select(delivery => delivery.DeliveryId).ShouldBe(ids.Append("known").Distinct(), ignoreOrder: true);
        await GatewayHost.UntilAsync(() => Task.FromResult(_host.Received.Of<PushReceived>().Count == 58), "a message for each");
    }

    [Fact]
    public async Task Every_app_of_the_repository_whose_secret_fits_gets_the_push()
    {
        await _host.CreateAppAsync("shop-two", "https://GitHub.com/acme/shop.git");
        await _host.CreateAppAsync("shop-other", secret: "quite another secret");
        await AcceptedAsync(await _host.DeliverAsync(GatewayHost.Payload()));
        (await StoredAsync()).Select(delivery => delivery.AppName).ShouldBe(["shop", "shop-two"], ignoreOrder: true);
        await GatewayHost.UntilAsync(() => Task.FromResult(_host.Received.Of<PushReceived>().Count == 2), "two messages");
    }

    public static TheoryData<string, string, string> NotDeployed => new()
    {
        { "push", GatewayHost.Payload(after: new string('0', 40), deleted: true), "was deleted" },
        { "push", GatewayHost.Payload(after: new string('0', 40)), "was deleted" },
        { "push", GatewayHost.Payload("refs/tags/v1"), "is a tag" },
        { "push", GatewayHost.Payload("refs/pull/1/head"), "not a branch" },
        { "push", GatewayHost.Payload("refs/heads/../../etc/passwd"), "not a branch" },
        { "push", GatewayHost.Payload("refs/heads/-oops"), "not a branch" },
        { "push", GatewayHost.Payload("refs/heads/" + new string('x', 5_000)), "not a branch" },
        { "ping", """{"zen":"Keep it simple.","hook":{},"repository":{"clone_url":"https://github.com/acme/shop"}}""", "Keep it simple." },
        { "issues", GatewayHost.Payload(), "issues" },
    };

    [Theory]
    [MemberData(nameof(NotDeployed))]
    public async Task What_is_no_push_to_a_branch_is_recorded_with_its_reason(string @event, string payload, string reason)
    {
        var answer = await AcceptedAsync(await _host.DeliverAsync(payload, @event: @event));
        answer.Decision.ShouldBe(DeliveryDecisions.Ignored);
        answer.Reason.ShouldContain(reason);
        _host.Received.Of<PushReceived>().ShouldBeEmpty();
    }

    public static TheoryData<string?> WrongSignatures => new()
    {
        (string?)null, "", "sha256=", "sha1=" + new string('a', 40), "sha256=" + new string('a', 63), "sha256=" + new string('z', 64),
        "sha256=" + new string('a', 64), "sha256=" + new string('a', 66), GatewayHost.Sign(Encoding.UTF8.GetBytes(GatewayHost.Payload()), ""),
        GatewayHost.Sign(Encoding.UTF8.GetBytes(GatewayHost.Payload()), "another secret, just as long"),
    };

    [Theory]
    [MemberData(nameof(WrongSignatures))]
    public async Task What_is_not_signed_with_the_secret_is_refused_and_recorded(string? signature)
    {
        foreach (var path in (string[])["/webhooks/github", "/webhooks/github/shop"])
        {
            await RefusedAsync(await _host.DeliverAsync(GatewayHost.Payload(), path, change: request =>
            {
                request.Headers.Remove("X-Hub-Signature-256");
                if (signature is not null)
                    request.Headers.TryAddWithoutValidation("X-Hub-Signature-256", signature);
            }), 401);
        }

        (await RejectedAsync(2)).ShouldAllBe(delivery => delivery.Event == "push" && delivery.DeliveryId != null);
        _host.Received.Of<PushReceived>().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_changed_byte_breaks_the_signature()
    {
        var body = Encoding.UTF8.GetBytes(GatewayHost.Payload());
        var signature = GatewayHost.Sign(body);
        await RefusedAsync(await _host.DeliverAsync([.. body, (byte)' '], change: request =>
        {
            request.Headers.Remove("X-Hub-Signature-256");
            request.Headers.Add("X-Hub-Signature-256", signature);
        }), 401);
    }

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("..%2f..%2fetc")]
    [InlineData("shop';DROP TABLE apps;--")]
    [InlineData("none")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public async Task An_app_that_is_not_there_gets_nothing(string name)
    {
        var answer = await _host.DeliverAsync(GatewayHost.Payload(), "/webhooks/github/" + Uri.EscapeDataString(name));
        await RefusedAsync(answer, 404);
        (await _host.WithDbAsync(db => db.Apps.CountAsync())).ShouldBe(1);
    }

    [Fact]
    public async Task A_repository_that_no_app_is_made_from_is_told()
    {
        var problem = await RefusedAsync(await _host.DeliverAsync(GatewayHost.Payload(repository: "https://github.com/acme/none")), 404);
        problem.ShouldContain("acme/shop");
        var stored = (await RejectedAsync(1)).Single();
        stored.AppId.ShouldBeNull();
        stored.Ref.ShouldBe("refs/heads/main");
    }

    public static TheoryData<string, int> Malformed => new()
    {
        { "", 1 }, { "{", 1 }, { "[]", 1 }, { "\"push\"", 1 }, { "{\n\"ref\": \"x\",\n oops }", 3 }, { "{} {}", 1 },
        { "{\"a\":" + new string('[', 2_000) + new string(']', 2_000) + "}", 1 }, { "{\"ref\":\"\\ud800\"}", 0 }, { "{\"ref\":1" + new string('1', 200_000) + "}", 0 },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task Malformed_json_is_refused_with_its_place(string body, int line)
    {
        var problem = await RefusedAsync(await _host.DeliverAsync(body), 400);
        if (line > 0)
            problem.ShouldContain($"line {line}, position ");
    }

    [Theory]
    [InlineData("""{"repository":{"clone_url":"https://github.com/acme/shop"}}""")]
    [InlineData("""{"ref":"refs/heads/main","after":"main","repository":{"clone_url":"https://github.com/acme/shop"}}""")]
    [InlineData("""{"ref":7,"after":[],"repository":{"clone_url":"https://github.com/acme/shop"}}""")]
    public async Task A_push_without_a_ref_or_commit_is_refused(string body) => await RefusedAsync(await _host.DeliverAsync(body), 400);

    [Theory]
    [InlineData("X-GitHub-Event")]
    [InlineData("X-GitHub-Delivery")]
    public async Task Missing_headers_are_named(string header) =>
        (await RefusedAsync(await _host.DeliverAsync(GatewayHost.Payload(), change: request => request.Headers.Remove(header)), 400)).ShouldContain(header);

    [Theory]
    [InlineData("X-Gitea-Event", "Gitea")]
    [InlineData("X-Forgejo-Event", "Forgejo")]
    [InlineData("X-Gogs-Signature", "Gogs")]
    public async Task Other_git_hosts_are_recognised_first(string header, string host) =>
        (await RefusedAsync(await _host.DeliverAsync(GatewayHost.Payload(), change: request => request.Headers.Add(header, "push")), 400)).ShouldContain(host);

    [Fact]
    public async Task Nul_characters_and_long_texts_do_not_get_into_the_database()
    {
        var payload = GatewayHost.Payload(message: "a\0b\u001b[31m" + new string('x', 100_000) + "\\u1234🎈");
        await AcceptedAsync(await _host.DeliverAsync(payload));
        var stored = (await StoredAsync()).Single();
        stored.CommitMessage!.ShouldStartWith("a b [31mxxx");
        stored.CommitMessage!.Length.ShouldBe(500);
    }

    private async Task<List<Delivery>> StoredAsync() => await _host.WithDbAsync(db => db.Deliveries.AsNoTracking().Where(x => x.AppId != null).ToListAsync());

    private async Task<List<Delivery>> RejectedAsync(int count)
    {
        List<Delivery> rejected = [];
        await GatewayHost.UntilAsync(async () =>
        {
            rejected = await _host.WithDbAsync(db => db.Deliveries.AsNoTracking().Where(x => x.Decision == DeliveryDecisions.Rejected).ToListAsync());
            return rejected.Count >= count;
        }, "the refused deliveries");
        rejected.ShouldAllBe(delivery => delivery.AppId == null);
        return rejected;
    }

    private static async Task<DeliveryAccepted> AcceptedAsync(HttpResponseMessage answer)
    {
        ((int)answer.StatusCode).ShouldBe(202, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync<DeliveryAccepted>())!;
    }

    private async Task<string> RefusedAsync(HttpResponseMessage answer, int status)
    {
        var text = await answer.Content.ReadAsStringAsync();
        ((int)answer.StatusCode).ShouldBe(status, text);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        (await StoredAsync()).ShouldBeEmpty();
        return text;
    }
}
