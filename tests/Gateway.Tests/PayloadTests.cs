using System.Text;
using Paas.Gateway.Webhooks;

namespace Paas.Gateway.Tests;

public sealed class PayloadTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(100_000)]
    public async Task A_payload_is_read_the_same_however_it_is_cut(int blockSize)
    {
        var json = $$"""
            { "before" : "b", "commits":[{"message":"ref","ref":"wrong","x":["{{new string('y', 20_000)}}"]}], "x": { "ref": "wrong", "message": "wrong" },
              "head_commit": {"author": {"message":"wrong"}, "message": "\u00fcber \"alles\" 🎈", "id": "1"}, {{new string(' ', 1_000)}} "list":["ref","after"],
              "ref":"refs\/heads\/a\u002fb", "after":"c", "deleted":true, "pusher": {"name": "ada"},
              "repository": {"owner": {"url":"wrong"}, "topics": ["url"], "clone_url": "https://x.test/a", "full_name":"a/b", "ssh_url":"git@x.test:a/b"} }
            """;
        foreach (var form in (bool[])[false, true])
        {
            var bytes = form ? "a=b&payload=" + System.Net.WebUtility.UrlEncode(json) + "&z=1" : json;
            Stream stream = new Blocks(Encoding.UTF8.GetBytes(bytes), blockSize);
            var payload = await PushPayloadReader.ReadAsync(form ? new FormPayloadStream(stream) : stream, CancellationToken.None);
            (payload.Ref, payload.Before, payload.After, payload.Deleted).ShouldBe(("refs/heads/a/b", "b", "c", true));
            (payload.CommitMessage, payload.Pusher, payload.RepositoryName).ShouldBe(("über \"alles\" 🎈", "ada", "a/b"));
            payload.RepositoryUrls.ShouldBe(["https://x.test/a", "git@x.test:a/b"]);
        }
    }

    [Theory]
    [InlineData("""{"repository":{"url":"http://a/0","url":"http://a/1","\u0075rl":"http://a/2"}}""", "http://a/2", null)]
    [InlineData("""{"repository":{"url":"http://a/0","clone_url":"http://a/1"},"repository":{"url":"http://a/2"}}""", "http://a/2", null)]
    [InlineData("""{"repository":{"url":"http://a/0","url":1,"html_url":"http://a/1"},"ref":"x"}""", "http://a/1", "x")]
    [InlineData("""{"ref":"x","repository":{"url":"http://a/0"},"ref":["y"]}""", "http://a/0", null)]
    [InlineData("""{"ref":"x","ref":"y","repository":{"url":"http://a/0"},"repository":[]}""", null, "y")]
    public async Task Of_a_member_that_comes_twice_the_last_one_counts(string json, string? url, string? @ref)
    {
        foreach (var form in (bool[])[false, true])
        {
            var stream = new MemoryStream(Encoding.UTF8.GetBytes(form ? "payload=" + System.Net.WebUtility.UrlEncode(json) : json));
            var payload = await PushPayloadReader.ReadAsync(form ? new FormPayloadStream(stream) : stream, CancellationToken.None);
            payload.RepositoryUrls.SingleOrDefault().ShouldBe(url);
            payload.Ref.ShouldBe(@ref);
        }
    }

    [Theory]
    [InlineData("payload={}&payload={}")]
    [InlineData("payload={}&a=b&payload=")]
    [InlineData("payload={}%4")]
    [InlineData("payload=%4g{}")]
    [InlineData("payload=%4&a={}")]
    [InlineData("a=payload=1&b=2")]
    [InlineData("")]
    public async Task A_form_that_can_be_read_in_two_ways_is_refused(string form)
    {
        var stream = new FormPayloadStream(new MemoryStream(Encoding.UTF8.GetBytes(form)));
        await Should.ThrowAsync<FormatException>(() => stream.CopyToAsync(Stream.Null));
    }

    [Theory]
    [InlineData("\\u00fc")]
    [InlineData("€")]
    [InlineData("🎈")]
    [InlineData("\\\\")]
    [InlineData("\\\"")]
    public async Task A_long_text_is_shortened_between_characters(string character)
    {
        for (var shift = 0; shift < 8; shift++)
        {
            var json = $$"""{"x":"{{new string('a', shift)}}{{string.Concat(Enumerable.Repeat(character, 10_000))}}","ref":"here"}""";
            var filtered = Encoding.UTF8.GetBytes(json);
            var length = new PayloadFilter().Apply(filtered);
            length.ShouldBeLessThan(PayloadFilter.MaxStringBytes + 100);
            new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(filtered, 0, length).ShouldEndWith("\",\"ref\":\"here\"}");
            (await PushPayloadReader.ReadAsync(new MemoryStream(Encoding.UTF8.GetBytes(json)), CancellationToken.None)).Ref.ShouldBe("here");
        }
    }

    private sealed class Blocks(byte[] bytes, int size) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, size)], cancellationToken);
    }
}
