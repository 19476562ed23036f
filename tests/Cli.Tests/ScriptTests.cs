using Paas.Cli.Tests.Fakes;

namespace Paas.Cli.Tests;

/// <summary><c>./paas</c> in a clone of its own.</summary>
public sealed class ScriptTests : IDisposable
{
    private static readonly TimeSpan BuildsWithin = TimeSpan.FromMinutes(8);
    private static readonly string Root = FindRoot();
    private readonly PaasCommand _paas = new();

    public void Dispose() => _paas.Dispose();

    [Fact]
    public async Task A_fresh_clone_builds_once_and_again_when_its_sources_change()
    {
        var clone = Clone();
        var link = Path.Combine(_paas.Folder, "paas link");
        File.CreateSymbolicLink(link, Path.Combine(clone, "paas"));

        // Two at once in a fresh clone, one of them by a link, and neither from the clone's folder.
        using var first = _paas.StartProgram(Path.Combine(clone, "paas"), ["status", "--plain"]);
        using var second = _paas.StartProgram(link, []);
        var outcomes = await Task.WhenAll(first.EndAsync(BuildsWithin), second.EndAsync(BuildsWithin));

        outcomes[0].ExitCode.ShouldBe(3, outcomes[0].Error);
        outcomes[0].Error.ShouldMatch(@"^Building \(the first time takes a minute or two\)…\n(  (fetching|compiling)[^\n]*\n)*No platform found");
        outcomes[1].ExitCode.ShouldBe(0, outcomes[1].Error);
        outcomes[1].Output.ShouldContain($"{link} quickstart");

        using var third = _paas.StartProgram(link, ["--version"]);
        (await third.EndAsync(BuildsWithin)).ShouldBe(new Outcome(0, "1.0.0\n", ""));

        File.AppendAllText(Path.Combine(clone, "cli", "ExitCodes.cs"), "this is no C#\n");
        using var broken = _paas.StartProgram(link, ["--version"]);
        var failure = await broken.EndAsync(BuildsWithin);
        failure.ExitCode.ShouldBe(3);
        failure.Output.ShouldBeEmpty();
        failure.Error.ShouldContain("ExitCodes.cs");
        failure.Error.ShouldContain("error CS");
        failure.Error.ShouldContain("The build failed.");
    }

    [Theory]
    [InlineData("dotnet", "dotnet was not found. Install the .NET 10 SDK")]
    [InlineData("git", "git was not found. Install git")]
    public async Task What_is_missing_on_the_machine_is_named(string missing, string said)
    {
        var bin = Directory.CreateDirectory(Path.Combine(_paas.Folder, "bin")).FullName;
        foreach (var tool in ((string[])["bash", "dotnet", "git", "dirname", "readlink", "env"]).Where(tool => tool != missing))
            File.CreateSymbolicLink(Path.Combine(bin, tool), Find(tool));
        _paas.Environment["PATH"] = bin;

        using var running = _paas.StartProgram(Path.Combine(Root, "paas"), ["apps"]);
        var outcome = await running.EndAsync();

        outcome.ExitCode.ShouldBe(3);
        outcome.Error.ShouldStartWith(said);
    }

    private string Clone()
    {
        var clone = Path.Combine(_paas.Folder, "a clone with spaces");
        Directory.CreateDirectory(clone);
        foreach (var file in (string[])["paas", "Directory.Build.props", "Directory.Packages.props", "global.json", ".editorconfig"])
            File.Copy(Path.Combine(Root, file), Path.Combine(clone, file));
        foreach (var folder in (string[])["cli", "shared/Contracts", "samples/hello"])
        {
            foreach (var file in Directory.EnumerateFiles(Path.Combine(Root, folder), "*", SearchOption.AllDirectories))
            {
                var copy = Path.Combine(clone, Path.GetRelativePath(Root, file));
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                File.Copy(file, copy);
            }
        }

        _paas.Environment["Paas__DataDirectory"] = null;
        return clone;
    }

    private static string Find(string tool) => Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, tool)).First(File.Exists);

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Directory.Packages.props")))
            folder = folder.Parent;
        return folder.FullName;
    }
}
