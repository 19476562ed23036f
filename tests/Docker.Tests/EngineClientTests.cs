using System.Net;
using Paas.Servers;

namespace Paas.Docker.Tests;

/// <summary>A real engine.</summary>
public sealed class EngineClientTests(DockerEngine engine) : IClassFixture<DockerEngine>
{
    [Fact]
    public async Task An_engine_tells_who_it_is()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, "Docker is not installed here, or this is not root.");
        using var client = new EngineClient(new DockerOptions { Endpoint = engine.Endpoint });
        var first = await client.InfoAsync(TestContext.Current.CancellationToken);
        var second = await client.InfoAsync(TestContext.Current.CancellationToken);

        first.Id.ShouldNotBeEmpty();
        second.ShouldBe(first);
    }

    [Fact]
    public async Task What_an_engine_refuses_is_said_in_its_own_words()
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, "Docker is not installed here, or this is not root.");
        using var client = new EngineClient(new DockerOptions { Endpoint = engine.Endpoint });

        var refused = await Should.ThrowAsync<EngineException>(
            () => client.GetAsync<EngineInfo>("images/nothing/json", "tell about an image", TestContext.Current.CancellationToken));

        refused.Status.ShouldBe(HttpStatusCode.NotFound);
        refused.Message.ShouldStartWith($"The Docker Engine at {engine.Endpoint} would not tell about an image (404): ");
        refused.Message.ShouldEndWith("No such image: nothing:latest");
    }

    [Theory]
    [InlineData("unix:///nowhere/docker.sock")]
    [InlineData("tcp://127.0.0.1:1")]
    public async Task An_engine_that_is_not_there_is_named(string endpoint)
    {
        using var client = new EngineClient(new DockerOptions { Endpoint = endpoint });

        var away = await Should.ThrowAsync<EngineUnreachableException>(() => client.InfoAsync(TestContext.Current.CancellationToken));

        away.Message.ShouldBe($"The Docker Engine at {endpoint} does not answer. See that it runs, and that this service may use it.");
    }

    [Theory]
    [InlineData("docker.sock")]
    [InlineData("unix://docker.sock")]
    [InlineData("http://127.0.0.1:2375")]
    [InlineData("tcp://")]
    public void An_endpoint_that_cant_be_read_is_refused_with_what_would_be_right(string endpoint) =>
        new DockerOptions { Endpoint = endpoint }.Validate(new(new object())).Single().ErrorMessage!
            .ShouldBe($"Docker__Endpoint is '{endpoint}'. It has to be unix:///path/to/docker.sock or tcp://host:port, or be left out where no containers are run.");
}
