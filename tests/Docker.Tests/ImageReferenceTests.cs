namespace Paas.Docker.Tests;

public sealed class ImageReferenceTests
{
    [Theory]
    [InlineData("python", "docker.io", "library/python", "python")]
    [InlineData("python:3.12-slim", "docker.io", "library/python", "python:3.12-slim")]
    [InlineData("docker.io/library/python:3", "docker.io", "library/python", "python:3")]
    [InlineData("index.docker.io/paas/shop:1", "docker.io", "paas/shop", "paas/shop:1")]
    [InlineData("Docker.IO/paas/shop", "docker.io", "paas/shop", "paas/shop")]
    [InlineData("paas/shop", "docker.io", "paas/shop", "paas/shop")]
    [InlineData("registry.example.com/a/b:c", "registry.example.com", "a/b", "registry.example.com/a/b:c")]
    [InlineData("REGISTRY.example.com:5000/a", "registry.example.com:5000", "a", "registry.example.com:5000/a")]
    [InlineData("localhost/a", "localhost", "a", "localhost/a")]
    [InlineData("[::1]:5000/a", "[::1]:5000", "a", "[::1]:5000/a")]
    [InlineData("a@sha256:0000000000000000000000000000000000000000000000000000000000000000", "docker.io", "library/a", "a@sha256:0000000000000000000000000000000000000000000000000000000000000000")]
    public void A_name_is_read_as_engines_do(string text, string domain, string path, string shown)
    {
        ImageReference.TryParse(text, out var image).ShouldBeTrue();

        (image!.Domain, image.Path, image.ToString()).ShouldBe((domain, path, shown));
    }

    [Theory]
    [InlineData("a/../../containers")]
    [InlineData("../info")]
    [InlineData("a/./b")]
    [InlineData("a//b")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a?x=1")]
    [InlineData("a#b")]
    [InlineData("a%2Fb")]
    [InlineData("a b")]
    [InlineData("a:b/c")]
    [InlineData("A")]
    [InlineData("a:")]
    [InlineData("a@sha256:12")]
    [InlineData("")]
    [InlineData("sha256:0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    public void What_is_no_name_is_refused(string text) => ImageReference.TryParse(text, out _).ShouldBeFalse();
}
