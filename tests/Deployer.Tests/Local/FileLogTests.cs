using Microsoft.Extensions.DependencyInjection;
using Paas.Contracts;
using Paas.Deployer.Targets.Local;
using Paas.Deployer.Targets.Output;
using Paas.Deployer.Tests.Support;

namespace Paas.Deployer.Tests.Local;

/// <summary>The log of an app on this machine, as it is followed.</summary>
public sealed class FileLogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("paas-deployer-").FullName;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string LogPath => Path.Combine(_folder, "app.log");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Nothing_is_lost_or_told_twice_while_the_file_is_rotated()
    {
        const int Lines = 30_000;
        var told = new List<string>();
        var writing = Task.Run(async () =>
        {
            await using var log = new AppLog(LogPath, TimeProvider.System, maxFileBytes: 500_000, maxBytesPerSecond: int.MaxValue);
            for (var i = 0; i < Lines; i++)
            {
                log.Write("web.1", $"{i}");
                // The reader is to keep up: what is in neither file any more is lost.
                while (told.Count < i - 8000 || log.Waiting > 100_000)
                    await Task.Delay(1);
            }
        }, Stop);
        string? cursor = null;
        while (told.Count < Lines && !(writing.IsFaulted || Stop.IsCancellationRequested))
        {
            var read = await LogReading.ReadAsync([new FileLog(LogPath, null, () => false, TimeProvider.System)], cursor, null, null, Stop);
            told.AddRange(read.Lines.Select(line => line.Text));
            cursor = read.Cursor;
        }

        await writing;
        Sequence.ShouldBeSame(told, Enumerable.Range(0, Lines).Select(i => $"{i}"));
        File.Exists(LogPath + ".1").ShouldBeTrue();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(9)]
    [InlineData(100)]
    public async Task The_last_lines_are_found_in_both_files(int last)
    {
        await File.WriteAllTextAsync(LogPath + ".1", string.Concat(Enumerable.Range(1, 6).Select(Written)), Stop);
        await File.WriteAllTextAsync(LogPath, string.Concat(Enumerable.Range(7, 3).Select(Written)) + "2026-11-27T10:00:00.010Z web.1 | being writ", Stop);
        var records = await new FileLog(LogPath, null, () => false, TimeProvider.System).ReadAsync(last, Stop).ToListAsync(Stop);
        records.Select(record => record.Text).ShouldBe(Enumerable.Range(1, 9).Skip(Math.Max(0, 9 - last)).Select(i => $"line {i} | of 9"));
        records.ShouldAllBe(record => record.Source == "web.1");
    }

    [Fact]
    public async Task What_is_no_line_is_left_out()
    {
        await File.WriteAllTextAsync(LogPath, "\0\0\0\nrest of a line\n" + Written(1) + "2026-11-27T10:00:00.001Z\n\n" + Written(2), Stop);
        var records = await new FileLog(LogPath, null, () => false, TimeProvider.System).ReadAsync(null, Stop).ToListAsync(Stop);
        records.Select(record => record.Text).ShouldBe(["line 1 | of 9", "line 2 | of 9"]);
        (await new FileLog(Path.Combine(_folder, "none.log"), null, () => false, TimeProvider.System).ReadAsync(null, Stop).ToListAsync(Stop)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_rollout_and_a_restart_of_the_platform_are_followed()
    {
        var app = Guid.NewGuid();
        var platform = await TestPlatform.StartAsync(_folder, app);
        await platform.DeployAsync(await platform.WebAsync(1));
        OutputReader? reader = platform.Services.GetRequiredService<OutputReader>();
        await using (var follower = new Follower(() => Volatile.Read(ref reader), Follower.Question(app, Target.Local)))
        {
            await follower.SeesAsync("starting v1");
            await platform.DeployAsync(await platform.WebAsync(2));
            await follower.SeesAsync("starting v2");
            Volatile.Write(ref reader, null);
            await platform.DisposeAsync();
            platform = await TestPlatform.StartAsync(_folder, app);
            Volatile.Write(ref reader, platform.Services.GetRequiredService<OutputReader>());
            await TestPlatform.UntilAsync(() => follower.Lines.Any(line => line is { Source: "paas", Text: "web.1 has started" }), "it came back");
            follower.TextsOf("web.1").ShouldBe(["starting v1", "starting v2", "starting v2"]);
            follower.Failures.ShouldBeEmpty();
        }

        await platform.DisposeAsync();
    }

    private static string Written(int number) => $"2026-11-27T10:00:00.{number:000}Z web.1 | line {number} | of 9\n";
}
