using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Paas.Contracts.Api;
using Paas.Servers;

namespace Paas.Faults.Tests;

/// <summary>
/// Whatever is pushed, and in whatever order and how often it is told: at the end the app runs what its branch points to, or
/// what a person chose last.
/// </summary>
[Collection(OnRealServers.Name)]
public sealed class OldCodeTests(RealServers servers, ITestOutputHelper output)
{
    private const int Apps = 6;
    private const int Actions = 22;

    [Fact]
    public async Task What_is_live_is_what_the_branch_points_to_or_what_a_person_chose_last()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("PUSHES_SEED"), out var given) ? given : Random.Shared.Next(1_000_000);
        output.WriteLine($"PUSHES_SEED={seed}");
        await using var first = await Platform.StartFetchingAsync(servers);
        await using var second = await first.StartAnotherAsync();
        await Task.WhenAll(Enumerable.Range(0, Apps).Select(i => Task.Run(async () =>
        {
            using var story = new Story($"app-{i}", new Random(seed + i), [first, second]);
            try
            {
                await story.RunAsync();
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"With PUSHES_SEED={seed}, {story}", exception);
            }
        })));
    }

    /// <summary>What happens to one app.</summary>
    private sealed class Story(string app, Random random, Platform[] platforms) : IDisposable
    {
        private const string Secret = "a-secret-of-the-tests";
        private readonly Repository _repository = new(("a", "0"));
        private readonly List<string> _told = [];
        private readonly List<Push> _pushes = [];
        private string? _chosen;
        private bool _headToldSince;

        private Platform Any => platforms[random.Next(platforms.Length)];

        private string Head => _pushes[^1].After;

        public async Task RunAsync()
        {
            await platforms[0].PostAsync<AppResponse>("/v1/apps", new { name = app, repository = _repository.Url, webhookSecret = Secret });
            Push(_repository.Head, new string('0', 40));
            for (var i = 0; i < Actions; i++)
                await ActAsync();
            // What was never delivered comes now, in any order and partly at once.
            var late = _pushes.Where(push => !push.IsDelivered).OrderBy(_ => random.Next()).ToList();
            await Task.WhenAll(late.Select(push => DeliverAsync(push, Any, "late")));
            await DeliverAsync(_pushes[random.Next(_pushes.Count)], Any, "again", newId: true);
            await SettleAsync();

            var expected = _chosen is null || _headToldSince ? Head : _chosen;
            var release = (await platforms[0].GetAsync<AppResponse>($"/v1/apps/{app}")).Release.ShouldNotBeNull();
            (await ReleasesAsync()).Single(x => x.Version == release).Commit.ShouldBe(expected);
        }

        public void Dispose() => _repository.Dispose();

        public override string ToString() => $"{app}:\n{string.Join('\n', _told)}";

        private async Task ActAsync()
        {
            var push = _pushes[random.Next(_pushes.Count)];
            switch (random.Next(12))
            {
                case < 4:
                    PushNew(_pushes[^1].After);
                    if (random.Next(3) > 0)
                        await DeliverAsync(_pushes[^1], Any, "in time");
                    break;
                case 4:
                    PushNew(push.After); // onto an older commit: what came after it is gone
                    if (random.Next(3) > 0)
                        await DeliverAsync(_pushes[^1], Any, "in time");
                    break;
                case 5 when push.After != Head:
                    Push(push.After, Head); // back to an older commit
                    if (random.Next(3) > 0)
                        await DeliverAsync(_pushes[^1], Any, "in time");
                    break;
                case 6 or 7:
                    await DeliverAsync(push, Any, push.IsDelivered ? "again" : "late", newId: random.Next(2) == 0);
                    break;
                case 8:
                    await Task.WhenAll(_pushes.OrderBy(_ => random.Next()).Take(3).ToList().Select(any => DeliverAsync(any, Any, "at once")));
                    break;
                case 9:
                    await ChooseAsync(push.After, $"deploy {push.After[..7]}", () => Any.SendAsync($"/v1/apps/{app}/deployments", new { commit = push.After }));
                    break;
                case 10:
                    await RollBackAsync();
                    break;
                default:
                    await SettleAsync();
                    break;
            }
        }

        private void PushNew(string parent)
        {
            var commit = _repository.Git("commit-tree", $"{_repository.Head}^{{tree}}", "-p", parent, "-m", $"{_pushes.Count}").Trim();
            Push(commit, Head);
        }

        private void Push(string commit, string before)
        {
            _repository.Git("update-ref", "refs/heads/main", commit);
            _pushes.Add(new Push(_pushes.Count, before, commit));
            _headToldSince = false;
            _told.Add($"push #{_pushes.Count - 1} {before[..7]}..{commit[..7]}");
        }

        private async Task DeliverAsync(Push push, Platform gateway, string how, bool newId = false)
        {
            if (push is { IsDelivered: false } && push.After == Head)
                _headToldSince = true;
            push.IsDelivered = true;
            var id = newId ? Guid.NewGuid() : push.Id;
            lock (_told)
                _told.Add($"deliver #{push.Number} {how}{(newId ? " under another id" : "")}");
            var body = JsonSerializer.SerializeToUtf8Bytes(new
            {
                @ref = "refs/heads/main",
                before = push.Before,
                after = push.After,
                repository = new { clone_url = _repository.Url, pushed_at = push.Number },
            });
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/webhooks/github/{app}") { Content = new ByteArrayContent(body) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            request.Headers.Add("X-GitHub-Event", "push");
            request.Headers.Add("X-GitHub-Delivery", id.ToString());
            request.Headers.Add("X-Hub-Signature-256", "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), body)));
            using var answer = await gateway.Client.SendAsync(request);
            answer.StatusCode.ShouldBe(HttpStatusCode.Accepted, await answer.Content.ReadAsStringAsync());
        }

        private async Task RollBackAsync()
        {
            var live = (await platforms[0].GetAsync<AppResponse>($"/v1/apps/{app}")).Release;
            var releases = (await ReleasesAsync()).Where(release => release.Version < live && release.State == ReleaseStates.Retired).ToList();
            if (releases.Count == 0)
                return;
            var release = releases[random.Next(releases.Count)];
            await ChooseAsync(release.Commit!, $"rollback to v{release.Version}, {release.Commit![..7]}",
                () => Any.SendAsync($"/v1/apps/{app}/releases/{release.Version}/rollback"));
        }

        private async Task ChooseAsync(string commit, string what, Func<Task<HttpResponseMessage>> choose)
        {
            // A push that was taken over is decided on a moment later, and would then be the later of the two.
            await UntilDecidedAsync();
            using var answer = await choose();
            _told.Add($"{what}: {(int)answer.StatusCode}");
            if (answer.IsSuccessStatusCode)
                (_chosen, _headToldSince) = (commit, false);
        }

        private async Task SettleAsync()
        {
            await UntilDecidedAsync();
            List<DeploymentResponse> open = [];
            await Platform.UntilAsync(
                async () => (open = [.. (await platforms[0].GetAsync<Page<DeploymentResponse>>($"/v1/apps/{app}/deployments?limit=100")).Items
                    .Where(deployment => !DeploymentStates.IsFinal(deployment.State))]).Count == 0,
                () => $"all deployments of {app} have ended; {string.Join(", ", open.Select(x => $"{x.Id} is {x.State}"))}");
            _told.Add("all has ended");
        }

        private async Task<IReadOnlyList<ReleaseResponse>> ReleasesAsync() =>
            (await platforms[0].GetAsync<Page<ReleaseResponse>>($"/v1/apps/{app}/releases?limit=200")).Items;

        private Task UntilDecidedAsync() => Platform.UntilAsync(
            async () => (await platforms[0].GetAsync<Page<DeliveryResponse>>($"/v1/deliveries?limit=100&app={app}")).Items
                .All(delivery => delivery.App != app || delivery.Decision != DeliveryDecisions.Pending),
            () => $"all deliveries of {app} were decided on");
    }

    private sealed record Push(int Number, string Before, string After)
    {
        public Guid Id { get; } = Guid.NewGuid();
        public bool IsDelivered { get; set; }
    }
}
