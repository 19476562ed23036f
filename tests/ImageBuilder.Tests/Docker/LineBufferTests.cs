using System.Text;
using Paas.ImageBuilder.Docker;

namespace Paas.ImageBuilder.Tests.Docker;

public sealed class LineBufferTests
{
    private readonly List<string> _lines = [];

    [Fact]
    public void Pieces_become_lines_wherever_they_are_cut()
    {
        var buffer = new LineBuffer(_lines.Add);
        foreach (var piece in Encoding.UTF8.GetBytes("größe\n\nzwei\r\nlast"))
            buffer.Append([piece]);
        buffer.Flush();

        _lines.ShouldBe(["größe", "", "zwei", "last"]);
    }

    [Fact]
    public void Of_a_progress_bar_the_last_look_is_kept()
    {
        var buffer = new LineBuffer(_lines.Add);
        buffer.Append("10%\r50%\r");
        buffer.Append("\r100%\rdone\n");

        _lines.ShouldBe(["done"]);
    }

    [Fact]
    public void Colors_are_taken_out()
    {
        new LineBuffer(_lines.Add).Append("\e[91mno such thing\n\e[0mnext\n");

        _lines.ShouldBe(["no such thing", "next"]);
    }

    [Fact]
    public void A_line_that_never_ends_is_cut()
    {
        var buffer = new LineBuffer(_lines.Add);
        for (var i = 0; i < 1_000; i++)
            buffer.Append(new string('x', 1_000));
        buffer.Append("\nnext\n");

        _lines.Select(line => line.Length).ShouldBe([4_000, 4]);
    }
}
