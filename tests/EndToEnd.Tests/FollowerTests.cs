using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Paas.Contracts;
using Paas.Servers;

namespace Paas.EndToEnd.Tests;

/// <summary>The command follows something while the standalone platform on this machine is restarted, and finds it again.</summary>
public sealed class FollowerTests : IAsyncLifetime
{
    private Platform _platform = null!;

    public async ValueTask InitializeAsync() => _platform = await Platform.StartAsync();

    public ValueTask DisposeAsync() => _platform.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_deployment_is_followed_to_its_end(bool kill)
    {
        var gate = Ports.Free();
        using var repository = new Repository(
            (".paas.yml", "runtime: python\nentrypoint: [python, app.py]\nbuild:\n  command: [python, wait.py]\n"),
            ("wait.py", $"import socket, time\nprint('building', flush=True)\nwhile socket.socket().connect_ex(('127.0.0.1', {gate})): time.sleep(0.05)\n"),
            ("app.py", Repository.PythonApp("'built'")));
        await _platform.CreateAppAsync("shop", repository);
        using var deploy = Command.Start(_platform, "deploy", "shop");
        await deploy.SeesAsync("        building");

        await RestartAsync(kill, () => deploy.SeesAsync("Reconnecting…"));
        await deploy.SeesAsync("Connected again.");
        using var open = new TcpListener(IPAddress.Loopback, gate);
        open.Start();

        (await deploy.EndAsync()).ShouldBe(0, deploy.Said);
        deploy.Said.ShouldContain("shop v1 is live");
        deploy.Count("Reconnecting…").ShouldBe(1, deploy.Said);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_app_s_log_goes_on(bool kill)
    {
        using var repository = Repository.Python("'yes'");
        await _platform.DeployAsync(await _platform.CreateAppAsync("shop", repository), repository);
        using var logs = Command.Start(_platform, "logs", "shop", "--follow");
        (await _platform.GetAppAsync("shop", "/before")).Body.ShouldBe("yes");
        await logs.SeesAsync("request /before");

        await RestartAsync(kill, () => logs.SeesAsync("Reconnecting…"));
        await Platform.UntilAsync(async () => (await _platform.GetAppAsync("shop", "/after")).Body == "yes", "the app was back");

        await logs.SeesAsync("request /after");
        logs.Count("Reconnecting…").ShouldBe(1, logs.Said);
        logs.Count("request /before").ShouldBe(1, logs.Said);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_run_is_followed_to_the_end_that_the_restart_brings(bool kill)
    {
        using var repository = Repository.Python();
        await _platform.DeployAsync(await _platform.CreateAppAsync("shop", repository), repository);
        using var run = Command.Start(_platform, "run", "shop", "--", "python", "-c", "import time; print('counting', flush=True); time.sleep(600)");
        await run.SeesAsync("counting");

        await RestartAsync(kill, () => Task.CompletedTask);

        // The platform ends its runs with itself, and says so when it is back.
        (await run.EndAsync()).ShouldNotBe(0);

        run.Said.ShouldNotContain("stream");
        run.Count("counting").ShouldBe(1, run.Said);
    }

    private async Task RestartAsync(bool kill, Func<Task> whileAway)
    {
        if (kill)
            await _platform.KillAsync();
        else
            await _platform.StopAsync();
        await whileAway();
        await _platform.StartAgainAsync();
    }
}

/// <summary>The built command, which finds the platform by its data directory.</summary>
internal sealed class Command : IDisposable
{
    private static readonly string Dll = Path.Combine(Path.GetDirectoryName(BuiltPrograms.Find("Cli"))!, "paas.dll");
    private readonly StringBuilder _said = new();
    private readonly Process _process;

    private Command(ProcessStartInfo info)
    {
        _process = new Process { StartInfo = info };
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.Start();
        _process.StandardInput.Close();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Said
    {
        get
        {
            lock (_said)
                return _said.ToString();
        }
    }

    public static Command Start(Platform platform, params string[] arguments)
    {
        var info = new ProcessStartInfo("dotnet", [Dll, .. arguments]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        info.Environment["Paas__DataDirectory"] = platform.DataDirectory;
        info.Environment["XDG_CONFIG_HOME"] = Path.Combine(platform.DataDirectory, "config");
        foreach (var variable in (string[])["PAAS_URL", "PAAS_TOKEN", "PAAS_COMMAND"])
            info.Environment.Remove(variable);
        info.Environment["LANG"] = "C.UTF-8";
        return new Command(info);
    }

    public int Count(string text) => Said.Split(text).Length - 1;

    public Task SeesAsync(string text)
    {
        return Platform.UntilAsync(
            () => Said.Contains(text, StringComparison.Ordinal) ? Task.FromResult(true)
                : _process.HasExited ? throw new InvalidOperationException($"The command ended with {_process.ExitCode} before '{text}':\n{Said}")
                : Task.FromResult(false),
            $"the command said '{text}'");
    }

    public async Task<int> EndAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(PlatformClient.Patience);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    private void Keep(string? line)
    {
        lock (_said)
            _said.AppendLine(line);
    }
}
