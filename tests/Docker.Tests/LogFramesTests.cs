using System.Buffers.Binary;
using System.Text;

namespace Paas.Docker.Tests;

public sealed class LogFramesTests
{
    private const byte Out = 1, Error = 2;

    [Fact]
    public async Task Lines_are_put_together_from_pieces_of_two_streams() =>
        (await ReadAsync((Out, "one\ntw"), (Error, "oops\r\n"), (Out, "o\n\nlast"))).ShouldBe(["one", "oops", "two", "", "last"]);

    [Fact]
    public async Task A_line_without_an_end_is_cut()
    {
        var lines = await ReadAsync((Out, new string('x', LogFrames.MaxLine + 10)), (Out, "\nnext\n"));
        lines.Select(line => line.Length).ShouldBe([LogFrames.MaxLine, 10, 4]);
    }

    [Fact]
    public async Task A_log_that_ends_in_a_piece_gives_what_there_is()
    {
        var bytes = Frame(Out, "first\nsecond");
        (await ReadAsync(bytes[..^3])).ShouldBe(["first", "sec"]);
    }

    private static Task<List<string>> ReadAsync(params (byte Stream, string Text)[] pieces) =>
        ReadAsync([.. pieces.SelectMany(piece => Frame(piece.Stream, piece.Text))]);

    private static async Task<List<string>> ReadAsync(byte[] bytes) =>
        await LogFrames.ReadLinesAsync(new MemoryStream(bytes), TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken);

    private static byte[] Frame(byte stream, string text)
    {
        var content = Encoding.UTF8.GetBytes(text);
        var frame = new byte[8 + content.Length];
        frame[0] = stream;
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(4), (uint)content.Length);
        content.CopyTo(frame, 8);
        return frame;
    }
}
