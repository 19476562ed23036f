using System.Net;
using Paas.Docker;
using Paas.Hosting.Steps;
using Paas.ImageBuilder.Docker;

namespace Paas.ImageBuilder.Tests.Docker;

/// <summary>Whose fault an engine's words are, for those no test brings about.</summary>
public sealed class BuildErrorsTests
{
    [Theory]
    [InlineData("failed to solve: dockerfile parse error on line 2: unknown instruction: RUNN", "Dockerfile cannot be read: unknown instruction: RUNN (line 2: 'RUNN x'). ")]
    [InlineData("process \"/bin/sh -c x\" did not complete successfully: exit code: 2", "Step 2 of 2 of the Dockerfile, 'RUN x', ended with exit code 2.")]
    [InlineData("failed to create shim task: OCI runtime create failed: exec: \"x\": executable file not found in $PATH: unknown", "Step 2 of 2 of the Dockerfile, 'RUN x', failed: ")]
    [InlineData("unable to find user x: no matching entries in passwd file", "Step 2 of 2 of the Dockerfile, 'RUN x', failed: unable to find user x")]
    public void The_developers_mistakes_are_told(string error, string sentence) => Of(error, "[2/2] RUN x").ShouldBeOfType<StepFailedException>().Message.ShouldStartWith(sentence);

    [Theory]
    [InlineData("write /var/lib/docker/x: no space left on device")]
    [InlineData("failed to solve: rpc error: code = Unavailable desc = transport is closing")]
    [InlineData("context canceled")]
    public void The_engines_own_trouble_is_tried_again(string error) => Of(error, "[2/2] RUN x").ShouldBeOfType<EngineTroubleException>();

    [Theory]
    [InlineData("[internal] load metadata for docker.io/library/python:9", "pull access denied, repository does not exist", true)]
    [InlineData("[internal] load metadata for docker.io/library/python:9", "docker.io/library/python:9: not found", true)]
    [InlineData("[internal] load metadata for docker.io/library/python:9", "dial tcp: lookup registry-1.docker.io on 10.0.0.1:53: no such host", false)]
    [InlineData("[internal] load metadata for docker.io/library/python:9", "unexpected status from HEAD request to https://registry-1.docker.io/v2/library/python/manifests/9: 403 Forbidden", false)]
    [InlineData("resolve image config for docker-image://docker.io/library/python:9", "failed to do request: Head \"https://registry-1.docker.io/v2/library/python/manifests/9\": dial tcp 1.2.3.4:443: i/o timeout", false)]
    [InlineData("[internal] load metadata for ghcr.io/docker.io/library/python:9", "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token: 403 Forbidden", true)]
    [InlineData("[1/2] FROM docker.io/library/python:9", "toomanyrequests: You have reached your pull rate limit", false)]
    public void A_base_image_that_is_not_there_differs_from_a_registry_that_is_not(string step, string error, bool isDevelopers)
    {
        var told = Of(error, step);

        told.Message.ShouldContain("docker.io/library/python:9");
        (told is StepFailedException).ShouldBe(isDevelopers);
    }

    [Fact]
    public void What_the_engine_refuses_with_an_error_of_its_own_stays_its_own()
    {
        var refused = new EngineException("The Docker Engine would not build", HttpStatusCode.InternalServerError, "driver failed");

        Errors().Of(refused).ShouldBeSameAs(refused);
    }

    private static Exception Of(string error, string step) => Errors().Of(error, new BuildStep(step));

    private static BuildErrors Errors() => new(new ImageBuilderOptions(), "Dockerfile", "FROM python:9\nRUNN x\n", isGenerated: false);
}
