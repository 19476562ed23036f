using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Paas.Servers;

namespace Paas.Bench.Pipeline;

/// <summary>The anchor: a script of a few lines, with an engine of its own.</summary>
internal sealed class ShellPipeline(DockerEngine engine, RegistryServer registry, string folder)
{
    private static readonly string Script = Path.Combine(AppContext.BaseDirectory, "Pipeline", "pipeline.sh");

    private string Prefix => $"{registry.Url.Authority}/bench";

    /// <summary>From nothing: no cache of git, none of builds.</summary>
    public Task<double> ColdAsync(string name, Repository repository, string expected) => DeployAsync(name, repository, expected, "--no-cache");

    public Task<double> DeployAsync(string name, Repository repository, string expected, params string[] options) =>
        RunAsync([repository.Url, repository.Head, Path.Combine(folder, $"{name}.git"), Image(name, repository.Head), expected, .. options]);

    /// <summary>Runs what was pushed for an earlier commit.</summary>
    public Task<double> GoBackAsync(string name, string commit, string expected) => RunAsync(["--run", Image(name, commit), expected]);

    private string Image(string name, string commit) => $"{Prefix}/{name}:{commit[..12]}";

    private async Task<double> RunAsync(string[] arguments)
    {
        var credentials = Path.Combine(folder, "docker-config");
        if (!Directory.Exists(credentials))
        {
            Directory.CreateDirectory(credentials);
            var login = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{RegistryServer.Username}:{RegistryServer.Password}"));
            await File.WriteAllTextAsync(Path.Combine(credentials, "config.json"), JsonSerializer.Serialize(
                new { auths = new Dictionary<string, object> { [registry.Url.Authority] = new { auth = login } } }));
        }

        var info = new ProcessStartInfo(Script, arguments) { RedirectStandardError = true };
        info.Environment["DOCKER_HOST"] = engine.Endpoint;
        info.Environment["DOCKER_CONFIG"] = credentials;
        var begun = Stopwatch.StartNew();
        using var script = Process.Start(info)!;
        var error = await script.StandardError.ReadToEndAsync();
        await script.WaitForExitAsync();
        return script.ExitCode == 0 ? begun.Elapsed.TotalMilliseconds : throw new BenchmarkException($"The bare pipeline ended with {script.ExitCode}: {error}");
    }
}
