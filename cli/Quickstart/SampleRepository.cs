using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Paas.Cli.Quickstart;

/// <summary>A commit of the sample, and the one before it.</summary>
internal sealed record SampleCommit(string Sha, string? Parent, string Message, int Number);

/// <summary>The git repository the quickstart deploys: made from the sample at first, and one commit richer each time.</summary>
internal sealed partial class SampleRepository(string folder)
{
    private const string Author = "Quickstart";
    private const string Email = "quickstart@localhost";

    /// <summary>What the platform clones.</summary>
    public string Url { get; } = new Uri(Path.GetFullPath(folder)).AbsoluteUri;

    public static bool IsUrlOfOne(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.IsFile && uri.AbsolutePath.EndsWith("/quickstart/hello", StringComparison.Ordinal);

    public async Task<SampleCommit> CommitAsync(string sample, CancellationToken cancellation)
    {
        var parent = await HeadAsync(cancellation);
        if (parent is null)
            await CreateAsync(sample, cancellation);
        // Left behind if an earlier quickstart was killed; there is only one at a time.
        File.Delete(Path.Combine(folder, ".git", "index.lock"));
        var number = parent is null ? 1 : 1 + int.Parse(await GitAsync(cancellation, "rev-list", "--count", "HEAD"), CultureInfo.InvariantCulture);
        await WriteNumberAsync(number, cancellation);
        var message = number == 1 ? "Say hello" : string.Create(CultureInfo.InvariantCulture, $"Say hello for the {Ordinal(number)} time");
        await GitAsync(cancellation, "add", "--all");
        await GitAsync(cancellation, "commit", "--quiet", "--allow-empty", "--no-verify", "--message", message);
        return new SampleCommit(await GitAsync(cancellation, "rev-parse", "HEAD"), parent, message, number);
    }

    private static string Ordinal(int number) => (number % 100 is >= 11 and <= 13 ? 0 : number % 10) switch
    {
        1 => $"{number}st",
        2 => $"{number}nd",
        3 => $"{number}rd",
        _ => $"{number}th",
    };

    private async Task<string?> HeadAsync(CancellationToken cancellation)
    {
        if (!Directory.Exists(Path.Combine(folder, ".git")))
            return null;
        var (exitCode, output) = await RunAsync(cancellation, "rev-parse", "--verify", "--quiet", "refs/heads/main^{commit}");
        return exitCode == 0 ? output : null;
    }

    // Half-made ones, without a commit, are made again.
    private async Task CreateAsync(string sample, CancellationToken cancellation)
    {
        if (!File.Exists(Path.Combine(sample, "index.html")))
            throw CliException.Platform(CliTexts.SampleMissing(sample));
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.EnumerateFiles(sample, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(folder, Path.GetRelativePath(sample, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        await GitAsync(cancellation, "init", "--quiet", "--initial-branch", "main", "--template=");
    }

    // What the user has changed on the page stays.
    private async Task WriteNumberAsync(int number, CancellationToken cancellation)
    {
        var page = Path.Combine(folder, "index.html");
        if (!File.Exists(page))
            return;
        var html = await File.ReadAllTextAsync(page, cancellation);
        await File.WriteAllTextAsync(page, Number().Replace(html, $"${{1}}{number}", 1), cancellation);
    }

    private async Task<string> GitAsync(CancellationToken cancellation, params string[] arguments)
    {
        var (exitCode, output) = await RunAsync(cancellation, arguments);
        return exitCode == 0 ? output : throw CliException.Platform(CliTexts.GitFailed(arguments[0], folder, output));
    }

    private async Task<(int ExitCode, string Output)> RunAsync(CancellationToken cancellation, params string[] arguments)
    {
        // Nobody's own git settings, hooks or signing keys have a say in it.
        string[] words = ["-C", folder, "-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null", "-c", "core.autocrlf=false", .. arguments];
        var info = new ProcessStartInfo("git", words)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in info.Environment.Keys.Where(name => name.StartsWith("GIT_", StringComparison.Ordinal)).ToList())
            info.Environment.Remove(name);
        foreach (var role in (string[])["AUTHOR", "COMMITTER"])
        {
            info.Environment[$"GIT_{role}_NAME"] = Author;
            info.Environment[$"GIT_{role}_EMAIL"] = Email;
        }

        info.Environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
        info.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        // The folder is this repository or none: never one that lies around it.
        info.Environment["GIT_CEILING_DIRECTORIES"] = Path.GetDirectoryName(Path.GetFullPath(folder));
        info.Environment["LC_ALL"] = "C";

        using var git = Process.Start(info)!;
        git.StandardInput.Close();
        try
        {
            var error = git.StandardError.ReadToEndAsync(cancellation);
            var output = (await git.StandardOutput.ReadToEndAsync(cancellation)).Trim();
            await git.WaitForExitAsync(cancellation);
            return (git.ExitCode, git.ExitCode == 0 ? output : (await error).Trim());
        }
        catch (OperationCanceledException)
        {
            git.Kill(entireProcessTree: true);
            throw;
        }
    }

    [GeneratedRegex(@"(<output id=""deployment"">)\d+")]
    private static partial Regex Number();
}
