namespace Paas.Docker.Tests;

/// <summary>What engines say, and what it means.</summary>
public sealed class ImagePushExceptionTests
{
    [Theory]
    [InlineData("no basic auth credentials", PushProblem.Refused)]
    [InlineData("unauthorized: authentication required", PushProblem.Refused)]
    [InlineData("error parsing HTTP 403 response body: invalid character '<' looking for beginning of value: \"<html>Access denied: export control regulations</html>\"", PushProblem.Registry)]
    [InlineData("denied: requested access to the resource is denied", PushProblem.Refused)]
    [InlineData("Get \"https://registry:5000/v2/\": http: server gave HTTP response to HTTPS client", PushProblem.Refused)]
    [InlineData("Get \"https://registry:5000/v2/\": x509: certificate signed by unknown authority", PushProblem.Refused)]
    [InlineData("An image does not exist locally with the tag: registry:5000/paas/shop", PushProblem.ImageGone)]
    [InlineData("Get \"http://registry:5000/v2/\": dial tcp 10.0.0.1:5000: connect: connection refused", PushProblem.Registry)]
    [InlineData("error parsing HTTP 413 response body: invalid character '<' looking for beginning of value", PushProblem.Registry)]
    [InlineData("received unexpected HTTP status: 500 Internal Server Error", PushProblem.Registry)]
    [InlineData("unknown: adding 1.2 GiB will exceed the configured upper limit of 1.0 GiB", PushProblem.Registry)]
    public void Only_what_somebody_has_to_change_is_refused(string error, PushProblem problem)
    {
        var exception = ImagePushException.Of("unix:///docker.sock", "registry:5000/paas/shop", error);

        exception.Problem.ShouldBe(problem);
        exception.Message.ShouldContain("registry:5000/paas/shop");
        if (problem != PushProblem.ImageGone)
            exception.Message.ShouldContain(error);
    }

    [Fact]
    public void A_registry_the_engine_does_not_trust_is_told_apart_from_a_wrong_password() =>
        ImagePushException.Of("unix:///docker.sock", "registry:5000/paas/shop", "x509: certificate has expired").Message.ShouldBe(
            "The Docker Engine at unix:///docker.sock does not trust the registry of registry:5000/paas/shop (x509: certificate has expired). Give the registry a certificate that the engine's machine trusts, or name it under insecure-registries in the engine's daemon.json.");

    [Fact]
    public void What_lets_others_in_and_what_is_no_text_is_left_out() =>
        ImagePushException.Of("unix:///docker.sock", "registry:5000/paas/shop", "Put \"http://registry:5000/v2/paas/shop/blobs/uploads/1?_state=secret&digest=x\":\r\n EOF\u001b").Message.ShouldBe(
            "The Docker Engine at unix:///docker.sock could not push registry:5000/paas/shop: Put \"http://registry:5000/v2/paas/shop/blobs/uploads/1\": EOF. Look whether the registry runs, and at its log.");
}
