namespace Paas.ConfigurationValidator;

/// <content>What is missing in a repository, and what a target can't do.</content>
internal static partial class ConfigurationValidatorTexts
{
    private const string SayWhatToStart =
        "say it with a Procfile, such as 'web: {0}', or in .paas.yml, such as 'entrypoint: {0}'.";

    public const string NothingDetected =
        "The repository does not look like an app that can be run: it has no Dockerfile, requirements.txt, pyproject.toml, package.json, "
        + "project of .NET, go.mod, composer.json, index.html or Procfile in its root. Add a .paas.yml that names the runtime and the command, "
        + "such as 'runtime: python' and 'entrypoint: python app.py'.";

    public static string LockFileRefused(string file, string export, string? target) =>
        $"The app's dependencies are pinned in {file}, which {(target is null ? "the platform" : $"the target '{target}'")} does not install from, and installing others would not be what you tested. "
        + $"Export them, '{export}', and commit requirements.txt. Export again whenever {file} changes.";

    public static string PoetryRefused(string export) =>
        "The app's dependencies are in [tool.poetry] of pyproject.toml, which only Poetry reads, and there is no requirements.txt. "
        + $"Export them, '{export}', and commit requirements.txt.";

    public static string LockFileOfBun(string file) =>
        $"The app's packages are pinned in {file}, which only Bun reads, and installing others would not be what you tested. "
        + "Write a lock file for npm, 'npm install --package-lock-only', and commit package-lock.json.";

    public static string LockFileOverruled(string file, string used, string? export) =>
        $"{file} is not read: {used} says what is installed. {(export is null ? $"Delete {file}, or {used}." : $"Keep them alike, '{export}', or delete {file}.")}";

    public const string RepositoryEmpty = "The commit has no files. Commit the app and push it.";

    public static string PythonHasNoCommand { get; } =
        "This is a Python app, but nothing says what to start, and there is no app.py, main.py or server.py in the root: "
        + SayWhatToStart.Replace("{0}", "gunicorn app:app --bind 0.0.0.0:$PORT", StringComparison.Ordinal);

    public static string NodeHasNoCommand { get; } =
        "This is a Node.js app, but nothing says what to start: package.json has neither scripts.start nor a main that is there, and there is "
        + "no server.js, index.js or app.js. Add a start script to package.json, or "
        + SayWhatToStart.Replace("{0}", "node src/server.js", StringComparison.Ordinal);

    public static string DjangoHasNoCommand(string project) =>
        "This is a Django app (manage.py), but nothing says what to start: "
        + SayWhatToStart.Replace("{0}", $"gunicorn {Clean(project)}.wsgi --bind 0.0.0.0:$PORT", StringComparison.Ordinal);

    public static string DotNetProjectUnclear(IReadOnlyList<string> projects) => projects.Count == 0
        ? "This is to be a .NET app, but the repository has no project (*.csproj or *.fsproj). Commit it, or name its folder in .paas.yml, such as 'build: {context: src/Web}'."
        : $"It is not clear which .NET project to run: {List(projects.Take(5).Select(project => Clean(project)))}{(projects.Count > 5 ? ", …" : "")}. "
            + "Name its folder in .paas.yml, such as 'build: {context: src/Web}'.";

    public static string DotNetAssemblyUnclear(string project) =>
        $"The AssemblyName of {Clean(project)} is computed, so it is not clear what to start: write it out, or "
        + SayWhatToStart.Replace("{0}", "dotnet .paas/publish/Web.dll", StringComparison.Ordinal);

    public static string TooManyFiles(int max) => $"The repository has more than {max} files. Leave out what the app does not need to run.";

    public static string OnlyDockerfile(string target) =>
        $"The repository has a Dockerfile and nothing else that says how to run it, and the target '{target}' runs processes, not containers. "
        + "Choose the target 'docker' or 'kubernetes' for this app, or name a runtime and a command in .paas.yml, such as "
        + "'runtime: python' and 'entrypoint: python app.py'.";

    public static string DetectedNotOnTarget(string runtime, string because, string target) =>
        $"This is a {RuntimeTitle(runtime, null)} app ({Clean(because)}), which the target '{target}' does not build. Choose the target 'docker' or "
        + "'kubernetes' for it, or say what to start here with a Procfile, such as 'web: " + Start(runtime) + "'.";

    public static string RuntimeNotOnTarget(string runtime, string target) =>
        $"the target '{target}' does not build {RuntimeTitle(runtime, null)} apps; choose the target 'docker' or 'kubernetes', or say what to start here, "
        + $"such as 'entrypoint: {Start(runtime)}'";

    public static string DockerNotOnTarget(string target) =>
        $"the target '{target}' runs processes, not containers; choose the target 'docker' or 'kubernetes', or another runtime, such as 'runtime: python'";

    public static string ServiceNotOnTarget(string service, string target, IReadOnlyList<string> variables) =>
        $"the target '{target}' can't provide the service '{service}'; choose the target 'docker' or 'kubernetes', or run it yourself and set the config var "
        + string.Join(" or ", variables) + " to its address";

    public static string VolumesNotOnTarget(string target) =>
        $"the target '{target}' runs processes, not containers, so it has no volumes; choose the target 'docker', or remove the key and keep the data in a service";

    private static string Start(string runtime) => runtime == Contracts.RuntimeName.Php ? "php -S 0.0.0.0:$PORT" : "go run .";
}
