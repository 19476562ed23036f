using System.Diagnostics;
using System.Text;

namespace Paas.CodeDownloader.Tests.Fixtures;

/// <summary>A real repository, made with git on the spot.</summary>
public sealed class TestRepository
{
    public TestRepository(string folder)
    {
        Folder = folder;
        Directory.CreateDirectory(folder);
        Git("init", "--quiet", "--initial-branch=main");
    }

    public string Folder { get; }

    public string Url => new Uri(Folder).AbsoluteUri;

    public string Head => Git("rev-parse", "HEAD");

    public string Commit(string message, params (string Path, string Content)[] files)
    {
        foreach (var (path, content) in files)
        {
            var file = Path.Combine(Folder, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, content);
        }

        return CommitAll(message);
    }

    public string CommitLink(string path, string target)
    {
        var link = Path.Combine(Folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(link)!);
        File.CreateSymbolicLink(link, target);
        return CommitAll($"Link {path}");
    }

    public string CommitAll(string message)
    {
        Git("-c", "core.safecrlf=false", "add", "--all", "--force");
        Git("commit", "--quiet", "--allow-empty", "-m", message);
        return Head;
    }

    /// <summary>A commit of one tree made by hand, entry by entry: <c>100644 blob ID\tname</c>.</summary>
    public string CommitTree(params string[] entries)
    {
        var tree = GitWith(string.Join('\n', entries) + "\n", "mktree", "--missing");
        return Git("commit-tree", tree, "-m", "By hand");
    }

    public string Blob(string content) => GitWith(content, "hash-object", "-w", "--stdin");

    public string Git(params string[] arguments) => GitWith("", arguments);

    public string GitWith(string input, params string[] arguments) =>
        Run(stream => stream.Write(Encoding.UTF8.GetBytes(input)), arguments);

    public string FastImport(Action<Stream> write)
    {
        Run(write, "fast-import", "--quiet", "--force");
        return Git("rev-parse", "main");
    }

    private string Run(Action<Stream> write, params string[] arguments)
    {
        var info = new ProcessStartInfo("git")
        {
            WorkingDirectory = Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in arguments)
            info.ArgumentList.Add(argument);
        info.Environment["HOME"] = "/nonexistent";
        info.Environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
        info.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        foreach (var who in new[] { "AUTHOR", "COMMITTER" })
        {
            info.Environment[$"GIT_{who}_NAME"] = "Ann Author";
            info.Environment[$"GIT_{who}_EMAIL"] = "ann@example.com";
        }

        using var process = Process.Start(info)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        using (var input = process.StandardInput.BaseStream)
            write(input);
        process.WaitForExit();
        process.ExitCode.ShouldBe(0, $"git {string.Join(' ', arguments)}: {errors.Result}");
        return output.Result.TrimEnd('\n');
    }
}
