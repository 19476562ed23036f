using System.Diagnostics;
using Paas.Contracts;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Processes;
using Paas.Hosting.Steps;

namespace Paas.ImageBuilder.Tests;

public sealed class SlugBuilderTests : IDisposable
{
    private readonly TestPlatform _platform = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _platform.Dispose();

    [Fact]
    public async Task A_slug_holds_what_is_in_the_repository()
    {
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Process), ("Procfile", "web: ./run"), ("lib/x", "1"));

        var built = await _platform.Builder().BuildAsync(command, _platform.Log, Cancellation);

        built.ShouldBe(new BuiltImage($"{command.DeploymentId}-1", "here"));
        var build = _platform.BuildOf(command);
        build.IsBuilt.ShouldBeTrue();
        File.ReadAllText(Path.Combine(build.Slug, "lib/x")).ShouldBe("1");
        _platform.Log.Text.ShouldContain("-----> Building shop at aaaaaaaaaa for process");
        Directory.GetDirectories(build.Folder).ShouldBe([build.Slug]);
    }

    [Fact]
    public async Task The_context_becomes_the_root_of_the_slug()
    {
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Process) with { Context = "apps/web" }, ("apps/web/x", "1"), ("y", "2"));

        await _platform.Builder().BuildAsync(command, _platform.Log, Cancellation);

        Directory.GetFileSystemEntries(_platform.BuildOf(command).Slug).Select(Path.GetFileName).ShouldBe(["x"]);
    }

    [Theory]
    [InlineData("nowhere")]
    [InlineData("../..")]
    public async Task A_context_that_is_not_there_fails_the_build(string context)
    {
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Process) with { Context = context }, ("x", "1"));

        var failure = await FailureAsync(command);

        failure.Reason.ShouldBe(FailureReason.BuildFailed);
        failure.Message.ShouldContain(context);
    }

    [Fact]
    public async Task The_build_command_runs_with_its_variables_put_in()
    {
        var plan = Plan.Of(RuntimeName.Process, "GREETING=hello", "cp", "${FROM}", "to") with { Args = new Dictionary<string, string> { ["FROM"] = "x" } };
        var command = await _platform.CommandAsync(plan, ("x", "1"));

        await _platform.Builder().BuildAsync(command, _platform.Log, Cancellation);

        File.ReadAllText(Path.Combine(_platform.BuildOf(command).Slug, "to")).ShouldBe("1");
        _platform.Log.Text.ShouldContain("       $ cp x to");
    }

    [Fact]
    public async Task A_failing_build_command_fails_the_step_and_leaves_nothing()
    {
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Process, "ls", "not-there"), ("x", "1"));

        var failure = await FailureAsync(command);

        failure.Reason.ShouldBe(FailureReason.BuildFailed);
        failure.Message.ShouldContain("'ls not-there' ended with exit code 2");
        _platform.Log.Text.ShouldContain("No such file");
        Directory.Exists(_platform.BuildOf(command).Folder).ShouldBeFalse();
    }

    [Fact]
    public async Task A_build_command_that_is_not_there_is_named()
    {
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Process, "no-such-tool", "x"), ("x", "1"));

        (await FailureAsync(command)).Message.ShouldContain("there is no 'no-such-tool'");
    }

    [Fact]
    public async Task Builds_see_nothing_of_the_platforms_own_variables()
    {
        _platform.Host["Paas__AdminToken"] = "secret";
        _platform.Host["ConnectionStrings__Paas"] = "secret";
        _platform.Host["AWS_SECRET_ACCESS_KEY"] = "secret";
        _platform.Host["PIP_INDEX_URL"] = "http://pip.test";
        _platform.Host["https_proxy"] = "http://proxy.test";
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Process, "env"), ("x", "1"));

        await _platform.Builder().BuildAsync(command, _platform.Log, Cancellation);

        var text = _platform.Log.Text;
        text.ShouldNotContain("secret");
        text.ShouldContain("PIP_INDEX_URL=http://pip.test");
        text.ShouldContain("https_proxy=http://proxy.test");
        text.ShouldContain("CI=true");
        text.ShouldContain($"HOME={_platform.BuildOf(command).Folder}/home");
        text.ShouldContain($"TMPDIR={_platform.BuildOf(command).Folder}/tmp");
    }

    [Fact]
    public async Task A_canceled_build_ends_with_all_it_has_started_within_a_second()
    {
        var started = Path.Combine(_platform.Root, "started");
        var script = $"import os,subprocess,time\nsubprocess.Popen(['setsid','sleep','987'])\nopen('{started}','w').write('x')\ntime.sleep(987)\n";
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Process, "/usr/bin/env", "python3", "run.py"), ("run.py", script));
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var building = _platform.Builder().BuildAsync(command, _platform.Log, cancel.Token);
        await TestPlatform.UntilAsync(() => File.Exists(started), "the build command starts");

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

        var failure = await FailureAsync(command);

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

    [Fact]
    public async Task A_slug_over_the_cap_fails_and_names_the_setting()
    {
        _platform.Options.MaxSlugBytes = 10_000;
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Process, "truncate", "-s", "20000", "large"), ("x", "1"));

        var failure = await FailureAsync(command);

        failure.Reason.ShouldBe(FailureReason.ImageTooLarge);
        failure.Message.ShouldContain("ImageBuilder__MaxSlugBytes");
    }

    [Fact]
    public async Task Sources_over_the_cap_fail_and_name_the_setting()
    {
        _platform.Options.MaxSlugBytes = 10;
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Process), ("x", "more than ten bytes"));

        var failure = await FailureAsync(command);

        failure.Reason.ShouldBe(FailureReason.ImageTooLarge);
        failure.Message.ShouldContain("ImageBuilder__MaxSlugBytes");
    }

    [Fact]
    public async Task Hostile_sources_fail_the_build_and_are_not_tried_again()
    {
        var digest = await _platform.Store.SaveAsync(async stream =>
        {
            await using var tar = new System.Formats.Tar.TarWriter(stream, leaveOpen: true);
            await tar.WriteEntryAsync(new System.Formats.Tar.PaxTarEntry(System.Formats.Tar.TarEntryType.SymbolicLink, "passwords") { LinkName = "/etc/shadow" });
        }, default);

        var failure = await FailureAsync(TestPlatform.Command(Plan.Of(RuntimeName.Process), digest));

        failure.Reason.ShouldBe(FailureReason.SourceRefused);
        failure.Message.ShouldContain("'passwords'");
    }

    [Fact]
    public async Task Sources_that_are_not_in_the_store_are_a_fault_of_the_platform()
    {
        var command = TestPlatform.Command(Plan.Of(RuntimeName.Process), "sha256:" + new string('0', 64));

        await Should.ThrowAsync<ArtifactNotFoundException>(_platform.Builder().BuildAsync(command, _platform.Log, Cancellation));
    }

    [Fact]
    public async Task Links_of_the_build_are_made_fit_for_another_folder()
    {
        var command = await _platform.CommandAsync(
            Plan.Of(RuntimeName.Process, "/usr/bin/env", "python3", "run.py"),
            ("run.py", "import os\nos.symlink(os.getcwd() + '/run.py', 'inside')\nos.symlink('/usr/bin/env', 'outside')\nos.mkdir('d')\nos.symlink('../..', 'd/up')\n"));

        var moved = await _platform.BuildAndMoveAsync(command);

        new FileInfo(Path.Combine(moved, "inside")).LinkTarget.ShouldBe("run.py");
        Directory.GetFileSystemEntries(moved, "*", SearchOption.AllDirectories).Select(Path.GetFileName).Order().ShouldBe(["d", "inside", "run.py"]);
        _platform.Log.Text.ShouldContain(" !     outside is a link to /usr/bin/env, outside of the app: left out.");
    }

    [Fact]
    public async Task A_million_lines_of_output_do_not_pile_up()
    {
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Process, "seq", "1000000"), ("x", "1"));
        var before = GC.GetTotalMemory(forceFullCollection: true);

        await _platform.Builder().BuildAsync(command, _platform.Log, Cancellation);

        _platform.Log.Count.ShouldBeGreaterThan(1_000_000);
        (GC.GetTotalMemory(forceFullCollection: true) - before).ShouldBeLessThan(30 * 1024 * 1024);
    }

    [Theory]
    [InlineData(RuntimeName.Go)]
    [InlineData(RuntimeName.Php)]
    [InlineData(RuntimeName.Docker)]
    public async Task Runtimes_that_need_an_image_are_told_so(string runtime)
    {
        var failure = await FailureAsync(await _platform.CommandAsync(Plan.Of(runtime), ("x", "1")));

        failure.Reason.ShouldBe(FailureReason.NotSupportedByTarget);
        failure.Message.ShouldContain("'kubernetes'");
    }

    [Fact]
    public async Task A_target_without_a_builder_is_told_so()
    {
        var command = (await _platform.CommandAsync(Plan.Of(RuntimeName.Process), ("x", "1"))) with { Target = Target.Docker };

        var failure = await Should.ThrowAsync<StepFailedException>(
            async () => await new ImageBuilders([_platform.Builder()]).BuildAsync(command, _platform.Log, Cancellation));

        failure.Reason.ShouldBe(FailureReason.NotSupportedByTarget);
        failure.Message.ShouldStartWith("This platform cannot build for the target 'docker' yet:");
    }

    [Fact]
    public async Task The_folder_of_a_static_site_has_to_be_there_after_the_build()
    {
        var plan = Plan.Of(RuntimeName.Static, "mkdir", "public") with { StaticRoot = "public" };
        await _platform.Builder().BuildAsync(await _platform.CommandAsync(plan, ("x", "1")), _platform.Log, Cancellation);

        var failure = await FailureAsync(await _platform.CommandAsync(plan with { Command = null }, ("x", "1")));

        failure.Message.ShouldContain("'public'");
    }

    private Task<StepFailedException> FailureAsync(BuildImage command) =>
        Should.ThrowAsync<StepFailedException>(_platform.Builder().BuildAsync(command, _platform.Log, Cancellation));
}
