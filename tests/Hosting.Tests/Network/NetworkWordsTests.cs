using Paas.Hosting.Network;

namespace Paas.Hosting.Tests.Network;

/// <summary>Errors of engines, registries and clusters, which are known to be about a transfer.</summary>
public sealed class NetworkWordsTests
{
    [Theory]
    [InlineData("dial tcp: lookup registry-1.docker.io on 10.0.0.1:53: no such host", NetworkProblem.NameNotResolved, "registry-1.docker.io")]
    [InlineData("Get \"https://registry-1.docker.io/v2/\": net/http: TLS handshake timeout", NetworkProblem.TimedOut, "registry-1.docker.io")]
    [InlineData("Get \"https://registry-1.docker.io/v2/\": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)", NetworkProblem.TimedOut, "registry-1.docker.io")]
    [InlineData("toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit", NetworkProblem.TooManyRequests, "www.docker.com")]
    [InlineData("failed to resolve source metadata for docker.io/library/node:22: unexpected status from HEAD request to https://registry-1.docker.io/v2/library/node/manifests/22: 429 Too Many Requests", NetworkProblem.TooManyRequests, "registry-1.docker.io")]
    [InlineData("unexpected status from HEAD request to https://registry-1.docker.io/v2/library/node/manifests/22: 503 Service Unavailable", NetworkProblem.ServerError, "registry-1.docker.io")]
    [InlineData("error parsing HTTP 403 response body: invalid character '<' looking for beginning of value: \"<html>Since Docker is a US company, we must comply with US export control regulations.</html>\"", NetworkProblem.Denied, null)]
    [InlineData("failed to do request: Head \"http://10.0.0.7:5000/v2/shop/manifests/v1\": dial tcp 10.0.0.7:5000: connect: connection refused", NetworkProblem.NoConnection, "10.0.0.7:5000")]
    [InlineData("failed to do request: Head \"https://r.example.com/v2/shop/manifests/v1\": dial tcp 10.0.0.7:443: i/o timeout", NetworkProblem.TimedOut, "r.example.com")]
    [InlineData("failed to copy: httpReadSeeker: failed open: failed to do request: Get \"https://production.cloudflare.docker.com/registry-v2/x\": read tcp 1.2.3.4:5->6.7.8.9:443: read: connection reset by peer", NetworkProblem.BrokeOff, "production.cloudflare.docker.com")]
    [InlineData("proxyconnect tcp: dial tcp 10.0.0.9:3128: connect: connection refused", NetworkProblem.ProxyFailed, "10.0.0.9:3128")]
    [InlineData("tls: failed to verify certificate: x509: certificate signed by unknown authority", NetworkProblem.NotSecured, null)]
    public void Trouble_of_the_network_is_told_with_its_host(string error, NetworkProblem problem, string? host) =>
        (NetworkWords.Read(error)?.Problem, NetworkWords.Read(error)?.Host).ShouldBe((problem, host));

    [Theory]
    [InlineData("docker.io/library/python:9: not found")]
    [InlineData("pull access denied for nosuch, repository does not exist or may require 'docker login': denied: requested access to the resource is denied")]
    [InlineData("manifest for busybox:503 not found: manifest unknown")]
    [InlineData("unexpected status from HEAD request to https://r.example.com/v2/a/manifests/1: 401 Unauthorized")]
    [InlineData("unexpected status from HEAD request to https://r.example.com/v2/a/manifests/1: 404 Not Found")]
    [InlineData("executor failed running [/bin/sh -c make]: exit code: 2")]
    public void What_another_try_would_not_change_is_no_trouble_of_the_network(string error) => NetworkWords.Read(error).ShouldBeNull();
}
