using Paas.Contracts;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Network;
using Paas.Hosting.Processes;
using Paas.Hosting.Steps;

namespace Paas.ImageBuilder.Local;

/// <summary>One build at work: where it is, what its commands see, and how they are run.</summary>
internal sealed class BuildSession(
    BuildImage command, LocalBuild build, BuildVariables app, string dataDirectory, IReadOnlyDictionary<string, string> host, ProcessOwner owner, IStepLog log, CancellationToken cancellation)
{
    // Above are the signals that have ended a command.
    private const int MaxExitCode = 128;
    private readonly HashSet<string> _caches = [];

    public BuildImage Command => command;

    public LocalBuild Build => build;

    public string Slug => build.Slug;

    public IStepLog Log => log;

    public CancellationToken Cancellation => cancellation;

    /// <summary>A folder for what the slug does not need; it goes when the build ends.</summary>
    public string Temp => Path.Combine(build.Folder, "tmp");

    /// <summary>All the variables of the build's commands.</summary>
    public Dictionary<string, string> Variables { get; } = BuildEnvironment.For(command, build, app.All, host);

    /// <summary>The app's own among them.</summary>
    public BuildVariables App => app;

    /// <summary>Everything the build starts belongs to this.</summary>
    public string BelongsTo { get; } = Owner(build.ImageId);

    public static string Owner(string imageId) => $"build-{imageId}";

    /// <summary>A folder that later builds of the app find again, unless nothing is to be taken from caches.</summary>
    public string Cache(string tool)
    {
        var folder = command.NoCache
            ? Path.Combine(build.Folder, "cache", tool)
            : Path.Combine(dataDirectory, "cache", tool, command.AppId.ToString("D"));
        Directory.CreateDirectory(folder);
        _caches.Add(folder);
        return folder;
    }

    /// <summary>Every file with that name in the machine's own <c>PATH</c>; nothing of the slug.</summary>
    public IEnumerable<string> FindTools(string name) =>
        (host.GetValueOrDefault("PATH") is { Length: > 0 } path ? path : "/usr/local/bin:/usr/bin:/bin")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Distinct()
        .Select(folder => ChildProcess.FindCommand(name, "/", folder))
        .OfType<string>();

    /// <summary>Asks a tool something and returns what it prints, or null if it does not end well: a shim may lead nowhere.</summary>
    public async Task<IReadOnlyList<string>?> AskAsync(string file, params string[] arguments)
    {
        var lines = new List<string>();
        try
        {
            return await StartAsync(file, arguments, Variables, line =>
            {
                if (lines.Count < 100)
                    lines.Add(line);
            }) == 0 ? lines : null;
        }
        catch (Exception exception) when (exception is CommandNotFoundException or System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    /// <summary>Runs a tool; its output goes to the log.</summary>
    /// <exception cref="StepFailedException">It does not end with 0.</exception>
    /// <exception cref="NetworkTroubleException">It could not fetch something.</exception>
    public async Task RunAsync(string file, params string[] arguments) => await RunAsync(file, arguments, Variables);

    /// <summary>Runs a tool of which only the first arguments are shown: the others say where this machine has its things.</summary>
    /// <inheritdoc cref="RunAsync(string, string[])"/>
    public async Task RunAsync(string file, string[] shown, string[] others) => await RunAsync(file, [.. shown, .. others], Variables, string.Join(' ', [file, .. shown]));

    /// <summary>Runs the repository's own command.</summary>
    /// <inheritdoc cref="RunAsync(string, string[])"/>
    public async Task RunAsync(CommandLine line)
    {
        var (assignments, words) = CommandWords.Expand(line, Variables);
        if (words.Count == 0)
            throw new StepFailedException(FailureReason.BuildFailed, ImageBuilderTexts.NothingToRun(line.ToString()));
        var variables = new Dictionary<string, string>(Variables);
        foreach (var (name, value) in assignments)
            variables[name] = value;
        try
        {
            await RunAsync(words[0], [.. words.Skip(1)], variables, line.Script?.ReplaceLineEndings(" "));
        }
        catch (CommandNotFoundException missing)
        {
            throw new StepFailedException(FailureReason.BuildFailed, ImageBuilderTexts.CommandNotFound(missing.Command, line.ToString()));
        }
    }

    /// <summary>Removes everything but the slug.</summary>
    public void RemoveWorkFolders()
    {
        foreach (var folder in Directory.GetDirectories(build.Folder).Where(folder => folder != build.Slug))
            LocalBuild.Delete(folder);
    }

    private async Task RunAsync(string file, string[] arguments, Dictionary<string, string> variables, string? asShown = null)
    {
        var shown = WithinSlug(asShown ?? string.Join(' ', [Path.GetFileName(file), .. arguments]));
        log.Detail("$ " + shown);
        var lastLines = new Queue<string>();
        var exitCode = await StartAsync(file, arguments, variables, line =>
        {
            lastLines.Enqueue(line.Length <= ToolOutput.LineLength ? line : line[..ToolOutput.LineLength]);
            if (lastLines.Count > ToolOutput.Lines)
                lastLines.Dequeue();
            log.Detail(WithinSlug(line));
        });
        if (exitCode != 0 && exitCode <= MaxExitCode && ToolOutput.FindTrouble(lastLines, shown) is { } trouble)
            throw new NetworkTroubleException(ImageBuilderTexts.NotFetched(shown, trouble));
        if (exitCode != 0)
            throw new StepFailedException(FailureReason.BuildFailed, ImageBuilderTexts.CommandFailed(shown, exitCode));
    }

    /// <summary>Paths as the developer knows them, from the root of the repository.</summary>
    private string WithinSlug(string line) => line.Replace(build.Slug + "/", "", StringComparison.Ordinal);

    private async Task<int> StartAsync(string file, string[] arguments, Dictionary<string, string> variables, Action<string> onLine)
    {
        cancellation.ThrowIfCancellationRequested();
        await using var process = ChildProcess.Start(owner, new ChildProcessStart
        {
            Command = file,
            Arguments = arguments,
            WorkingDirectory = build.Slug,
            Environment = variables,
            BelongsTo = BelongsTo,
            Folders = new SandboxFolders { Writable = [build.Folder, .. _caches], Temporary = Temp, HostValues = BuildEnvironment.HostValues(host) },
            OnLine = onLine,
        });
        return await process.WaitAsync(cancellation);
    }
}
