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

    [Fact]
    public async Task A_piece_has_its_time_its_stream_and_whether_it_ends_a_line()
    {
        var pieces = await PiecesAsync(
            (Out, "2026-11-27T10:00:00.000000001Z one\n"), (Error, "2026-11-27T10:00:00.5Z oops\r\n"), (Out, "2026-11-27T10:00:01.123456789Z a part"),
            (Out, "2026-11-27T10:00:01.123456789Z and the rest\n"));
        var second = (new DateTime(2026, 11, 27, 10, 0, 0, DateTimeKind.Utc) - DateTime.UnixEpoch).Ticks * 100;
        pieces.ShouldBe([
            new PrintedPiece(second + 1, false, true, "one"), new PrintedPiece(second + 500_000_000, true, true, "oops"),
            new PrintedPiece(second + 1_123_456_789, false, false, "a part"), new PrintedPiece(second + 1_123_456_789, false, true, "and the rest")]);
    }

    [Fact]
    public async Task A_piece_that_is_larger_than_any_is_cut_and_the_next_one_found()
    {
        var pieces = await PiecesAsync((Out, "2026-11-27T10:00:00.1Z " + new string('x', 200_000) + "\n"), (Error, "2026-11-27T10:00:00.2Z next\n"));
        pieces.Select(piece => (piece.Text.Length < 70_000, piece.IsError, piece.EndsLine)).ShouldBe([(true, false, true), (true, true, true)]);
        pieces[1].Text.ShouldBe("next");
    }

    [Fact]
    public async Task A_piece_without_a_time_is_none() =>
        await Should.ThrowAsync<IOException>(() => PiecesAsync((Out, "hello\n")));

    private static async Task<List<PrintedPiece>> PiecesAsync(params (byte Stream, string Text)[] pieces) =>
        await LogFrames.ReadPiecesAsync(new MemoryStream([.. pieces.SelectMany(piece => Frame(piece.Stream, piece.Text))]), TestContext.Current.CancellationToken)
            .ToListAsync(TestContext.Current.CancellationToken);

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
