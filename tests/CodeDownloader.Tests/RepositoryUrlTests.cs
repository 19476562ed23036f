using Paas.Hosting.Source;

namespace Paas.CodeDownloader.Tests;

public sealed class RepositoryUrlTests
{
    private static readonly SourceOptions Defaults = new();

    [Theory]
    [InlineData("https://github.com/acme/shop", "https://github.com/acme/shop")]
    [InlineData("https://github.com/acme/shop.git", "https://github.com/acme/shop.git")]
    [InlineData("HTTPS://GitHub.com:443/Acme/Shop/", "https://github.com/Acme/Shop/")]
    [InlineData("http://git.example.com:3000/acme/shop", "http://git.example.com:3000/acme/shop")]
    [InlineData("http://[::1]:3000/acme/shop", "http://[::1]:3000/acme/shop")]
    [InlineData("https://example.com/~ann/my%20shop", "https://example.com/~ann/my%20shop")]
    public void A_web_url_is_allowed(string url, string value)
    {
        RepositoryUrl.TryParse(url, Defaults, out var parsed, out _).ShouldBeTrue();
        parsed.Value.ShouldBe(value);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("acme/shop")]
    [InlineData("--upload-pack=touch /tmp/x")]
    [InlineData("--upload-pack=touch")]
    [InlineData("-oProxyCommand=x@host:y")]
    [InlineData("ext::sh -c touch% /tmp/x")]
    [InlineData("ext::sh")]
    [InlineData("http::http://example.com/x")]
    [InlineData("fd::17/foo")]
    [InlineData("ssh://git@github.com/acme/shop")]
    [InlineData("git@github.com:acme/shop.git")]
    [InlineData("git://github.com/acme/shop")]
    [InlineData("ftp://example.com/shop")]
    [InlineData("file:///srv/git/shop")]
    [InlineData("/srv/git/shop")]
    [InlineData("https://user:password@github.com/acme/shop")]
    [InlineData("https://token@github.com/acme/shop")]
    [InlineData("https://github.com/acme/shop?token=x")]
    [InlineData("https://github.com/acme/shop#readme")]
    [InlineData("https://github.com/acme/../../shop")]
    [InlineData("https://github.com/acme/%2e%2E/shop")]
    [InlineData("https://github.com//shop")]
    [InlineData("https://github.com/")]
    [InlineData("https://github.com")]
    [InlineData("https:///acme/shop")]
    [InlineData("https://-x/acme/shop")]
    [InlineData("https://git hub.com/acme/shop")]
    [InlineData("https://github.com\\@evil.com/shop")]
    [InlineData("https://github.com/acme/shop\nhttps://evil")]
    [InlineData("https://github.com/acme/%0ashop")]
    [InlineData("https://github.com/acme/%00shop")]
    [InlineData("https://github.com:99999/acme/shop")]
    [InlineData(" https://github.com/acme/shop")]
    [InlineData("https://gïthub.com/acme/shop")]
    public void Anything_else_is_refused_with_a_sentence(string? url)
    {
        var error = RepositoryUrl.Check(url, Defaults).ShouldNotBeNull();
        error.ShouldEndWith(".");
        error.ShouldNotContain("password@");
        error.Any(char.IsControl).ShouldBeFalse();
    }

    [Fact]
    public void An_ssh_url_is_answered_with_the_https_one() =>
        RepositoryUrl.Check("git@github.com:acme/shop.git", Defaults).ShouldNotBeNull().ShouldContain("https://github.com/acme/shop.git");

    [Fact]
    public void An_option_in_the_place_of_a_host_is_not_made_a_suggestion() =>
        RepositoryUrl.Check("ssh://-oProxyCommand=touch%20x/acme/shop", Defaults).ShouldNotBeNull().ShouldNotContain("ProxyCommand");

    [Theory]
    [InlineData("file:///srv/git/shop", true)]
    [InlineData("file://host/srv/git/shop", false)]
    [InlineData("/srv/git/shop", false)]
    public void A_file_is_allowed_where_the_operator_says_so(string url, bool allowed) =>
        (RepositoryUrl.Check(url, new SourceOptions { AllowFile = true }) is null).ShouldBe(allowed);

    [Theory]
    [InlineData("https://github.com/acme/shop", true)]
    [InlineData("https://GITHUB.com/acme/shop", true)]
    [InlineData("https://git.example.com:8443/acme/shop", true)]
    [InlineData("https://git.example.com/acme/shop", false)]
    [InlineData("https://github.com:8443/acme/shop", false)]
    [InlineData("https://github.com.evil.com/acme/shop", false)]
    [InlineData("https://evilgithub.com/acme/shop", false)]
    [InlineData("http://github.com/acme/shop", false)]
    [InlineData("http://git.intern/acme/shop", true)]
    [InlineData("https://git.intern/acme/shop", false)]
    [InlineData("https://git.other/acme/shop", true)]
    public void Hosts_can_be_narrowed(string url, bool allowed) =>
        (RepositoryUrl.Check(url, new SourceOptions { AllowedHosts = { "github.com", "git.example.com:8443", "http://git.intern", "https://git.other/" } }) is null).ShouldBe(allowed);

    [Theory]
    [InlineData("https://github.com/Acme/Shop")]
    [InlineData("https://github.com/acme/shop.git")]
    [InlineData("http://GitHub.com/acme/shop/")]
    [InlineData("https://ann:secret@github.com/acme/shop.git")]
    [InlineData("git@github.com:acme/shop.git")]
    [InlineData("github.com:acme/shop")]
    [InlineData("ssh://git@github.com:22/acme/shop.git")]
    [InlineData("git+ssh://git@github.com/acme/shop")]
    [InlineData("git://github.com/acme/shop.git")]
    [InlineData("https://github.com:443/acme/shop?x=y")]
    public void All_addresses_of_one_repository_have_one_key(string url) => RepositoryUrl.Key(url).ShouldBe("github.com/acme/shop");

    [Fact]
    public void Other_repositories_have_other_keys()
    {
        RepositoryUrl.Key("https://gitlab.com/group/sub/shop.git").ShouldBe("gitlab.com/group/sub/shop");
        RepositoryUrl.Key("https://gitlab.com/group/shop").ShouldBe("gitlab.com/group/shop");
        RepositoryUrl.Key("file:///srv/Git/shop.git/").ShouldBe("file:///srv/Git/shop");
        RepositoryUrl.Key("file:///srv/git/shop").ShouldBe("file:///srv/git/shop");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("shop")]
    [InlineData("https://github.com/")]
    [InlineData("https://github.com/a b")]
    [InlineData("ext::sh")]
    [InlineData("ftp://github.com/acme/shop")]
    public void What_is_no_url_has_no_key(string? url) => RepositoryUrl.Key(url).ShouldBeNull();

    [Theory]
    [InlineData("main", true)]
    [InlineData("feature/log-in", true)]
    [InlineData("refs/heads/main", true)]
    [InlineData("v1.2.3", true)]
    [InlineData("a@b", true)]
    [InlineData("größe", true)]
    [InlineData("ship/🚀", true)]
    [InlineData("$(touch);&'\"<>|", true)]
    [InlineData("", false)]
    [InlineData("@", false)]
    [InlineData("-main", false)]
    [InlineData("--upload-pack=x", false)]
    [InlineData("a..b", false)]
    [InlineData(".a", false)]
    [InlineData("a/.b", false)]
    [InlineData("a.lock", false)]
    [InlineData("a.lock/b", false)]
    [InlineData("a.", false)]
    [InlineData("/a", false)]
    [InlineData("a/", false)]
    [InlineData("a//b", false)]
    [InlineData("a@{1}", false)]
    [InlineData("a b", false)]
    [InlineData("a~1", false)]
    [InlineData("a^{}", false)]
    [InlineData("a:b", false)]
    [InlineData("a?", false)]
    [InlineData("a*", false)]
    [InlineData("a[b", false)]
    [InlineData("a\\b", false)]
    [InlineData("a\nb", false)]
    [InlineData("a\u007fb", false)]
    public void Names_of_refs_follow_git(string name, bool valid)
    {
        RefName.IsValid(name).ShouldBe(valid);
        (RefName.Check(name) is null).ShouldBe(valid);
    }
}
