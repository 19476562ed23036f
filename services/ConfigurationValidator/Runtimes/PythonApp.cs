using Paas.ConfigurationValidator.Source;
using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.ConfigurationValidator.Runtimes;

internal static class PythonApp
{
    private static readonly string[] Dependencies = ["requirements.txt", "pyproject.toml", "Pipfile"];
    private static readonly string[] Mains = ["app.py", "main.py", "server.py"];

    public static DetectedRuntime? Detect(SourceFiles source) =>
        Dependencies.FirstOrDefault(source.HasFile) is { } file ? new(RuntimeName.Python, file) : null;

    public static bool HasOnlyPipfile(SourceFiles source) => Dependencies.FirstOrDefault(source.HasFile) == "Pipfile";

    /// <summary>A repository with nothing but Python files, which is only looked at when nothing else fits.</summary>
    public static DetectedRuntime? DetectScripts(SourceFiles source, bool hasCommand)
    {
        var main = Mains.Append("manage.py").FirstOrDefault(source.HasFile);
        if (main is null && hasCommand)
            main = source.FilesIn("").FirstOrDefault(file => file.EndsWith(".py", StringComparison.Ordinal));
        return main is null ? null : new(RuntimeName.Python, main);
    }

    public static AskedVersion? Version(SourceFiles source) =>
        VersionFiles.FirstLine(source, ".python-version")
        ?? VersionFiles.FirstLine(source, "runtime.txt", "python-")
        ?? VersionFiles.Key(source, "Pipfile", "python_full_version")
        ?? VersionFiles.Key(source, "Pipfile", "python_version")
        ?? VersionFiles.Key(source, "pyproject.toml", "requires-python")
        ?? (VersionFiles.HasSection(source, "pyproject.toml", "tool.poetry.dependencies") ? VersionFiles.Key(source, "pyproject.toml", "python") : null);

    public static CommandLine WebCommand(SourceFiles source)
    {
        if (Mains.FirstOrDefault(source.HasFile) is { } main)
            return new() { Words = ["python", main] };
        if (!source.HasFile("manage.py"))
            throw new StepFailedException(FailureReason.RuntimeNotDetected, ConfigurationValidatorTexts.PythonHasNoCommand);
        var project = source.Files
            .Where(file => file.EndsWith("/wsgi.py", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(file => file[..^"/wsgi.py".Length].Replace('/', '.'))
            .FirstOrDefault();
        throw new StepFailedException(FailureReason.RuntimeNotDetected, ConfigurationValidatorTexts.DjangoHasNoCommand(project ?? "PROJECT"));
    }
}
