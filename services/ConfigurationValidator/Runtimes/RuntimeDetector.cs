using Paas.ConfigurationValidator.Source;
using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.ConfigurationValidator.Runtimes;

/// <summary>Tells from the files of a repository what kind of app it is.</summary>
internal static class RuntimeDetector
{
    public const string Dockerfile = "Dockerfile";

    /// <param name="source">The repository.</param>
    /// <param name="target">One of <see cref="Target"/>.</param>
    /// <param name="hasCommand">Whether the manifest or the Procfile says what to start.</param>
    public static DetectedRuntime Detect(SourceFiles source, string target, bool hasCommand)
    {
        if (target != Target.Local && source.HasFile(Dockerfile))
            return new(RuntimeName.Docker, Dockerfile);
        var detected = PythonApp.Detect(source)
            ?? NodeApp.Detect(source)
            ?? DotNetApp.Detect(source)
            ?? DetectFile(source, RuntimeName.Go, "go.mod", "main.go")
            ?? DetectFile(source, RuntimeName.Php, "composer.json", "index.php")
            ?? PythonApp.DetectScripts(source, hasCommand);
        if (detected is not null)
            return detected;
        if (!hasCommand && StaticFolder(source) is { } folder)
            return new(RuntimeName.Static, folder.Length == 0 ? "index.html" : folder + "/index.html");
        if (hasCommand)
            return new(RuntimeName.Process, "");
        if (source.HasFile(Dockerfile))
            throw new StepFailedException(FailureReason.NotSupportedByTarget, ConfigurationValidatorTexts.OnlyDockerfile(target));
        throw new StepFailedException(
            FailureReason.RuntimeNotDetected,
            source.Files.Any() ? ConfigurationValidatorTexts.NothingDetected : ConfigurationValidatorTexts.RepositoryEmpty);
    }

    /// <summary>The folder with a static site; null if there is none.</summary>
    public static string? StaticFolder(SourceFiles source) =>
        source.HasFile("index.html") ? "" : source.HasFile("public/index.html") ? "public" : null;

    private static DetectedRuntime? DetectFile(SourceFiles source, string runtime, params ReadOnlySpan<string> files)
    {
        foreach (var file in files)
        {
            if (source.HasFile(file))
                return new(runtime, file);
        }

        return null;
    }
}
