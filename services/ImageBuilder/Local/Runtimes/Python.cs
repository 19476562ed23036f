using System.Diagnostics;
using Paas.Contracts;
using Paas.Hosting.Network;
using Paas.Hosting.Processes;
using Paas.Hosting.Steps;

namespace Paas.ImageBuilder.Local.Runtimes;

/// <summary>
/// Packages go into a folder of the slug and are found through <c>PYTHONPATH</c>: unlike a virtual environment that
/// folder can be moved.
/// </summary>
internal sealed class Python : ISlugRuntime
{
    private const string Requirements = "requirements.txt";
    private const string Project = "pyproject.toml";

    // Says whether pyproject.toml describes a package or only dependencies, and writes the latter to a file.
    private const string ReadProject = """
        import sys
        try:
            import tomllib
        except ImportError:
            from pip._vendor import tomli as tomllib
        with open(sys.argv[1], "rb") as file:
            project = tomllib.load(file)
        with open(sys.argv[2], "w", encoding="utf-8") as file:
            file.write("\n".join(project.get("project", {}).get("dependencies", [])))
        print("package" if "build-system" in project else "dependencies" if "project" in project else "nothing")
        """;

    public async Task PrepareAsync(BuildSession session)
    {
        var interpreter = await PythonInterpreter.FindAsync(session);
        session.Log.Heading(ImageBuilderTexts.Using("Python", interpreter.Version));
        WriteCommands(session.Slug, interpreter);
        if (File.Exists(Path.Combine(session.Slug, Requirements)) && !PythonRequirements.HasAny(await File.ReadAllTextAsync(Path.Combine(session.Slug, Requirements), session.Cancellation)))
            session.Log.Detail(ImageBuilderTexts.NothingToInstall(Requirements));
        else if (File.Exists(Path.Combine(session.Slug, Requirements)))
            await InstallAsync(session, interpreter, Requirements, "-r", Requirements);
        else if (File.Exists(Path.Combine(session.Slug, Project)))
            await InstallProjectAsync(session, interpreter);
    }

    public Task FinishAsync(BuildSession session) => Task.CompletedTask;

    /// <summary>
    /// <c>python</c> and <c>python3</c> of the slug are the interpreter its packages were installed for. They are not
    /// links, because a slug has no links that lead out of it.
    /// </summary>
    private static void WriteCommands(string slug, PythonInterpreter interpreter)
    {
        var folder = Directory.CreateDirectory(Path.Combine(slug, SlugEnvironment.Commands)).FullName;
        foreach (var name in new[] { "python", "python3" })
        {
            var file = Path.Combine(folder, name);
            File.WriteAllText(file, $"#!/bin/sh\nexec '{interpreter.Path.Replace("'", "'\\''", StringComparison.Ordinal)}' \"$@\"\n");
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(file, File.GetUnixFileMode(file) | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        }
    }

    private static async Task InstallProjectAsync(BuildSession session, PythonInterpreter interpreter)
    {
        var dependencies = Path.Combine(session.Temp, "dependencies.txt");
        var answer = await session.AskAsync(interpreter.Path, "-I", "-c", ReadProject, Project, dependencies)
            ?? throw new StepFailedException(FailureReason.BuildFailed, ImageBuilderTexts.CannotRead(Project));
        if (answer is ["package"])
            await InstallAsync(session, interpreter, Project, ".");
        else if (answer is ["dependencies"])
            await InstallAsync(session, interpreter, Project, "-r", dependencies);
    }

    private static async Task InstallAsync(BuildSession session, PythonInterpreter interpreter, string file, params string[] what)
    {
        if (!interpreter.HasPip)
            throw new StepFailedException(FailureReason.RuntimeNotInstalled, ImageBuilderTexts.NoPip(interpreter.Version, file));
        var started = Stopwatch.GetTimestamp();
        session.Log.Heading(ImageBuilderTexts.Installing(file));
        foreach (var (name, value) in PipSettings(session))
            session.Variables[name] = value;
        try
        {
            await session.RunAsync(interpreter.Path, ["-I", "-m", "pip", "install", "--target", SlugEnvironment.PythonPackages, "--no-compile", .. what]);
        }
        catch (StepFailedException) when (PipLog.FindTrouble(PipLog.In(session)) is { } trouble)
        {
            throw new NetworkTroubleException(ImageBuilderTexts.NotFetched($"pip install {file}", trouble));
        }

        // Compiled without times and paths in it: packing and moving the slug leaves it valid. Some packages bring
        // files that don't compile; they are not meant to be imported.
        await session.AskAsync(interpreter.Path, "-I", "-m", "compileall", "-q", "-s", session.Slug, "--invalidation-mode", "unchecked-hash", SlugEnvironment.PythonPackages);
        session.Log.Detail(ImageBuilderTexts.InstalledIn(Stopwatch.GetElapsedTime(started)));
    }

    private static Dictionary<string, string> PipSettings(BuildSession session)
    {
        var settings = new Dictionary<string, string>
        {
            ["PIP_DISABLE_PIP_VERSION_CHECK"] = "1",
            ["PIP_NO_INPUT"] = "1",
            ["PIP_LOG"] = PipLog.In(session),
            ["PIP_PROGRESS_BAR"] = "off",
            ["PIP_ROOT_USER_ACTION"] = "ignore",
            ["PIP_REQUIRE_VIRTUALENV"] = "0",
            ["PIP_USER"] = "0",
        };
        if (session.Command.NoCache)
            settings["PIP_NO_CACHE_DIR"] = "1";
        else
            settings["PIP_CACHE_DIR"] = session.Cache("pip");
        return settings;
    }
}
