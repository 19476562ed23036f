using System.Collections.Concurrent;
using System.Diagnostics;
using Paas.Hosting.Processes;

namespace Paas.Hosting.Tests.Processes;

public sealed class ChildProcessTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly ConcurrentQueue<string> _lines = [];

    private ProcessOwner Owner => new(_folder.Path);

    [Fact]
    public async Task Output_and_errors_can_be_told_apart()
    {
        var (lines, errors) = (new List<string>(), new List<string>());
        await using var process = ChildProcess.Start(Owner, new ChildProcessStart
        {
            Command = "sh",
            Arguments = ["-c", "echo out; echo oops >&2; echo more"],
            WorkingDirectory = _folder.Path,
            Environment = new Dictionary<string, string> { ["PATH"] = "/usr/bin:/bin" },
            BelongsTo = "test",
            OnLine = lines.Add,
            OnErrorLine = errors.Add,
        });
        (await process.Exited).ShouldBe(0);
        lines.ShouldBe(["out", "more"]);
        errors.ShouldBe(["oops"]);
    }

    [Fact]
    public async Task Output_comes_line_by_line_and_the_exit_code_is_told()
    {
        await using var process = Start("printf 'one\\ntwo\\r\\nthree'; echo four >&2; exit 7");
        (await process.Exited).ShouldBe(7);
        _lines.ShouldBe(["one", "two", "three", "four"], ignoreOrder: true);
    }

    [Fact]
    public async Task Arguments_arrive_as_they_are()
    {
        string[] arguments = ["a b", "$HOME", "; rm -rf /", "`id`", "", "ünïcode", "--"];
        await using var process = ChildProcess.Start(Owner, new ChildProcessStart
        {
            Command = "printf",
            Arguments = ["%s\\n", .. arguments],
            WorkingDirectory = _folder.Path,
            Environment = new Dictionary<string, string> { ["PATH"] = "/usr/bin:/bin" },
            BelongsTo = "test",
            OnLine = _lines.Enqueue,
        });
        await process.Exited;
        _lines.ShouldBe(arguments);
    }

    [Fact]
    public async Task Nothing_of_the_platforms_own_environment_is_passed_on()
    {
        Environment.SetEnvironmentVariable("PAAS_TEST_SECRET", "hidden");
        await using var process = Start("env");
        await process.Exited;
        _lines.ShouldNotContain(line => line.Contains("hidden"));
        _lines.Select(line => line.Split('=')[0]).Order().ShouldBe(["PAAS_PROCESS", "PATH", "PWD"]);
    }

    [Fact]
    public async Task A_line_without_an_end_is_cut_and_memory_stays_small()
    {
        await using var process = Start("head -c 50000000 /dev/zero | tr '\\0' x; echo; echo after");
        await process.Exited;
        _lines.Count.ShouldBe(2);
        _lines.First().Length.ShouldBeLessThan(20_000);
        _lines.Last().ShouldBe("after");
    }

    [Fact]
    public async Task A_command_that_is_not_there_is_named()
    {
        var missing = Should.Throw<CommandNotFoundException>(() => ChildProcess.Start(Owner, new ChildProcessStart
        {
            Command = "no-such-command",
            WorkingDirectory = _folder.Path,
            Environment = new Dictionary<string, string> { ["PATH"] = "/usr/bin:/bin" },
            BelongsTo = "test",
        }));
        missing.Message.ShouldContain("no-such-command");
        await Task.CompletedTask;
    }

    [Fact]
    public async Task Stopping_asks_first_and_kills_what_does_not_listen()
    {
        await using var polite = Start("trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done");
        await UntilAsync(() => _lines.Contains("ready"));
        (await polite.StopAsync(TimeSpan.FromSeconds(10))).ShouldBeTrue();
        _lines.ShouldContain("bye");

        _lines.Clear();
        await using var deaf = Start("trap '' TERM; echo ready; while :; do sleep 0.05; done");
        await UntilAsync(() => _lines.Contains("ready"));
        (await deaf.StopAsync(TimeSpan.FromMilliseconds(300))).ShouldBeFalse();
        (await deaf.Exited).ShouldBe(137);
    }

    [Fact]
    public async Task What_a_process_has_started_ends_with_it_even_if_it_left_the_session()
    {
        var process = Start("setsid sleep 1000 & sleep 1000 & echo ready; wait");
        await UntilAsync(() => _lines.Contains("ready") && Owner.Find("test").Count >= 3);
        await process.DisposeAsync();
        Owner.Find("test").ShouldBeEmpty();
    }

    [Fact]
    public async Task A_cancelation_kills_within_a_second()
    {
        using var cancellation = new CancellationTokenSource();
        await using var process = Start("echo ready; sleep 1000");
        await UntilAsync(() => _lines.Contains("ready"));
        var wait = process.WaitAsync(cancellation.Token);
        await cancellation.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(wait.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));
        Owner.Find("test").ShouldBeEmpty();
    }

    [Fact]
    public async Task A_killed_platform_finds_its_processes_again_and_no_others()
    {
        using var other = new TempFolder();
        await using var foreign = ChildProcess.Start(new ProcessOwner(other.Path), Sleep());
        using var lost = Process.Start(new ProcessStartInfo("sleep", "1000")
        {
            Environment = { ["PAAS_PROCESS"] = $"{Owner.Mark("app-1")}" },
        })!;
        await UntilAsync(() => Owner.Find(null).Count == 1);

        new ProcessOwner(_folder.Path).KillLeftovers().ShouldBe(1);

        await lost.WaitForExitAsync(TestContext.Current.CancellationToken);
        foreign.Exited.IsCompleted.ShouldBeFalse();
    }

    private static ChildProcessStart Sleep() => new()
    {
        Command = "sleep",
        Arguments = ["1000"],
        WorkingDirectory = "/",
        Environment = new Dictionary<string, string> { ["PATH"] = "/usr/bin:/bin" },
        BelongsTo = "test",
    };

    private ChildProcess Start(string script)
    {
        var file = _folder[Guid.NewGuid().ToString("N")];
        File.WriteAllText(file, script);
        return ChildProcess.Start(Owner, new ChildProcessStart
        {
            Command = "sh",
            Arguments = [file],
            WorkingDirectory = _folder.Path,
            Environment = new Dictionary<string, string> { ["PATH"] = "/usr/bin:/bin" },
            BelongsTo = "test",
            OnLine = _lines.Enqueue,
        });
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        var deadline = DateTime.UtcNow.AddSeconds(20);
        while (!condition())
        {
            DateTime.UtcNow.ShouldBeLessThan(deadline);
            await Task.Delay(10);
        }
    }

    public void Dispose()
    {
        Owner.KillLeftovers();
        _folder.Dispose();
    }
}
