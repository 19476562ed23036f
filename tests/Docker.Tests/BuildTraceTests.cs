using System.Text;
using System.Text.Json;

namespace Paas.Docker.Tests;

public sealed class BuildTraceTests
{
    // From a real engine: RUN echo two; exit 7 has failed; and a line it has printed.
    private const string Failed =
        "Co8CCkdzaGEyNTY6MGE1MmU5NjRlNGUzZjY1OTk2Mjk1NGVjMjI0OWQyN2E5MWIyYmMxODgxNmI0MDdkMWU2YTBjODA4NmU0NGI3MBJHc2hhMjU2OjViZGZmNzEwMGE2ZTRkYWQ0YWZkNzNhN2U2ZmQ0MGFmMGJkZTE4ODZhNzhjZmNmYjRiNGNlMjVmZGJkNmU3ODIaGlszLzVdIFJVTiBlY2hvIHR3bzsgZXhpdCA3KgwIoruZ2AYQ5rSGqwEyDAiiu5nYBhCrxrWtAjpDZXhlY3V0b3IgZmFpbGVkIHJ1bm5pbmcgWy9iaW4vc2ggLWMgZWNobyB0d287IGV4aXQgN106IGV4aXQgY29kZTogNw==";

    private const string Output =
        "Gl8KR3NoYTI1NjowYTUyZTk2NGU0ZTNmNjU5OTYyOTU0ZWMyMjQ5ZDI3YTkxYjJiYzE4ODE2YjQwN2QxZTZhMGM4MDg2ZTQ0YjcwEgwIoruZ2AYQ8oeXpAIYASIEdHdvCg==";

    private static readonly JsonSerializerOptions Json = new() { PropertyNameCaseInsensitive = true };

    [Fact]
    public void A_step_is_read_with_its_name_its_times_and_its_error()
    {
        var vertex = Read(Failed).Vertexes.ShouldHaveSingleItem();

        vertex.Name.ShouldBe("[3/5] RUN echo two; exit 7");
        vertex.Digest.ShouldBe("sha256:0a52e964e4e3f659962954ec2249d27a91b2bc18816b407d1e6a0c8086e44b70");
        vertex.Error.ShouldBe("executor failed running [/bin/sh -c echo two; exit 7]: exit code: 7");
        vertex.IsCached.ShouldBeFalse();
        (vertex.Completed - vertex.Started)!.Value.TotalMilliseconds.ShouldBe(273, 1);
    }

    [Fact]
    public void Output_is_read_with_the_step_it_is_of()
    {
        var output = Read(Output).Logs.ShouldHaveSingleItem();

        output.Vertex.ShouldBe("sha256:0a52e964e4e3f659962954ec2249d27a91b2bc18816b407d1e6a0c8086e44b70");
        Encoding.UTF8.GetString(output.Text).ShouldBe("two\n");
    }

    [Fact]
    public void Progress_that_is_cut_off_or_damaged_anywhere_is_left_out()
    {
        var whole = Convert.FromBase64String(Failed);
        for (var i = 0; i < whole.Length; i++)
        {
            BuildTrace.Read(whole.AsSpan(0, i)).Logs.ShouldBeEmpty();
            var damaged = whole.ToArray();
            damaged[i] ^= 0xff;
            Should.NotThrow(() => BuildTrace.Read(damaged));
        }
    }

    [Theory]
    [InlineData("""{"id":"moby.buildkit.trace","aux":"not base64"}""")]
    [InlineData("""{"id":"moby.buildkit.trace","aux":{"ID":"x"}}""")]
    [InlineData("""{"id":"moby.image.id","aux":{"ID":"sha256:1"}}""")]
    [InlineData("""{"stream":"Step 1/1 : FROM x"}""")]
    public void Other_messages_have_no_progress(string json) => Message(json).Trace.ShouldBeNull();

    private static BuildTrace Read(string aux) => Message($$"""{"id":"moby.buildkit.trace","aux":"{{aux}}"}""").Trace.ShouldNotBeNull();

    private static BuildMessage Message(string json) => JsonSerializer.Deserialize<BuildMessage>(json, Json)!;
}
