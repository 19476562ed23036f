using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.Hosting.Tests.Steps;

public sealed class StepLogTests
{
    private static readonly DownloadCode Command =
        new() { DeploymentId = Guid.NewGuid(), Attempt = 2, AppId = Guid.NewGuid(), Repository = "https://git.example/a/b" };

    private readonly List<AppendLog> _sent = [];

    [Fact]
    public async Task Lines_come_in_order_in_numbered_batches()
    {
        var log = Open();
        for (var i = 0; i < 1_000; i++)
            log.Write($"line {i}");
        await log.DisposeAsync();

        _sent.SelectMany(batch => batch.Lines).ShouldBe(Enumerable.Range(0, 1_000).Select(i => $"line {i}"));
        _sent.Select(batch => batch.Batch).ShouldBe(Enumerable.Range(1, log.Batches));
        _sent.ShouldAllBe(batch => batch.LogId == log.Id && batch.Attempt == 2 && batch.Step == Step.DownloadCode && batch.Lines.Count <= StepLog.MaxBatchLines);
    }

    [Fact]
    public async Task A_step_that_ends_does_not_wait_for_more_lines()
    {
        var log = Open(new StoppedClock());
        log.Write("the only line");

        await log.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

        _sent.ShouldHaveSingleItem().Lines.ShouldBe(["the only line"]);
    }

    [Fact]
    public async Task A_log_that_is_too_long_is_cut_and_says_so()
    {
        var log = Open();
        var line = new string('x', 1_000);
        for (var i = 0; i < 10_000; i++)
            log.Write(line);
        await log.DisposeAsync();

        _sent.Sum(batch => batch.Lines.Sum(text => text.Length)).ShouldBeLessThan(StepLog.MaxLogBytes + 1_000);
        _sent[^1].Lines[^1].ShouldMatch(@"\d+ more lines were left out");
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("\e[31mred\e[0m", "red")]
    [InlineData("a\tb", "a    b")]
    [InlineData("bell\a\b and \r return", "bell and  return")]
    [InlineData("\e]0;title\a", "]0;title")]
    [InlineData("ends in \e[", "ends in ")]
    public void Tricks_on_the_terminal_are_taken_out(string line, string clean) => StepLog.Clean(line).ShouldBe(clean);

    [Fact]
    public void A_long_line_is_cut()
    {
        var clean = StepLog.Clean(new string('x', 100_000));
        clean.Length.ShouldBe(StepLog.MaxLineLength + 1);
        clean.ShouldEndWith("…");
    }

    private StepLog Open(TimeProvider? clock = null) => new(
        Command,
        batch =>
        {
            _sent.Add(batch);
            return Task.CompletedTask;
        },
        clock ?? TimeProvider.System);

    /// <summary>No time passes.</summary>
    private sealed class StoppedClock : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            System.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }
}
