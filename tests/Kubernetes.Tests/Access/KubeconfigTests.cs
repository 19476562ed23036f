using System.Net;
using System.Net.Sockets;
using System.Text;
using Paas.Servers.Kubernetes;

namespace Paas.Kubernetes.Tests.Access;

/// <summary>Every way in that a kubeconfig can describe, and every way it can be wrong.</summary>
public sealed class KubeconfigTests(TestCluster cluster) : IClassFixture<TestCluster>
{
    private readonly CancellationToken _cancellation = TestCluster.Cancellation;

    private KubernetesApi Api => cluster.Api;

    [Fact]
    public async Task A_token_lets_in() => (await UserAsync($"{{token: {KubernetesApi.AdminToken}}}")).ShouldBe("kubernetes-admin");

    [Fact]
    public async Task A_name_and_a_password_let_in()
    {
        Api.Allow("Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("anna:p:ss wörd")), "anna");
        (await UserAsync("{username: anna, password: \"p:ss wörd\"}")).ShouldBe("anna");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_certificate_lets_in(bool rsa)
    {
        var (certificate, key) = Api.Certificates.IssueClient("bert", rsa);

        (await UserAsync($"{{client-certificate-data: {Base64(certificate)}, client-key-data: {Base64(key)}}}")).ShouldBe("bert");
    }

    [Fact]
    public async Task Files_are_named_from_the_folder_of_the_kubeconfig()
    {
        var (certificate, key) = Api.Certificates.IssueClient("clara");
        var kubeconfig = cluster.Write("kubeconfig", Api.Kubeconfig("{client-certificate: client.pem, client-key: keys/client.key}", "certificate-authority: ca.pem", authority: ""));
        var folder = Path.GetDirectoryName(kubeconfig)!;
        Directory.CreateDirectory(Path.Combine(folder, "keys"));
        await File.WriteAllTextAsync(Path.Combine(folder, "client.pem"), certificate, _cancellation);
        await File.WriteAllTextAsync(Path.Combine(folder, "keys/client.key"), key, _cancellation);
        await File.WriteAllTextAsync(Path.Combine(folder, "ca.pem"), Api.Certificates.AuthorityPem, _cancellation);
        using var client = cluster.Open(change: options => options.Kubeconfig = kubeconfig);

        (await UserAsync(client)).ShouldBe("clara");
    }

    [Fact]
    public async Task A_token_in_a_file_is_read_again_when_it_is_no_longer_accepted()
    {
        Api.Allow("first", "old-one");
        var token = cluster.Write("token", "first\n");
        using var client = cluster.Open(Api.Kubeconfig($"{{tokenFile: {token}}}"));
        (await UserAsync(client)).ShouldBe("old-one");

        Api.Expire("first");
        Api.Allow("second", "new-one");
        await File.WriteAllTextAsync(token, "second", _cancellation);

        (await UserAsync(client)).ShouldBe("new-one");
    }

    [Fact]
    public async Task A_watch_goes_on_with_the_new_token()
    {
        Api.Allow("watch-1", "one");
        var token = cluster.Write("token", "watch-1");
        using var client = cluster.Open(Api.Kubeconfig($"{{tokenFile: {token}}}"));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_cancellation);
        await using var watch = client.WatchAsync(KubernetesResource.ConfigMaps, "demo", stop.Token, fields: "metadata.name=rotated").GetAsyncEnumerator(stop.Token);
        Api.Cluster.Put(TestCluster.ConfigMap("rotated", ("v", "1")).Json);
        (await watch.MoveNextAsync()).ShouldBeTrue();
        Api.Expire("watch-1");
        Api.Allow("watch-2", "two");
        await File.WriteAllTextAsync(token, "watch-2", _cancellation);

        var next = watch.MoveNextAsync();
        await Wait.UntilAsync(() => Api.WatchCount == 1);
        Api.EndWatches();
        Api.Cluster.Put(TestCluster.ConfigMap("rotated", ("v", "2")).Json);

        (await next).ShouldBeTrue();
        watch.Current.Thing.Read("data", "v")!.ToString().ShouldBe("2");
        await stop.CancelAsync();
    }

    [Fact]
    public async Task A_client_certificate_that_is_renewed_is_shown_on_a_new_connection()
    {
        using var others = new ApiCertificates("somebody-else");
        var (wrong, wrongKey) = others.IssueClient("nobody");
        var (right, rightKey) = Api.Certificates.IssueClient("dora");
        var (certificate, key) = (cluster.Write("client.pem", wrong), cluster.Write("client.key", wrongKey));
        using var client = cluster.Open(Api.Kubeconfig($"{{client-certificate: {certificate}, client-key: {key}}}"));
        (await Should.ThrowAsync<KubernetesException>(() => UserAsync(client))).Problem.ShouldBe(KubernetesProblem.Unauthorized);

        await File.WriteAllTextAsync(certificate, right, _cancellation);
        await File.WriteAllTextAsync(key, rightKey, _cancellation);

        (await UserAsync(client)).ShouldBe("dora");
    }

    [Fact]
    public async Task Credentials_that_are_not_accepted_are_told_with_where_they_stand_and_not_what_they_are()
    {
        using var client = cluster.Open(Api.Kubeconfig("{token: not-the-right-one}"));

        var refused = await Should.ThrowAsync<KubernetesException>(() => client.VersionAsync(_cancellation));

        refused.Problem.ShouldBe(KubernetesProblem.Unauthorized);
        refused.Message.ShouldMatch(@"^The Kubernetes API at \S+ would not tell its version \(401\): it does not accept the credentials of the user 'tester' in \S+/kubeconfig\. Renew them\.$");
        refused.ToString().ShouldNotContain("not-the-right-one");
    }

    [Fact]
    public async Task A_server_of_another_authority_is_not_sent_the_token()
    {
        using var others = new ApiCertificates("somebody-else");
        using var client = cluster.Open(Api.Kubeconfig(authority: Base64(others.AuthorityPem)));
        var before = Api.Requests.Count;

        var away = await Should.ThrowAsync<KubernetesUnreachableException>(() => client.VersionAsync(_cancellation));

        away.Message.ShouldStartWith($"The Kubernetes API at {Api.Url} shows a certificate that is not trusted (");
        away.Message.ShouldEndWith("Correct certificate-authority or tls-server-name in the kubeconfig.");
        Api.Requests.Count.ShouldBe(before);
    }

    [Fact]
    public async Task An_unknown_authority_is_borne_with_only_where_the_kubeconfig_says_so()
    {
        using var client = cluster.Open(Api.Kubeconfig(cluster: "insecure-skip-tls-verify: true", authority: ""));

        (await UserAsync(client)).ShouldBe("kubernetes-admin");
    }

    [Fact]
    public async Task The_name_in_the_certificate_can_be_another_than_the_address()
    {
        await using var named = await KubernetesApi.StartAsync(runsControllers: false, plain: false, "api.cluster.test");
        using var wrong = cluster.Open(named.Kubeconfig());
        using var right = cluster.Open(named.Kubeconfig(cluster: "tls-server-name: api.cluster.test"));

        await Should.ThrowAsync<KubernetesUnreachableException>(() => wrong.VersionAsync(_cancellation));
        (await right.VersionAsync(_cancellation)).Minor.ShouldBe("36");
    }

    [Fact]
    public async Task A_proxy_is_gone_through()
    {
        using var proxy = new TcpListener(IPAddress.Loopback, 0);
        proxy.Start();
        var asked = new TaskCompletionSource<string>();
        var relaying = RelayAsync(proxy, asked);
        var client = cluster.Open(Api.Kubeconfig(cluster: $"proxy-url: http://127.0.0.1:{((IPEndPoint)proxy.LocalEndpoint).Port}"));

        (await UserAsync(client)).ShouldBe("kubernetes-admin");
        (await asked.Task).ShouldBe($"CONNECT 127.0.0.1:{Api.Port} HTTP/1.1");
        client.Dispose();
        await relaying;
    }

    [Fact]
    public async Task Another_context_than_the_current_one_can_be_named()
    {
        Api.Allow("other-token", "other-user");
        var kubeconfig = Api.Kubeconfig("{token: nothing}") + "- name: second\n  user: {token: other-token}\n";
        kubeconfig = kubeconfig.Replace("contexts:\n", "contexts:\n- {name: other, context: {cluster: double, user: second}}\n", StringComparison.Ordinal);
        using var client = cluster.Open(kubeconfig, options => options.Context = "other");

        (await UserAsync(client)).ShouldBe("other-user");
        client.Namespace.ShouldBeNull();
    }

    [Fact]
    public async Task A_kubeconfig_is_looked_for_again_when_it_was_not_there()
    {
        var path = cluster.Write("kubeconfig", "");
        File.Delete(path);
        using var client = cluster.Open(change: options => options.Kubeconfig = path);
        (await Should.ThrowAsync<KubernetesAccessException>(() => client.VersionAsync(_cancellation)))
            .Message.ShouldBe($"There is no file {path}; it should hold the kubeconfig. Correct the path, or put the file there.");

        await File.WriteAllTextAsync(path, Api.Kubeconfig(), _cancellation);

        (await UserAsync(client)).ShouldBe("kubernetes-admin");
    }

    [Fact]
    public void A_kubeconfig_in_json_is_one_too() => Open("""
        {"clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}], "contexts": [{"name": "x", "context": {"cluster": "c"}}], "current-context": "x"}
        """).Server.ShouldBe(new Uri("https://127.0.0.1:1/"));

    [Theory]
    [InlineData("{}", "has no current-context. Set Kubernetes__Context.")]
    [InlineData("{contexts: [{name: a}, {name: b}]}", "has no current-context. Set Kubernetes__Context to one of a, b.")]
    [InlineData("{current-context: c, contexts: [{name: a}]}", "has no context 'c'. Set Kubernetes__Context to one of a.")]
    [InlineData("{current-context: a, contexts: [{name: a, context: {cluster: k}}]}", "is of the cluster 'k', which is not there. Correct the file.")]
    [InlineData("{current-context: a, contexts: [{name: a, context: {cluster: k, user: u}}], clusters: [{name: k, cluster: {server: 'https://h'}}]}", "is of the user 'u', who is not there. Correct the file.")]
    [InlineData("a: &x {b: 1}\nc: *x", "can't be read as YAML at line 1. Anchors, tags and keys given twice are not read either. Try kubectl config view --kubeconfig with it.")]
    [InlineData("a: 1\na: 2", "Anchors, tags and keys given twice are not read either. Try kubectl config view --kubeconfig with it.")]
    [InlineData("a: !!python/object:os.system x", "Anchors, tags and keys given twice are not read either. Try kubectl config view --kubeconfig with it.")]
    [InlineData("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "Try kubectl config view --kubeconfig with it.")]
    [InlineData("just text", "has no clusters, contexts and users in it. Correct Kubernetes__Kubeconfig.")]
    [InlineData("", "has no clusters, contexts and users in it. Correct Kubernetes__Kubeconfig.")]
    [InlineData("\0\u0001\ufffe", "has no clusters, contexts and users in it. Correct Kubernetes__Kubeconfig.")]
    public void A_kubeconfig_that_cant_be_used_is_told_with_what_is_wrong(string text, string end) => Refused(text).ShouldEndWith(end);

    [Theory]
    [InlineData("server: 'ftp://h'", "", "The server of the cluster 'k' in", "is no address. It has to be https://host:port, without a user or a query.")]
    [InlineData("server: 'https://u:secret@h'", "", "The server of the cluster 'k' in", "is no address. It has to be https://host:port, without a user or a query.")]
    [InlineData("certificate-authority-data: '%%'", "", "The certificate-authority-data of the cluster 'k' in", "is not Base64. Copy the field again, in one piece.")]
    [InlineData("certificate-authority-data: c2VjcmV0", "", "There is no certificate in certificate-authority-data of the cluster 'k' in", "It has to be PEM, beginning with -----BEGIN CERTIFICATE-----.")]
    [InlineData("certificate-authority: nowhere.pem", "", "There is no file", "it should hold the certificate of the cluster's authority. Correct the path, or put the file there.")]
    [InlineData("insecure-skip-tls-verify: maybe", "", "insecure-skip-tls-verify of the cluster 'k' in", "has to be true or false.")]
    [InlineData("proxy-url: 'gopher://h'", "", "The proxy-url of the cluster 'k' in", "with a host and a port.")]
    [InlineData("tls-server-name: 'a b'", "", "The tls-server-name of the cluster 'k' in", "is no name of a host.")]
    [InlineData("", "client-certificate-data: c2VjcmV0", "There is a client certificate without a key", "Give client-certificate and client-key, or their -data, both.")]
    [InlineData("", "client-certificate-data: c2VjcmV0, client-key-data: c2VjcmV0", "The client certificate of the user 'u' in", "and the key must have no password.")]
    [InlineData("", "token: 'secret two'", "token of the user 'u' in", "holds no token: one line without blanks.")]
    [InlineData("", "auth-provider: {name: secret}", "'auth-provider' of the user 'u' in", "is not supported. Use a token, a client certificate or an exec plugin.")]
    [InlineData("server: 'http://h'", "token: secret", "The server is http://, and what stands with the user of the user 'u' in", "Use https:// or a user without credentials.")]
    [InlineData("", "exec: {apiVersion: client.authentication.k8s.io/v1}", "The exec plugin of the user 'u' in", "has no command.")]
    [InlineData("", "exec: {command: aws, apiVersion: client.authentication.k8s.io/v1alpha1}", "The exec plugin aws of the user 'u' in", "Renew the kubeconfig with the cluster's own tool.")]
    [InlineData("", "exec: {command: aws, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Always}", "The exec plugin aws of the user 'u' in", "Use a service account or a plugin that needs no answers.")]
    public void What_is_wrong_with_a_cluster_or_a_user_is_told_without_what_is_secret(string clusterPart, string userPart, string start, string end)
    {
        var server = clusterPart.StartsWith("server", StringComparison.Ordinal) ? "" : "server: 'https://127.0.0.1:1', ";
        var message = Refused($"{{current-context: a, contexts: [{{name: a, context: {{cluster: k, user: u}}}}], clusters: [{{name: k, cluster: {{{server}{clusterPart}}}}}], users: [{{name: u, user: {{{userPart}}}}}]}}");

        message.ShouldStartWith(start);
        message.ShouldEndWith(end);
        message.ShouldNotContain("secret");
    }

    [Fact]
    public void A_file_that_is_none_or_never_ends_is_not_read()
    {
        RefusedAt(Path.GetTempPath()).ShouldEndWith("can't be read. See that it is a file and that the platform's user may read it.");
        RefusedAt("/dev/zero").ShouldBe("/dev/zero is larger than 1024 KiB, and so it is not the kubeconfig. Correct the path.");
        RefusedAt("/nowhere/config").ShouldBe("There is no file /nowhere/config; it should hold the kubeconfig. Correct the path, or put the file there.");
    }

    [Fact]
    public void A_context_without_a_kubeconfig_stops_the_start() =>
        new KubernetesOptions { Context = "prod" }.Validate(new(new object())).ShouldHaveSingleItem().ErrorMessage.ShouldBe(
            "Kubernetes__Context is 'prod', but Kubernetes__Kubeconfig is not set. A context is one of a kubeconfig: set the file too, or leave out both to use the pod's service account.");

    private KubernetesClient Open(string kubeconfig) => cluster.Open(kubeconfig);

    private string Refused(string kubeconfig) => Should.Throw<KubernetesAccessException>(() => Open(kubeconfig).Server).Message;

    private string RefusedAt(string path) => Should.Throw<KubernetesAccessException>(() => cluster.Open(change: options => options.Kubeconfig = path).Server).Message;

    private async Task<string> UserAsync(string user)
    {
        using var client = cluster.Open(Api.Kubeconfig(user));
        return await UserAsync(client);
    }

    private async Task<string> UserAsync(KubernetesClient client)
    {
        await client.VersionAsync(_cancellation);
        return Api.Requests.Last(request => request.Path == "/version").User;
    }

    private async Task RelayAsync(TcpListener proxy, TaskCompletionSource<string> tells)
    {
        using var from = await proxy.AcceptTcpClientAsync(_cancellation);
        var stream = from.GetStream();
        using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
        tells.SetResult((await reader.ReadLineAsync(_cancellation))!);
        while (await reader.ReadLineAsync(_cancellation) is { Length: > 0 })
        {
        }

        using var to = new TcpClient();
        await to.ConnectAsync(IPAddress.Loopback, Api.Port, _cancellation);
        await stream.WriteAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray(), _cancellation);
        var there = stream.CopyToAsync(to.GetStream(), _cancellation);
        var back = to.GetStream().CopyToAsync(stream, _cancellation);
        await Task.WhenAny(there, back);
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
