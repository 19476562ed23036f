using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace Paas.EndToEnd.Tests;

/// <summary><c>./paas quickstart</c> as it is typed after a clone, on a machine with the .NET SDK, git and little else.</summary>
public sealed partial class QuickstartTests : IDisposable
{
    /// <summary>The first one builds the command and the platform.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(15);

    private static readonly string[] Tools =
    [
        "dotnet", "git", "bash", "env", "sh", "find", "dirname", "readlink", "touch", "mkdir", "mv", "rm", "cat", "grep", "sort", "head", "tail", "flock",
        "sleep", "id", "setsid", "kill", "uname",
    ];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("paas-quickstart-");

    private string DataDirectory => Path.Combine(_folder.FullName, "data");

    public void Dispose()
    {
        foreach (var pid in LeftProcesses())
            Process.GetProcessById(pid).Kill();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task It_deploys_an_app_and_the_second_time_the_next_release_of_it()
    {
        var path = BareMachine();

        var first = await QuickstartAsync(path);
        Check(first, release: 1);
        first.Output.ShouldContain("Created the app hello");
        LeftProcesses().ShouldBeEmpty();

        var second = await QuickstartAsync(path);
        Check(second, release: 2);
        second.Output.ShouldNotContain("Created the app");
        LeftProcesses().ShouldBeEmpty();
    }

    private static void Check((int ExitCode, string Output, string Error) outcome, int release)
    {
        outcome.ExitCode.ShouldBe(0, outcome.Output + outcome.Error);
        outcome.Output.ShouldMatch($@"✓ hello v{release} is live after [0-9.]+ s\.\n  http://hello\.localhost:[0-9]+/\n");
        outcome.Output.ShouldMatch(@"-----> http://hello\.localhost:[0-9]+/ answers:\n  HTTP 200\n");
        Deployment().Match(outcome.Output).Groups[1].Value.ShouldBe($"{release}");
        outcome.Output.Split('\n').ShouldContain("Succeeded");
    }

    private async Task<(int ExitCode, string Output, string Error)> QuickstartAsync(string path)
    {
        var info = new ProcessStartInfo(Path.Combine(Platform.RepositoryRoot, "paas"), ["quickstart", "--exit", "--urls", "http://127.0.0.1:0"])
        {
            WorkingDirectory = _folder.FullName,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        foreach (var name in info.Environment.Keys.Where(name => name.StartsWith("PAAS", StringComparison.OrdinalIgnoreCase)).ToList())
            info.Environment.Remove(name);
        info.Environment["PATH"] = path;
        info.Environment["LANG"] = "C.UTF-8";
        info.Environment["Paas__DataDirectory"] = DataDirectory;
        using var quickstart = Process.Start(info)!;
        quickstart.StandardInput.Close();
        var output = quickstart.StandardOutput.ReadToEndAsync();
        var error = quickstart.StandardError.ReadToEndAsync();
        try
        {
            // Whoever holds on to its output has been left behind, so that is waited for as well.
            await Task.WhenAll(quickstart.WaitForExitAsync(), output, error).WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            quickstart.Kill(entireProcessTree: true);
            throw;
        }

        return (quickstart.ExitCode, await output, await error);
    }

    /// <summary>A PATH with nothing but what the quickstart may count on.</summary>
    private string BareMachine()
    {
        var bin = _folder.CreateSubdirectory("bin").FullName;
        foreach (var tool in Tools)
        {
            if (Programs.Find(tool) is { } program)
                File.CreateSymbolicLink(Path.Combine(bin, tool), program);
        }

        return bin;
    }

    /// <summary>Everything that was started here inherits the setting, whatever it is and however it is called.</summary>
    private List<int> LeftProcesses()
    {
        var found = new List<int>();
        foreach (var folder in Directory.GetDirectories("/proc").Where(folder => int.TryParse(Path.GetFileName(folder), out _)))
        {
            try
            {
                // A zombie's environment is empty.
                if (File.ReadAllText(Path.Combine(folder, "environ")).Contains(DataDirectory, StringComparison.Ordinal))
                    found.Add(int.Parse(Path.GetFileName(folder), System.Globalization.CultureInfo.InvariantCulture));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                continue; // ended meanwhile, or somebody else's
            }
        }

        return found;
    }

    [GeneratedRegex("<output id=\"deployment\">([0-9]+)</output>")]
    private static partial Regex Deployment();
}
