using Paas.Deployer.Targets.Local;

namespace Paas.Deployer.Tests.Local;

public sealed class AppLogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("paas-deployer-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_log_is_rotated_and_one_old_file_is_kept()
    {
        var path = Path.Combine(_folder, "app.log");
        var clock = new FastClock();
        await using (var log = new AppLog(path, clock))
        {
            for (var i = 0; i < 15_000; i++)
            {
                clock.Advance(TimeSpan.FromSeconds(0.01));
                log.Write("web.1", $"{i:00000} {new string('x', 1000)}");
                while (log.Waiting > 100_000)
                    await Task.Yield();
            }
        }

        Directory.GetFiles(_folder).Select(Path.GetFileName).Order().ShouldBe(["app.log", "app.log.1"]);
        new FileInfo(path + ".1").Length.ShouldBeInRange(AppLog.MaxFileBytes, AppLog.MaxFileBytes + 2000);
        new FileInfo(path).Length.ShouldBeLessThan(AppLog.MaxFileBytes);
        var lines = (await File.ReadAllLinesAsync(path + ".1")).Concat(await File.ReadAllLinesAsync(path)).ToList();
        lines[^1].ShouldContain("14999 xxx");
        // Rotating loses nothing in between.
        lines.Select(line => int.Parse(line.Split("| ")[1][..5])).ShouldBe(Enumerable.Range(15_000 - lines.Count, lines.Count));
    }

    [Fact]
    public async Task A_line_tells_when_and_who()
    {
        var path = Path.Combine(_folder, "app.log");
        await using (var log = new AppLog(path, TimeProvider.System))
            log.Write("worker.2", "hello");
        (await File.ReadAllTextAsync(path)).ShouldMatch(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z worker\.2 \| hello\n$");
    }

    [Fact]
    public async Task What_is_too_much_for_a_second_is_dropped_and_counted()
    {
        var path = Path.Combine(_folder, "app.log");
        await using (var log = new AppLog(path, new FastClock()))
        {
            for (var i = 0; i < 5_000; i++)
                log.Write("web.1", new string('x', 999));
        }

        var lines = await File.ReadAllLinesAsync(path);
        lines.Length.ShouldBeInRange(900, 1100);
        lines.ShouldContain(line => line.Contains("paas | 4.0 MB were dropped here", StringComparison.Ordinal));
    }

    /// <summary>Stands still until it is moved.</summary>
    private sealed class FastClock : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan time) => Interlocked.Add(ref _ticks, time.Ticks);

        public override long GetTimestamp() => Interlocked.Read(ref _ticks);
    }
}
