namespace Paas.Kubernetes.Tests;

/// <summary>What is sent again, and what is not.</summary>
public sealed class RetriesTests(TestCluster cluster) : IClassFixture<TestCluster>
{
    private readonly CancellationToken _cancellation = TestCluster.Cancellation;

    [Theory]
    [InlineData(429, "1")]
    [InlineData(503, null)]
    public async Task What_a_busy_server_has_not_taken_is_sent_again(int code, string? retryAfter)
    {
        using var client = cluster.Open();
        cluster.Api.FailNext(1, code, ErrorsTests.Status(code, null, "busy"), retryAfter);

        (await client.CreateAsync(TestCluster.ConfigMap($"busy{code}"), _cancellation)).WasCreated.ShouldBeTrue();
    }

    [Fact]
    public async Task A_server_that_stays_busy_is_not_asked_for_ever()
    {
        using var client = cluster.Open();
        cluster.Api.FailNext(4, 503, "upstream connect error");
        var before = cluster.Api.Requests.Count;

        var refused = await Should.ThrowAsync<KubernetesException>(() => client.FindAsync(KubernetesResource.ConfigMaps, "demo", "a", _cancellation));

        (refused.Problem, refused.IsTransient, refused.Code).ShouldBe((KubernetesProblem.Unavailable, true, 503));
        (cluster.Api.Requests.Count - before).ShouldBe(4);
    }

    [Fact]
    public async Task Throttling_without_a_time_is_told_at_once()
    {
        using var client = cluster.Open();
        cluster.Api.FailNext(1, 429, ErrorsTests.Status(429, "TooManyRequests", "slow down"));

        (await Should.ThrowAsync<KubernetesException>(() => client.FindAsync(KubernetesResource.ConfigMaps, "demo", "a", _cancellation))).Problem.ShouldBe(KubernetesProblem.Throttled);
    }

    [Fact]
    public async Task Reading_goes_on_after_a_cut_and_making_does_not()
    {
        using var client = cluster.Open();
        cluster.Api.CutNext(1);
        (await client.FindAsync(KubernetesResource.Namespaces, null, "demo", _cancellation)).ShouldNotBeNull();
        cluster.Api.CutNext(1);
        var before = cluster.Api.Requests.Count;

        var away = await Should.ThrowAsync<KubernetesUnreachableException>(() => client.CreateAsync(TestCluster.ConfigMap("cut"), _cancellation));

        away.Message.ShouldBe($"The Kubernetes API at {cluster.Api.Url} has gone away in the middle of its answer.");
        (cluster.Api.Requests.Count - before).ShouldBe(1);
    }

    [Fact]
    public async Task A_server_that_comes_back_soon_is_waited_for()
    {
        await using var own = await OwnAsync();
        using var client = own.Open();
        await own.Api.GoAwayAsync();
        var making = client.CreateAsync(TestCluster.ConfigMap("late"), _cancellation);
        await own.Api.ComeBackAsync();

        (await making).WasCreated.ShouldBeTrue();
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_named()
    {
        await using var own = await OwnAsync();
        using var client = own.Open();
        await own.Api.GoAwayAsync();

        var away = await Should.ThrowAsync<KubernetesUnreachableException>(() => client.VersionAsync(_cancellation));

        away.Message.ShouldBe($"The Kubernetes API at {own.Api.Url} does not answer (Connection refused). See that it runs, and that this service may reach it.");
    }

    [Fact]
    public async Task A_silent_server_is_given_up()
    {
        using var client = cluster.Open(change: options => options.RequestTimeout = TimeSpan.FromMilliseconds(300));
        await client.VersionAsync(_cancellation);
        cluster.Api.SilenceNext(1, TimeSpan.FromSeconds(20));

        var away = await Should.ThrowAsync<KubernetesUnreachableException>(() => client.VersionAsync(_cancellation));

        away.Message.ShouldBe($"The Kubernetes API at {cluster.Api.Url} has not answered within 0.3 s.");
    }

    [Fact]
    public async Task Who_cancels_gets_no_story_about_the_server()
    {
        using var client = cluster.Open();
        cluster.Api.SilenceNext(1, TimeSpan.FromSeconds(20));
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));

        await Should.ThrowAsync<OperationCanceledException>(() => client.VersionAsync(cancel.Token));
    }

    [Theory]
    [InlineData("<html>a proxy</html>")]
    [InlineData("[]")]
    [InlineData("{\"major\":\"1\"}")]
    [InlineData("")]
    public async Task What_is_no_api_server_is_told_so(string answer)
    {
        using var client = cluster.Open();
        cluster.Api.FailNext(1, 200, answer);

        var away = await Should.ThrowAsync<KubernetesUnreachableException>(() => client.VersionAsync(_cancellation));

        away.Message.ShouldBe($"What answers at {cluster.Api.Url} is not a Kubernetes API: asked to tell its version, it sent no JSON object. Correct the server of the kubeconfig.");
    }

    [Fact]
    public async Task An_answer_without_an_end_is_not_read_to_it()
    {
        using var client = cluster.Open();
        cluster.Api.FailNext(1, 200, $"{{\"a\":\"{new string('x', (int)KubernetesClient.MaxAnswer)}\"}}");

        var away = await Should.ThrowAsync<KubernetesUnreachableException>(() => client.VersionAsync(_cancellation));

        away.Message.ShouldEndWith("sent more than 32 MiB.");
    }

    [Fact]
    public async Task A_redirection_is_not_followed_with_the_token()
    {
        using var client = cluster.Open();
        cluster.Api.FailNext(1, 302, "elsewhere");

        (await Should.ThrowAsync<KubernetesException>(() => client.VersionAsync(_cancellation))).Code.ShouldBe(302);
    }

    private static async Task<TestCluster> OwnAsync()
    {
        var own = new TestCluster();
        await own.InitializeAsync();
        return own;
    }
}
