using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace Paas.Kubernetes.Tests;

/// <summary>A watch tells every state once, whatever happens to its connection.</summary>
public sealed class WatchTests : IAsyncLifetime
{
    private readonly TestCluster _cluster = new();
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(TestCluster.Cancellation);

    public ValueTask InitializeAsync() => _cluster.InitializeAsync();

    [Fact]
    public async Task It_tells_what_is_there_and_then_what_happens()
    {
        Put("a", "1");
        await using var told = Watch();
        await told.UntilAsync("+a=1");

        Put("b", "1");
        Put("a", "2");
        _cluster.Api.Cluster.Delete("configmaps", "demo", "b");

        await told.UntilAsync("+a=1", "+b=1", "~a=2", "-b=1");
    }

    [Fact]
    public async Task It_goes_on_where_it_was_after_an_end_without_a_word()
    {
        Put("a", "1");
        await using var told = Watch();
        await told.UntilAsync("+a=1");

        await ReconnectAsync(_cluster.Api.EndWatches);
        Put("a", "2");

        await told.UntilAsync("+a=1", "~a=2");
        Lists().ShouldBe(1);
    }

    [Fact]
    public async Task It_goes_on_where_it_was_after_a_cut_in_the_middle_of_a_line()
    {
        Put("a", "1");
        await using var told = Watch();
        await told.UntilAsync("+a=1");

        await ReconnectAsync(() =>
        {
            _cluster.Api.CutWatches();
            Put("a", "2");
        });
        Put("a", "3");

        await told.UntilAsync("+a=1", "~a=2", "~a=3");
        Lists().ShouldBe(1);
    }

    [Fact]
    public async Task After_a_gap_that_the_server_has_forgotten_it_tells_what_differs_and_nothing_twice()
    {
        Put("a", "1");
        Put("b", "1");
        Put("c", "1");
        await using var told = Watch();
        await told.UntilAsync("+a=1", "+b=1", "+c=1");

        await _cluster.Api.GoAwayAsync();
        Put("b", "2");
        _cluster.Api.Cluster.Delete("configmaps", "demo", "c");
        Put("d", "1");
        _cluster.Api.ForgetHistory();
        await _cluster.Api.ComeBackAsync();

        await told.UntilAsync("+a=1", "+b=1", "+c=1", "-c=1", "~b=2", "+d=1");
    }

    [Fact]
    public async Task An_object_made_anew_in_a_gap_is_told_as_gone_and_come()
    {
        Put("a", "1");
        await using var told = Watch();
        await told.UntilAsync("+a=1");

        await _cluster.Api.GoAwayAsync();
        _cluster.Api.Cluster.Delete("configmaps", "demo", "a");
        Put("a", "2");
        _cluster.Api.ForgetHistory();
        await _cluster.Api.ComeBackAsync();

        await told.UntilAsync("+a=1", "-a=1", "+a=2");
    }

    [Fact]
    public async Task A_bookmark_saves_it_from_listing_again()
    {
        Put("a", "1");
        await using var told = Watch();
        await told.UntilAsync("+a=1");
        await Wait.UntilAsync(() => _cluster.Api.WatchCount == 1);
        // A change that is none of its business; then the version it was told last is forgotten.
        _cluster.Api.Cluster.Put(TestCluster.Secret("noise", "a", "").Json);
        _cluster.Api.ForgetHistory();
        _cluster.Api.SendBookmarks();
        await ReconnectAsync(_cluster.Api.EndWatches);

        Put("a", "2");

        await told.UntilAsync("+a=1", "~a=2");
        Lists().ShouldBe(1);
    }

    [Fact]
    public async Task An_object_that_no_longer_fits_the_selector_is_told_as_gone()
    {
        var thing = TestCluster.ConfigMap("a", ("v", "1"));
        thing.Json["metadata"]!["labels"] = new JsonObject { ["watched"] = "yes", ["fits"] = "yes" };
        _cluster.Api.Cluster.Put(thing.Json);
        await using var told = Watch("watched=yes,fits=yes");
        await told.UntilAsync("+a=1");

        thing.Json["metadata"]!["labels"]!["fits"] = "no";
        _cluster.Api.Cluster.Put(thing.Json);

        await told.UntilAsync("+a=1", "-a=1");
    }

    [Fact]
    public async Task A_server_that_stays_away_is_told_after_a_while()
    {
        using var client = _cluster.Open(change: options => options.WatchPatience = TimeSpan.FromMilliseconds(500));
        var watch = client.WatchAsync(KubernetesResource.ConfigMaps, "demo", _stop.Token, labels: "watched=yes").GetAsyncEnumerator(_stop.Token);
        Put("a", "1");
        (await watch.MoveNextAsync()).ShouldBeTrue();
        await _cluster.Api.GoAwayAsync();

        await Should.ThrowAsync<KubernetesUnreachableException>(async () => await watch.MoveNextAsync());

        await watch.DisposeAsync();
    }

    [Fact]
    public async Task Missing_rights_end_it_at_once()
    {
        _cluster.Api.Allow("lists", "lister", (verb, _, _, _) => verb == "list");
        using var client = _cluster.Open(_cluster.Api.Kubeconfig("{token: lists}"));

        var refused = await Should.ThrowAsync<KubernetesException>(async () =>
        {
            await foreach (var _ in client.WatchAsync(KubernetesResource.ConfigMaps, "demo", _stop.Token))
            {
            }
        });

        refused.Problem.ShouldBe(KubernetesProblem.Forbidden);
        refused.Message.ShouldContain("would not watch configmaps of the namespace demo (403)");
    }

    [Fact]
    public async Task A_busy_server_is_asked_again_when_it_says()
    {
        Put("a", "1");
        _cluster.Api.FailNext(6, 429, ErrorsTests.Status(429, "TooManyRequests", "slow down"), where: (_, path) => path.Contains("watch=1"));
        await using var told = Watch();
        await told.UntilAsync("+a=1");

        Put("a", "2");

        await told.UntilAsync("+a=1", "~a=2");
    }

    [Fact]
    public async Task Through_a_storm_of_cuts_each_state_is_told_in_order_and_the_last_one_at_the_end()
    {
        await using var told = Watch();
        await Wait.UntilAsync(() => _cluster.Api.WatchCount == 1);
        var random = new Random(7);
        for (var i = 1; i <= 150; i++)
        {
            Put($"x{i % 5}", $"{i}");
            if (i % 7 == 0)
            {
                // Into the middle of the changes, or after they were told.
                (random.Next(3) switch { 0 => (Action)_cluster.Api.CutWatches, 1 => _cluster.Api.EndWatches, _ => _cluster.Api.ForgetHistory })();
                if (random.Next(2) == 0)
                    await Wait.UntilAsync(() => _cluster.Api.WatchCount == 1);
            }

            if (i % 50 == 0)
            {
                await _cluster.Api.GoAwayAsync();
                Put("x9", $"{i}");
                await _cluster.Api.ComeBackAsync();
            }
        }

        await Wait.UntilAsync(() => told.Told.Contains("~x0=150") || told.Told.Contains("+x0=150"));
        await Wait.UntilAsync(() => told.Told.Any(line => line.EndsWith("x4=149", StringComparison.Ordinal)) && told.Told.Any(line => line.EndsWith("x9=150", StringComparison.Ordinal)));
        foreach (var states in told.Told.Where(line => line[0] != '-').GroupBy(line => line[1..3]))
        {
            var values = states.Select(line => int.Parse(line[4..], System.Globalization.CultureInfo.InvariantCulture)).ToList();
            values.ShouldBe(values.Distinct().Order());
        }

        told.Told.Count(line => line[0] == '+').ShouldBe(6);
        told.Problem.ShouldBeNull();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _cluster.DisposeAsync();
        _stop.Dispose();
    }

    private void Put(string name, string value)
    {
        var thing = TestCluster.ConfigMap(name, ("v", value));
        thing.Json["metadata"]!["labels"] = new JsonObject { ["watched"] = "yes" };
        _cluster.Api.Cluster.Put(thing.Json);
    }

    private int Lists() => _cluster.Api.Requests.Count(request => request.Method == "GET" && request.Path.Contains("limit="));

    private int Watches() => _cluster.Api.Requests.Count(request => request.Path.Contains("watch=1"));

    private async Task ReconnectAsync(Action end)
    {
        await Wait.UntilAsync(() => _cluster.Api.WatchCount == 1);
        var before = Watches();
        end();
        await Wait.UntilAsync(() => Watches() > before && _cluster.Api.WatchCount == 1);
    }

    private ToldChanges Watch(string labels = "watched=yes") => new(_cluster.Open(), labels);

    /// <summary>What a watch has told: <c>+a=1</c> for come, <c>~a=2</c> for changed, <c>-a=2</c> for gone.</summary>
    private sealed class ToldChanges : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(TestCluster.Cancellation);
        private readonly ConcurrentQueue<string> _told = new();
        private readonly KubernetesClient _client;
        private readonly Task _watching;

        public ToldChanges(KubernetesClient client, string labels)
        {
            _client = client;
            _watching = Task.Run(() => WatchAsync(labels));
        }

        public IReadOnlyCollection<string> Told => _told;

        public Exception? Problem { get; private set; }

        public async Task UntilAsync(params string[] expected)
        {
            await Wait.UntilAsync(() => _told.Count >= expected.Length || Problem is not null);
            Problem?.ToString().ShouldBeNull();
            _told.ShouldBe(expected);
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _watching;
            _client.Dispose();
            _stop.Dispose();
        }

        private async Task WatchAsync(string labels)
        {
            try
            {
                await foreach (var (change, thing) in _client.WatchAsync(KubernetesResource.ConfigMaps, "demo", _stop.Token, labels))
                    _told.Enqueue($"{change switch { KubernetesChange.Added => "+", KubernetesChange.Modified => "~", _ => "-" }}{thing.Name}={thing.Read("data", "v")}");
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                // The test is over.
            }
            catch (Exception exception) when (exception is KubernetesException or KubernetesUnreachableException)
            {
                Problem = exception;
            }
        }
    }
}
