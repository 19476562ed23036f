using System.Diagnostics;
using Paas.Contracts;
using Paas.Hosting.Processes;

namespace Paas.ConfigurationValidator.Tests;

/// <summary>Lines that need a shell, run by the shells that are here.</summary>
public sealed class ShellCommandTests : IDisposable
{
    // Says that it is there, and takes its time to end.
    private const string App = "trap 'sleep 0.3; echo ended; exit 0' TERM; echo up; while :; do sleep 0.05; done";

    private readonly string _folder = Directory.CreateTempSubdirectory("paas-shell-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("mkdir site && cd site && echo a > x; cat x", "a")]
    [InlineData("echo ${NONE:-x} $(echo y) `echo z`", "x y z")]
    [InlineData("touch a.py b.py && echo *.py", "a.py b.py")]
    [InlineData("A=5 sh -c 'echo $A' | tr 5 6", "6")]
    [InlineData("echo \"$$\" | grep -c '^[0-9]*$' # a comment", "1")]
    [InlineData("cat <<END\nline $((1 + 1))\nEND", "line 2")]
    public async Task A_line_does_what_a_shell_does_with_it(string line, string output)
    {
        var command = CommandWords.Split(line).Command.ShouldNotBeNull();

        (await RunAsync(command)).ShouldBe((0, output));
        (await RunAsync(CommandWords.InContainer(command))).ShouldBe((0, output));
    }

    [Theory]
    [InlineData("exit 7")]
    [InlineData("false || exit 7")]
    public async Task Its_exit_code_is_the_lines(string line)
    {
        var command = CommandWords.Split(line).Command.ShouldNotBeNull();

        (await RunAsync(command)).Code.ShouldBe(7);
        (await RunAsync(CommandWords.InContainer(command))).Code.ShouldBe(7);
    }

    [Theory]
    [InlineData("/bin/sh", "cd . && sh app.sh; echo not after")]
    [InlineData("/bin/sh", "cd . && exec sh app.sh")]
    [InlineData("/bin/sh", "sh app.sh & wait")]
    [InlineData("/bin/bash", "cd . && sh app.sh")]
    [InlineData("/usr/bin/busybox", "cd . && sh app.sh; echo not after")]
    public async Task The_signal_to_end_reaches_the_app_once_which_gets_its_time(string shell, string line)
    {
        Assert.SkipUnless(File.Exists(shell), $"{shell} is not here.");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        await File.WriteAllTextAsync(Path.Combine(_folder, "app.sh"), App, TestContext.Current.CancellationToken);
        var command = CommandWords.InContainer(CommandWords.Split(line).Command.ShouldNotBeNull());
        var words = CommandWords.Expand(command, new Dictionary<string, string>()).Arguments.ToList();
        string[] program = shell.EndsWith("busybox", StringComparison.Ordinal) ? [shell, "sh"] : [shell];
        words = [.. program, .. words.Skip(1).Select(word => word.Replace("/bin/sh -c", string.Join(' ', program) + " -c", StringComparison.Ordinal))];

        // A session of its own, as a container's first process has; only this process is told.
        using var process = Start("setsid", words);
        (await process.StandardOutput.ReadLineAsync(limit.Token)).ShouldBe("up");
        using (var kill = Start("kill", ["-TERM", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]))
            await kill.WaitForExitAsync(limit.Token);
        try
        {
            (await process.StandardOutput.ReadToEndAsync(limit.Token)).Trim().ShouldBe("ended");
            await process.WaitForExitAsync(limit.Token);
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }

    private async Task<(int Code, string Output)> RunAsync(CommandLine command)
    {
        foreach (var file in Directory.GetFileSystemEntries(_folder))
        {
            if (Directory.Exists(file))
                Directory.Delete(file, recursive: true);
            else
                File.Delete(file);
        }

        var words = CommandWords.Expand(command, new Dictionary<string, string>()).Arguments;
        using var process = Start(words[0], words.Skip(1));
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, output.Trim());
    }

    private Process Start(string program, IEnumerable<string> arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = _folder, RedirectStandardOutput = true })!;
}
