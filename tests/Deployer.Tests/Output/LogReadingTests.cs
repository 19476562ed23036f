using System.Runtime.CompilerServices;
using Paas.Contracts;
using Paas.Deployer.Targets.Output;
using Paas.Deployer.Tests.Support;

namespace Paas.Deployer.Tests.Output;

/// <summary>Logs that are read a portion at a time while they are written to.</summary>
public sealed class LogReadingTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Every_line_is_told_once_whatever_its_time(int seed)
    {
        var random = new Random(seed);
        var logs = Enumerable.Range(0, 3).Select(i => new MemoryLog($"log{i}")).ToList();
        var told = new List<string>();
        string? cursor = null;
        for (var portion = 0; portion < 60; portion++)
        {
            foreach (var log in logs)
                log.PrintSome(random, atMost: 400);
            var read = await LogReading.ReadAsync(logs, cursor, tail: null, null, Stop);
            told.AddRange(read.Lines.Select(line => line.Text));
            cursor = read.Cursor;
        }

        told.AddRange(await RestAsync(logs, cursor!));
        foreach (var log in logs)
            Sequence.ShouldBeSame(told.Where(line => line.StartsWith(log.Id, StringComparison.Ordinal)), log.Printed);
    }

    [Fact]
    public async Task A_long_log_is_told_in_portions_that_know_their_place()
    {
        var log = new MemoryLog("a");
        for (var i = 0; i < 20_000; i++)
            log.Print(i / 50, $"{i}");
        var first = await LogReading.ReadAsync([log], null, null, null, Stop);
        first.Lines.Count.ShouldBe(LogReading.MaxLines);
        first.AtEnd.ShouldBeFalse();
        Sequence.ShouldBeSame(await RestAsync([log], first.Cursor), Enumerable.Range(LogReading.MaxLines, 20_000 - LogReading.MaxLines).Select(i => $"{i}"));
    }

    [Fact]
    public async Task Only_the_end_of_a_log_is_read_again()
    {
        var log = new MemoryLog("a");
        for (var i = 0; i < 50_000; i++)
            log.Print(i, $"{i}");
        var cursor = (await LogReading.ReadAsync([log], null, tail: 10, null, Stop)).Cursor;
        log.Read = 0;
        log.Print(50_000, "new");
        (await LogReading.ReadAsync([log], cursor, null, null, Stop)).Lines.Single().Text.ShouldBe("new");
        log.Read.ShouldBeLessThan(5_000);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(250)]
    [InlineData(100_000)]
    public async Task The_last_lines_come_first_and_then_those_that_follow(int tail)
    {
        var (one, other) = (new MemoryLog("one"), new MemoryLog("other"));
        for (var i = 0; i < 3000; i++)
            (i % 3 == 0 ? other : one).Print(i / 700, $"{i}");
        var read = await LogReading.ReadAsync([one, other], null, tail, null, Stop);
        one.Print(5000, "next");
        var lines = read.Lines.Select(line => line.Text).Concat(await RestAsync([one, other], read.Cursor)).ToList();
        lines.Count.ShouldBe(Math.Min(tail, 3000) + 1);
        lines[^1].ShouldBe("next");
        lines.Distinct().Count().ShouldBe(lines.Count);
    }

    [Fact]
    public async Task Lines_of_several_logs_are_in_the_order_of_their_times()
    {
        var (one, other) = (new MemoryLog("one"), new MemoryLog("other"));
        one.Print(10, "first");
        other.Print(20, "second");
        one.Print(30, "third");
        var read = await LogReading.ReadAsync([other, one], null, 100, null, Stop);
        read.Lines.Select(line => line.Text).ShouldBe(["first", "second", "third"]);
        read.AtEnd.ShouldBeTrue();
    }

    [Fact]
    public async Task Lines_nobody_wants_are_passed_over_for_good()
    {
        var log = new MemoryLog("a");
        log.Print(1, "wanted", "web.1");
        log.Print(2, "other", "worker.1");
        bool IsWanted(string source) => source == "web.1";
        var first = await LogReading.ReadAsync([log], null, 10, IsWanted, Stop);
        first.Lines.Single().Text.ShouldBe("wanted");
        log.Print(3, "other", "worker.1");
        var second = await LogReading.ReadAsync([log], first.Cursor, null, IsWanted, Stop);
        second.Lines.ShouldBeEmpty();
        second.Cursor.ShouldNotBe(first.Cursor);
        log.Print(3, "wanted too", "web.1");
        (await LogReading.ReadAsync([log], second.Cursor, null, IsWanted, Stop)).Lines.Single().Text.ShouldBe("wanted too");
    }

    [Fact]
    public async Task A_log_that_has_lost_its_beginning_goes_on_with_what_there_is()
    {
        var log = new MemoryLog("a");
        for (var i = 0; i < 100; i++)
            log.Print(i, $"{i}");
        var cursor = (await LogReading.ReadAsync([log], null, 1, null, Stop)).Cursor;
        for (var i = 100; i < 200; i++)
            log.Print(i, $"{i}");
        log.Lose(150);
        (await RestAsync([log], cursor)).ShouldBe(Enumerable.Range(150, 50).Select(i => $"{i}"));
    }

    [Fact]
    public async Task A_log_that_is_new_is_told_from_its_start_and_one_that_is_gone_forgotten()
    {
        var (old, @new) = (new MemoryLog("old"), new MemoryLog("new"));
        old.Print(1, "of old");
        var cursor = (await LogReading.ReadAsync([old], null, 0, null, Stop)).Cursor;
        @new.Print(1, "of new");
        var read = await LogReading.ReadAsync([@new], cursor, null, null, Stop);
        read.Lines.Single().Text.ShouldBe("of new");
        read.Cursor.ShouldNotContain("old");
    }

    [Theory]
    [InlineData("")]
    [InlineData("2~a.1.1.1")]
    [InlineData("1~a.1.1")]
    [InlineData("1~a.1.1.1.1")]
    [InlineData("1~.1.1.1")]
    [InlineData("1~a.-1.1.1")]
    [InlineData("1~a.1.ffffffff.1")]
    [InlineData("1~a.1.1.1~a.1.1.1")]
    [InlineData("1~../../etc.1.1.1")]
    [InlineData("1~a.10000000000000000.1.1")]
    public async Task A_cursor_of_somebodys_own_making_is_refused(string cursor) =>
        await Should.ThrowAsync<LogCursorException>(() => LogReading.ReadAsync([new MemoryLog("a")], cursor, null, null, Stop));

    [Fact]
    public async Task A_cursor_that_is_too_long_is_refused() =>
        await Should.ThrowAsync<LogCursorException>(() => LogReading.ReadAsync([], "1" + string.Concat(Enumerable.Range(0, 5000).Select(i => $"~a{i}.1.1.1")), null, null, Stop));

    [Fact]
    public void A_line_that_is_too_long_is_cut_and_says_so()
    {
        LogReading.Shorten(new string('x', LogReading.MaxLineLength)).Length.ShouldBe(LogReading.MaxLineLength);
        LogReading.Shorten(new string('x', LogReading.MaxLineLength + 1)).ShouldBe(new string('x', LogReading.MaxLineLength) + " … (cut)");
        LogReading.Shorten("begins", isWhole: false).ShouldBe("begins … (cut)");
    }

    private static async Task<List<string>> RestAsync(IReadOnlyList<ILogSource> logs, string cursor)
    {
        var lines = new List<OutputLine>();
        while (true)
        {
            var read = await LogReading.ReadAsync(logs, cursor, null, null, Stop);
            lines.AddRange(read.Lines);
            cursor = read.Cursor;
            if (read.AtEnd)
                return [.. lines.Select(line => line.Text)];
        }
    }

    private sealed class MemoryLog(string id) : ILogSource
    {
        private readonly List<LogRecord> _records = [];
        private long _time = 1000;

        public string Id => id;

        public bool IsLive => true;

        public List<string> Printed { get; } = [];

        public int Read { get; set; }

        public void Print(long time, string text, string source = "web.1")
        {
            _records.Add(new LogRecord(time, source, false, text));
            Printed.Add(text);
        }

        /// <summary>With many of the same time, clocks that go back, and rests of lines.</summary>
        public void PrintSome(Random random, int atMost)
        {
            for (var i = random.Next(atMost); i > 0; i--)
            {
                _time += random.Next(20) switch { 0 => -1, < 12 => 0, < 19 => 1, _ => 1_000 };
                if (random.Next(50) == 0)
                    _records.Add(new LogRecord(_time, "web.1", false, null));
                else
                    Print(_time, $"{Id} {Printed.Count}");
            }
        }

        public void Lose(int records) => _records.RemoveRange(0, records);

        public async IAsyncEnumerable<LogRecord> ReadAsync(int? last, [EnumeratorCancellation] CancellationToken cancellation)
        {
            await Task.Yield();
            foreach (var record in _records.Skip(last is { } count ? Math.Max(0, _records.Count - count) : 0))
            {
                Read++;
                yield return record;
            }
        }

        public Task<Task<bool>> ListenAsync(CancellationToken cancellation) => throw new NotSupportedException();
    }
}
