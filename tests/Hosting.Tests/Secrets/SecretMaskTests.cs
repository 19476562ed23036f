using Paas.Hosting.Secrets;

namespace Paas.Hosting.Tests.Secrets;

public sealed class SecretMaskTests
{
    [Fact]
    public void Whatever_is_named_like_a_secret_is_masked_at_any_depth()
    {
        var (json, text) = SecretMask.OfBody("""
            {"app":"shop","sealedConfigVars":"CfDJ8x","Registry":{"Password":"p","url":"https://me:p@registry.example/x"},
             "items":[{"ApiKey":1,"accessToken":{"a":"p"},"credentials":["p"]},"https://u:p@q@host/path"],"secret":null}
            """);

        text.ShouldBeNull();
        json!.ToJsonString().ShouldBe(
            """{"app":"shop","sealedConfigVars":"***","Registry":{"Password":"***","url":"https://***@registry.example/x"},"items":[{"ApiKey":"***","accessToken":"***","credentials":"***"},"https://***@host/path"],"secret":null}""");
    }

    [Theory]
    [InlineData("fatal: https://me:hunter2@git.example/x.git is away", "fatal: https://***@git.example/x.git is away")]
    [InlineData("amqp://guest:guest@127.0.0.1:5672/", "amqp://***@127.0.0.1:5672/")]
    [InlineData("GET https://x.example/a?access_token=hunter2&b=1", "GET https://x.example/a?access_token=***&b=1")]
    [InlineData("Authorization: Bearer hunter2, next", "Authorization: Bearer ***, next")]
    [InlineData("""{"password": "hun\"ter2", "oops""", """{"password": ***, "oops""")]
    [InlineData("DB_PASSWORD=hunter2 is wrong", "DB_PASSWORD=*** is wrong")]
    [InlineData("The engine is away: see https://docs.example/a@b.", "The engine is away: see https://docs.example/a@b.")]
    public void Text_is_masked_where_it_quotes_a_secret(string text, string masked) => SecretMask.OfText(text).ShouldBe(masked);

    [Fact]
    public void A_header_is_masked_by_its_name_and_by_what_it_quotes()
    {
        SecretMask.OfHeader("X-Api-Key", "abc").ShouldBe("***");
        SecretMask.OfHeader("MT-Fault-Message", "amqp://a:b@c is away").ShouldBe("amqp://***@c is away");
    }

    [Fact]
    public void What_is_no_json_is_masked_as_text()
    {
        var (json, text) = SecretMask.OfBody("""{"token": "hunter2""");
        (json, text).ShouldBe((null, """{"token": ***"""));
        SecretMask.OfBody("""{"a":1,"a":{"token":"x"}}""").Text.ShouldBe("""{"a":1,"a":{"token":***}}""");
    }
}
