using System.Diagnostics;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Hosting;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Processes;
using Paas.Hosting.Secrets;
using Paas.Hosting.Steps;
using Paas.ImageBuilder.Local;

[assembly: System.Runtime.Versioning.UnsupportedOSPlatform("windows")]

namespace Paas.ImageBuilder.Tests;

/// <summary>A platform in a folder of its own, with a real store and real processes.</summary>
internal sealed class TestPlatform : IDisposable
{
    public TestPlatform()
    {
        Store = new FolderArtifactStore(Path.Combine(Root, "artifacts"));
        Owner = new ProcessOwner(DataDirectory) { Sandbox = new Sandbox(SandboxMode.Auto, DataDirectory, [Path.Combine(Root, "artifacts")], []) };
    }

    public string Root { get; } = Directory.CreateTempSubdirectory("paas-build-").FullName;

    public string DataDirectory => Path.Combine(Root, "data");

    public FolderArtifactStore Store { get; }

    public ProcessOwner Owner { get; }

    public SecretSealer Sealer { get; } = new(new EphemeralDataProtectionProvider());

    public ImageBuilderOptions Options { get; } = new() { Name = "here" };

    public Dictionary<string, string> Host { get; } = new(SlugEnvironment.OfThisProcess);

    public TestLog Log { get; } = new();

    public SlugBuilder Builder() => new(
        Store,
        Owner,
        Sealer,
        Microsoft.Extensions.Options.Options.Create(new PaasOptions { DataDirectory = DataDirectory }),
        Microsoft.Extensions.Options.Options.Create(Options),
        TimeProvider.System,
        NullLogger<SlugBuilder>.Instance)
    { Host = Host };

    public string Folder(string name) => Directory.CreateDirectory(Path.Combine(Root, name)).FullName;

    public async Task<BuildImage> CommandAsync(BuildPlan plan, params (string Path, string Content)[] files)
    {
        var source = Folder("source-" + Guid.NewGuid().ToString("N"));
        foreach (var (path, content) in files)
        {
            var file = Path.Combine(source, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllTextAsync(file, content);
        }

        return Command(plan, await Store.SaveAsync(stream => SlugArchive.PackAsync(source, stream, default), default));
    }

    public static BuildImage Command(BuildPlan plan, string digest) => new()
    {
        DeploymentId = Guid.NewGuid(),
        Attempt = 1,
        AppId = Guid.NewGuid(),
        App = "shop",
        Target = Target.Local,
        Commit = new string('a', 40),
        SourceDigest = digest,
        Plan = plan,
    };

    public LocalBuild BuildOf(BuildImage command) => LocalBuild.Of(DataDirectory, command.DeploymentId, command.Attempt);

    /// <summary>Builds, and unpacks what was built into another folder, as a deployer does.</summary>
    public async Task<string> BuildAndMoveAsync(BuildImage command)
    {
        await Builder().BuildAsync(command, Log, TestContext.Current.CancellationToken);
        var build = BuildOf(command);
        var digest = await Store.SaveAsync(stream => SlugArchive.PackAsync(build.Slug, stream, default), default);
        build.Delete();
        var moved = Path.Combine(Root, "moved-" + Guid.NewGuid().ToString("N"));
        await using var archive = await Store.OpenAsync(digest, default);
        await SlugArchive.UnpackAsync(archive, moved, new ArchiveLimits(long.MaxValue, int.MaxValue), default);
        return moved;
    }

    /// <summary>Runs a command of a slug and returns what it prints.</summary>
    public async Task<string> RunAsync(string slug, string runtime, params string[] words)
    {
        var lines = new List<string>();
        var environment = SlugEnvironment.For(slug, runtime, new Dictionary<string, string>(), Host);
        await using var process = ChildProcess.Start(Owner, new ChildProcessStart
        {
            Command = words[0],
            Arguments = words[1..],
            WorkingDirectory = slug,
            Environment = environment,
            BelongsTo = "test-" + Guid.NewGuid().ToString("N"),
            OnLine = lines.Add,
        });
        var exitCode = await process.WaitAsync(TestContext.Current.CancellationToken);
        var output = string.Join('\n', lines);
        exitCode.ShouldBe(0, output);
        return output;
    }

    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        var started = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Stopwatch.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(30), what);
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    public void Dispose()
    {
        Owner.KillLeftovers();
        LocalBuild.Delete(Root);
    }
}

internal sealed class TestLog : IStepLog
{
    private readonly List<string> _lines = [];

    public long Count { get; private set; }

    public string Text
    {
        get
        {
            lock (_lines)
                return string.Join('\n', _lines);
        }
    }

    public void Write(string line)
    {
        lock (_lines)
        {
            if (Count++ >= 10_000)
                return;
            _lines.Add(line);
            TestContext.Current.TestOutputHelper?.WriteLine(line);
        }
    }
}

internal static class Plan
{
    public static BuildPlan Of(string runtime, params string[] command) => new()
    {
        Runtime = runtime,
        Command = command.Length == 0 ? null : new CommandLine { Words = command },
    };
}
