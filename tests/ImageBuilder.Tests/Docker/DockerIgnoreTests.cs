using Paas.Hosting.Steps;
using Paas.ImageBuilder.Docker;

namespace Paas.ImageBuilder.Tests.Docker;

public sealed class DockerIgnoreTests
{
    [Theory]
    [InlineData("a", "a", true)]
    [InlineData("a", "a/b/c", true)]
    [InlineData("a", "b/a", false)]
    [InlineData("/a", "a", true)]
    [InlineData("a/", "a/b", true)]
    [InlineData("./a/../b", "b", true)]
    [InlineData("*/temp*", "somedir/temporary.txt", true)]
    [InlineData("*/temp*", "somedir/subdir/temporary.txt", false)]
    [InlineData("temp?", "tempa", true)]
    [InlineData("temp?", "temp/x", false)]
    [InlineData("**/*.go", "a.go", true)]
    [InlineData("**/*.go", "x/y/a.go", true)]
    [InlineData("**/node_modules", "web/node_modules/x/y.js", true)]
    [InlineData("a/**", "a/b/c", true)]
    [InlineData("a/**/c", "a/c", true)]
    [InlineData("a/**/c", "a/b/b/c", true)]
    [InlineData("**", "anything/at/all", true)]
    [InlineData("*", ".hidden", true)]
    [InlineData("[a-c].txt", "b.txt", true)]
    [InlineData("[^a-c].txt", "b.txt", false)]
    [InlineData("[^a-c].txt", "d.txt", true)]
    [InlineData("a.txt", "aXtxt", false)]
    [InlineData("\\*", "*", true)]
    [InlineData("\\*", "x", false)]
    [InlineData("# a", "# a", false)]
    [InlineData(" # a", "# a", true)]
    [InlineData(".", "a", false)]
    [InlineData("\r\na\r\n", "a", true)]
    [InlineData("*.md\n!README.md", "README.md", false)]
    [InlineData("*.md\n!README.md", "OTHER.md", true)]
    [InlineData("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", true)]
    [InlineData("*.md\nREADME-secret.md\n!README*.md", "README-secret.md", false)]
    [InlineData("a\n!a/b", "a/b/c", false)]
    [InlineData("a\n! a/b", "a/x", true)]
    public void A_path_is_left_out_as_dockers_documentation_says(string file, string path, bool isExcluded) =>
        DockerIgnore.Parse(".dockerignore", file).Excludes(path).ShouldBe(isExcluded);

    [Fact]
    public void A_line_that_is_no_pattern_is_named() =>
        Should.Throw<StepFailedException>(() => DockerIgnore.Parse("web/.dockerignore", "a\n[a-\n")).Message
            .ShouldBe("web/.dockerignore, line 2: '[a-' is not a pattern. Correct it and push again.");

    [Fact]
    public void Patterns_made_to_take_for_ever_do_not()
    {
        var evil = string.Join('\n', Enumerable.Repeat(string.Concat(Enumerable.Repeat("**/*a", 30)) + "x", 100));
        var path = string.Join('/', Enumerable.Repeat("aaaaaaaaaa", 30));

        DockerIgnore.Parse(".dockerignore", evil).Excludes(path).ShouldBeFalse();
    }

    [Fact]
    public void Too_many_patterns_are_refused() =>
        Should.Throw<StepFailedException>(() => DockerIgnore.Parse(".dockerignore", string.Join('\n', Enumerable.Range(0, 2_000))))
            .Message.ShouldContain("more than 1000 lines");
}
