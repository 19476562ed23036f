using System.Text.Json.Nodes;
using Paas.Kubernetes.Access;
using Paas.Servers.Kubernetes;

namespace Paas.Kubernetes.Tests.Access;

/// <summary>Real programs that print a credential.</summary>
public sealed class ExecPluginTests(TestCluster cluster) : IClassFixture<TestCluster>
{
    private readonly CancellationToken _cancellation = TestCluster.Cancellation;

    [Theory]
    [InlineData("client.authentication.k8s.io/v1")]
    [InlineData("client.authentication.k8s.io/v1beta1")]
    public async Task A_program_prints_the_token_and_is_asked_once_until_it_expires(string version)
    {
        var (script, runs) = Script(Prints(KubernetesApi.AdminToken, "2099-01-01T00:00:00Z", version));
        using var client = Open(script, version);

        await client.VersionAsync(_cancellation);
        await client.VersionAsync(_cancellation);

        Runs(runs).Length.ShouldBe(1);
    }

    [Fact]
    public async Task It_gets_its_arguments_and_variables_as_they_are_and_nothing_of_the_platforms_settings()
    {
        Environment.SetEnvironmentVariable("Paas__AdminToken", "secret-of-the-platform");
        var (script, runs) = Script($$"""
            printf '%s|' "$@" >> "$RUNS"; echo "$REGION" >> "$RUNS"; env | grep -c Paas__ >> "$RUNS"; echo "$KUBERNETES_EXEC_INFO" >> "$RUNS"
            {{Prints(KubernetesApi.AdminToken)}}
            """);
        using var client = Open(script, more: ", args: [get-token, \"$(touch /tmp/never); a b\", \"\"], env: [{name: REGION, value: \"eu; rm\"}]");

        await client.VersionAsync(_cancellation);

        Runs(runs).Skip(1).ShouldBe([
            "get-token|$(touch /tmp/never); a b||eu; rm", "0", """{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":false}}""",
        ]);
    }

    [Fact]
    public async Task A_credential_that_has_expired_is_fetched_before_it_is_used()
    {
        var (script, runs) = Script(Prints(KubernetesApi.AdminToken, "2020-01-01T00:00:00Z"));
        using var client = Open(script);

        await client.VersionAsync(_cancellation);
        await client.VersionAsync(_cancellation);

        Runs(runs).Length.ShouldBe(2);
    }

    [Fact]
    public async Task One_that_the_server_no_longer_accepts_is_fetched_anew_once_by_all_who_wait()
    {
        cluster.Api.Allow("exec-1", "one");
        cluster.Api.Allow("exec-2", "two");
        var (script, runs) = Script($"if [ $(wc -l < \"$RUNS\") -gt 1 ]; then {Prints("exec-2")}; else {Prints("exec-1")}; fi");
        using var client = Open(script);
        await client.VersionAsync(_cancellation);

        cluster.Api.Expire("exec-1");
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => client.VersionAsync(_cancellation)));

        cluster.Api.Requests.Last().User.ShouldBe("two");
        Runs(runs).Length.ShouldBeInRange(2, 3);
    }

    [Fact]
    public async Task A_client_certificate_it_prints_lets_in()
    {
        var (certificate, key) = cluster.Api.Certificates.IssueClient("emil");
        var (script, _) = Script(Answers("client.authentication.k8s.io/v1", new() { ["clientCertificateData"] = certificate, ["clientKeyData"] = key }));
        using var client = Open(script);

        await client.VersionAsync(_cancellation);

        cluster.Api.Requests.Last().User.ShouldBe("emil");
    }

    [Theory]
    [InlineData("echo 'no session; run aws sso login' >&2; exit 255", "ended with 255: no session; run aws sso login")]
    [InlineData("exit 1", "ended with 1 and printed no error.")]
    [InlineData("echo not-json-secret", "printed something other than an ExecCredential of client.authentication.k8s.io/v1. See that the kubeconfig's apiVersion is one the plugin speaks.")]
    [InlineData("echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1beta1\"}'", "See that the kubeconfig's apiVersion is one the plugin speaks.")]
    [InlineData("echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{}}'", "printed an ExecCredential with neither a token nor a client certificate with its key.")]
    [InlineData("printf '%s' '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{\"token\":\"secret\\nX: y\"}}'", "holds no token: one line without blanks.")]
    [InlineData("head -c 2000000 /dev/zero", "printed more than 1024 KiB; it should print one ExecCredential.")]
    public async Task What_is_wrong_with_it_is_told_in_its_own_words_and_without_the_token(string body, string end)
    {
        var (script, _) = Script(body);
        using var client = Open(script);

        var refused = await Should.ThrowAsync<KubernetesAccessException>(() => client.VersionAsync(_cancellation));

        refused.Message.ShouldContain($"exec plugin {script} of the user 'tester' in");
        refused.Message.ShouldEndWith(end);
        refused.ToString().ShouldNotContain("secret");
    }

    [Fact]
    public async Task One_that_is_not_installed_is_told_with_the_hint_of_the_kubeconfig()
    {
        using var client = Open("no-such-plugin", more: ", installHint: \"Install it\\nfrom there.\"");

        (await Should.ThrowAsync<KubernetesAccessException>(() => client.VersionAsync(_cancellation)))
            .Message.ShouldEndWith("is not installed where the platform runs. The kubeconfig says: Install it from there.");
    }

    [Fact]
    public async Task One_that_does_not_end_is_ended_with_all_it_has_started()
    {
        var (script, runs) = Script("echo waiting for a browser >&2; sleep 600 & echo $! >> \"$RUNS\"; wait");
        var plugin = new ExecPlugin(script, [], new Dictionary<string, string> { ["RUNS"] = runs }, "client.authentication.k8s.io/v1", null, "/", "of a test");
        using var credential = new ExecCredential(plugin, () => [], cluster.Processes, TimeProvider.System) { Limit = TimeSpan.FromSeconds(1) };

        var refused = await Should.ThrowAsync<KubernetesAccessException>(() => credential.GetAsync(anew: false, _cancellation));

        refused.Message.ShouldBe($"The exec plugin {script} of a test had not ended after 1 s: waiting for a browser");
        var child = Runs(runs)[^1];
        await Wait.UntilAsync(() => !File.Exists($"/proc/{child}/cmdline") || File.ReadAllText($"/proc/{child}/cmdline").Length == 0);
    }

    private static string Prints(string token, string? expires = null, string version = "client.authentication.k8s.io/v1") =>
        Answers(version, new() { ["token"] = token, ["expirationTimestamp"] = expires });

    private static string Answers(string version, JsonObject status) =>
        $"printf '%s' '{new JsonObject { ["apiVersion"] = version, ["kind"] = "ExecCredential", ["status"] = status }.ToJsonString()}'";

    private static string[] Runs(string path) => File.ReadAllLines(path);

    /// <summary>A program that notes each run in a file.</summary>
    private (string Script, string Runs) Script(string body)
    {
        var runs = cluster.Write("runs", "");
        var script = cluster.Write("plugin", $"#!/bin/sh\nRUNS={runs}\necho run >> \"$RUNS\"\n{body}\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return (script, runs);
    }

    private KubernetesClient Open(string command, string version = "client.authentication.k8s.io/v1", string more = "") =>
        cluster.Open(cluster.Api.Kubeconfig($"{{exec: {{command: {command}, apiVersion: {version}{more}}}}}"));
}
