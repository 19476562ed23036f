using System.Diagnostics;
using Paas.Contracts;
using Paas.Hosting.Processes;
using Paas.Hosting.Steps;

namespace Paas.ImageBuilder.Tests;

/// <summary>Builds that are canceled, killed, too slow or asked for twice.</summary>
public sealed class BuildEndTests : IDisposable
{
    private readonly TestPlatform _platform = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _platform.Dispose();

    [Fact]
    public async Task A_canceled_build_ends_with_all_it_has_started_within_a_second()
    {
        const string script = "import os,subprocess,time\nsubprocess.Popen(['setsid','sleep','987'])\nopen('started','w').write('x')\ntime.sleep(987)\n";
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Process, "/usr/bin/env", "python3", "run.py"), ("run.py", script));
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var building = _platform.Builder().BuildAsync(command, _platform.Log, cancel.Token);
        await TestPlatform.UntilAsync(() => File.Exists(Path.Combine(_platform.BuildOf(command).Slug, "started")), "the build command starts");

        var canceled = Stopwatch.GetTimestamp();
        await cancel.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(building);

        Stopwatch.GetElapsedTime(canceled).ShouldBeLessThan(TimeSpan.FromSeconds(1));
        _platform.Owner.KillLeftovers().ShouldBe(0);
        Directory.Exists(_platform.BuildOf(command).Folder).ShouldBeFalse();
    }

    [Fact]
    public async Task A_build_that_takes_too_long_is_ended_and_names_the_setting()
    {
        _platform.Options.Timeout = TimeSpan.FromSeconds(1);
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Process, "sleep", "987"), ("x", "1"));

        var failure = await Should.ThrowAsync<StepFailedException>(_platform.Builder().BuildAsync(command, _platform.Log, Cancellation));

        failure.Reason.ShouldBe(FailureReason.BuildTimedOut);
        failure.Message.ShouldContain("ImageBuilder__Timeout");
        _platform.Owner.KillLeftovers().ShouldBe(0);
    }

    [Fact]
    public async Task What_the_build_leaves_running_ends_with_it()
    {
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Process, "/usr/bin/env", "python3", "run.py"),
            ("run.py", "import subprocess\nsubprocess.Popen(['setsid','sleep','987'],stdout=subprocess.DEVNULL,stderr=subprocess.DEVNULL)\n"));

        await _platform.Builder().BuildAsync(command, _platform.Log, Cancellation);

        _platform.Owner.KillLeftovers().ShouldBe(0);
    }

    [Fact]
    public async Task A_build_reaches_nothing_of_the_platform_and_leaves_nothing_behind_however_it_hides()
    {
        var keys = Directory.CreateDirectory(Path.Combine(_platform.DataDirectory, "keys")).FullName;
        File.WriteAllText(Path.Combine(keys, "key.xml"), "secret");
        var other = await _platform.CommandAsync(Plan.Of(RuntimeName.Process), ("x", "1"));
        await _platform.Builder().BuildAsync(other, _platform.Log, Cancellation);
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Process, "/usr/bin/env", "python3", "run.py"), ("run.py", $"""
            import os
            for path in ["{keys}/key.xml", "{_platform.BuildOf(other).Slug}/x", "{_platform.Root}/artifacts", "{_platform.DataDirectory}/locks"]:
                print("reads" if os.path.isfile(path) or os.path.isdir(path) and os.listdir(path) else "lacks", path)
            try: open("/etc/mark", "w"); print("changed /etc")
            except OSError: pass
            open("made", "w").write("x"); os.rename("made", os.environ["TMPDIR"] + "/made"); os.rename(os.environ["TMPDIR"] + "/made", "made")
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0: os.closerange(0, 100); os.execve("/bin/sleep", ["sleep", "987.5"], dict())
                os._exit(0)
            os.wait()
            """));

        await _platform.Builder().BuildAsync(command, _platform.Log, Cancellation);

        _platform.Log.Text.ShouldContain("lacks");
        _platform.Log.Text.ShouldNotContain("reads");
        _platform.Log.Text.ShouldNotContain("changed");
        File.Exists(Path.Combine(_platform.BuildOf(command).Slug, "made")).ShouldBeTrue();
        Directory.GetDirectories("/proc").Select(process => Path.Combine(process, "cmdline")).Where(File.Exists)
            .Select(TryRead).ShouldNotContain("sleep\0987.5\0");

        static string TryRead(string file)
        {
            try
            {
                return File.ReadAllText(file);
            }
            catch (IOException)
            {
                return "";
            }
        }
    }

    [Fact]
    public async Task A_try_after_the_platform_was_killed_starts_anew()
    {
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Process), ("x", "1"));
        var build = _platform.BuildOf(command);
        Directory.CreateDirectory(build.Slug);
        File.WriteAllText(Path.Combine(build.Slug, "half"), "made");
        await using var leftover = ChildProcess.Start(_platform.Owner, new ChildProcessStart
        {
            Command = "/bin/sleep",
            Arguments = ["987"],
            WorkingDirectory = "/",
            Environment = new Dictionary<string, string>(),
            BelongsTo = $"build-{build.ImageId}",
        });

        await _platform.Builder().BuildAsync(command, _platform.Log, Cancellation);

        (await leftover.Exited.WaitAsync(TimeSpan.FromSeconds(5), Cancellation)).ShouldBe(137);
        Directory.GetFileSystemEntries(build.Slug).Select(Path.GetFileName).ShouldBe(["x"]);
    }

    [Fact]
    public async Task A_command_that_comes_again_gets_the_same_answer_without_a_second_build()
    {
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Process, "mkdir", "made"), ("x", "1"));
        var builder = _platform.Builder();

        var answers = await Task.WhenAll(builder.BuildAsync(command, _platform.Log, Cancellation), builder.BuildAsync(command, _platform.Log, Cancellation));
        var third = await _platform.Builder().BuildAsync(command, _platform.Log, Cancellation);

        answers.ShouldAllBe(answer => answer == third);
        _platform.Log.Text.Split("Running the build command").Length.ShouldBe(2);
    }

    [Fact]
    public async Task A_new_attempt_removes_the_one_before_and_leaves_other_deployments_alone()
    {
        var builder = _platform.Builder();
        var first = await _platform.CommandAsync(Plan.Of(RuntimeName.Process), ("x", "1"));
        var other = await _platform.CommandAsync(Plan.Of(RuntimeName.Process), ("x", "1"));
        var old = await _platform.CommandAsync(Plan.Of(RuntimeName.Process), ("x", "1"));
        foreach (var command in new[] { first, other, old })
            await builder.BuildAsync(command, _platform.Log, Cancellation);
        Directory.SetLastWriteTimeUtc(_platform.BuildOf(old).Folder, DateTime.UtcNow.AddHours(-25));

        await builder.BuildAsync(first with { Attempt = 2 }, _platform.Log, Cancellation);

        Directory.Exists(_platform.BuildOf(first).Folder).ShouldBeFalse();
        Directory.Exists(_platform.BuildOf(old).Folder).ShouldBeFalse();
        _platform.BuildOf(other).IsBuilt.ShouldBeTrue();
        _platform.BuildOf(first with { Attempt = 2 }).IsBuilt.ShouldBeTrue();
    }
}
