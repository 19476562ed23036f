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
    [InlineData("**.env", "prod.env", true)]
    [InlineData("**.env", ".env", true)]
    [InlineData("**.env", "deep/stage.env", true)]
    [InlineData("**.env", "deep/stage.env.sample", false)]
    [InlineData("**.env", "dir.env/x", true)]
    [InlineData("**env", "myenv", true)]
    [InlineData("**/.env", "prod.env", false)]
    [InlineData("**/.env", "a/.env", true)]
    [InlineData("**b/c", "ab/c", true)]
    [InlineData("**b/c", "x/ab/c", true)]
    [InlineData("**b/c", "b/d", false)]
    [InlineData("**.e?v", "a.env", false)]
    [InlineData("**.e?v", "a/.env", true)]
    [InlineData("**.e*", "x/.env", true)]
    [InlineData("**.e*", "x.env", false)]
    [InlineData("**/*.env", "x/a.env", true)]
    [InlineData("a**", "abc/d", true)]
    [InlineData("a**", "ba", false)]
    [InlineData("a/**", "a", false)]
    [InlineData("a**b", "a/x/b", true)]
    [InlineData("a**b", "ax/b", true)]
    [InlineData("a**b", "ab", true)]
    [InlineData("a**b", "axb", false)]
    [InlineData("**/a/**", "x/a/b", true)]
    [InlineData("**/**", "a", true)]
    [InlineData("***", "a", true)]
    [InlineData("**a**", "a/b", true)]
    [InlineData("a+b(c)|{d}$.txt", "a+b(c)|{d}$.txt", true)]
    [InlineData("a.b**", "axb", false)]
    [InlineData("[[]a", "[a", true)]
    [InlineData("a]", "a]", true)]
    [InlineData("[\\]]", "]", true)]
    [InlineData("\\[a", "[a", true)]
    [InlineData("\\a", "a", true)]
    [InlineData("ä?", "äö", true)]
    [InlineData("!a\na", "a", true)]
    [InlineData("**\n!**.md", "docs/x.md", false)]
    [InlineData("a/b\n!a\na/b/c", "a/b/c", true)]
    [InlineData("/", "a", false)]
    [InlineData("../a", "a", false)]
    [InlineData("/../a", "a", true)]
    public void A_path_is_left_out_as_Docker_does_it(string file, string path, bool isExcluded) =>
        DockerIgnore.Parse(".dockerignore", file).Excludes(path).ShouldBe(isExcluded);

    [Theory]
    [InlineData("[")]
    [InlineData("[]")]
    [InlineData("[]a]")]
    [InlineData("[^]")]
    [InlineData("[-a]")]
    [InlineData("[a-]")]
    [InlineData("[a")]
    [InlineData("[z-a]")]
    [InlineData("a\\")]
    [InlineData("!")]
    public void What_Docker_takes_for_no_pattern_is_none(string line) =>
        Should.Throw<StepFailedException>(() => DockerIgnore.Parse(".dockerignore", line)).Message.ShouldContain("is not a pattern");

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
