using System.Text.RegularExpressions;
using Paas.Contracts;
using Paas.ImageBuilder.Local.Runtimes;

namespace Paas.ImageBuilder.Docker.Dockerfiles;

/// <summary>Packages by pip, or by uv where there is its lock file.</summary>
internal static partial class PythonDockerfile
{
    private const string Requirements = "requirements.txt";
    private const string Project = "pyproject.toml";
    private const string UvLock = "uv.lock";

    // Writes the dependencies that pyproject.toml names to a file.
    private const string ReadProject =
        "RUN [\"python\", \"-c\", \"try:\\n import tomllib\\nexcept ImportError:\\n from pip._vendor import tomli as tomllib\\n"
        + "project = tomllib.load(open('pyproject.toml', 'rb')).get('project', {})\\n"
        + "open('/tmp/requirements.txt', 'w').write('\\\\n'.join(project.get('dependencies', [])))\"]";

    public static string Write(DockerfileWriter dockerfile, BuildPlan plan, ContextFiles files, BaseImages images)
    {
        dockerfile
            .From(images.PythonFor(plan.RuntimeVersion))
            .Line("ENV PORT=8080 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore")
            .AddUser();
        if (files.Has(UvLock) && files.Has(Project) && !files.Has(Requirements))
            WithUv(dockerfile);
        else if (files.Has(Requirements))
            WithRequirements(dockerfile, files);
        else if (files.Text(Project) is { } project)
            WithProject(dockerfile, project);
        else
            dockerfile.CopySource(isOwn: true);
        return dockerfile.Line($"USER {DockerfileWriter.User}").Run(plan.Command).ToString();
    }

    private static void WithRequirements(DockerfileWriter dockerfile, ContextFiles files)
    {
        if (files.Text(Requirements) is { } text && !PythonRequirements.HasAny(text))
            dockerfile.CopySource(isOwn: true);
        // Files that name the app itself can only be read with the app.
        else if (Included(files, Requirements, []) is { } included)
            dockerfile.CopyFiles(included).RunWithVariables($"pip install -r {Requirements}").CopySource(isOwn: true);
        else
            dockerfile.CopySource(isOwn: true).RunWithVariables($"pip install -r {Requirements}");
    }

    private static void WithProject(DockerfileWriter dockerfile, string project)
    {
        dockerfile.CopyFiles([Project]).Line(ReadProject).RunWithVariables("pip install -r /tmp/requirements.txt").CopySource(isOwn: true);
        if (BuildSystem().IsMatch(project))
            dockerfile.RunWithVariables("pip install .");
    }

    private static void WithUv(DockerfileWriter dockerfile) => dockerfile
        .Line("ENV UV_PROJECT_ENVIRONMENT=/opt/venv UV_LINK_MODE=copy UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never PATH=/opt/venv/bin:$PATH")
        .RunWithVariables("pip install uv")
        .CopyFiles([Project, UvLock])
        .RunWithVariables("uv sync --frozen --no-dev --no-install-project --no-install-workspace")
        .CopySource(isOwn: true)
        .RunWithVariables("uv sync --frozen --no-dev");

    /// <summary>The file and those it includes; null if any of them needs more of the app than that.</summary>
    private static HashSet<string>? Included(ContextFiles files, string file, HashSet<string> found)
    {
        if (!DockerfileWriter.IsPlain(file) || files.Text(file) is not { } text || found.Count > 50)
            return null;
        if (!found.Add(file))
            return found;
        foreach (var line in text.Split('\n').Select(line => line.Trim()))
        {
            if (Include().Match(line) is { Success: true } include)
            {
                var path = ContextFiles.Normalize(file[..(file.LastIndexOf('/') + 1)] + include.Groups["file"].Value);
                if (path.Split('/').Contains("..") || Included(files, path, found) is null)
                    return null;
            }
            else if (NamesTheApp().IsMatch(line))
            {
                return null;
            }
        }

        return found;
    }

    [GeneratedRegex(@"^(-r|-c|--requirement|--constraint)[ =]?\s*(?<file>\S+)")]
    private static partial Regex Include();

    [GeneratedRegex(@"^(-e|--editable|-f|--find-links|\.|/|file:)|@\s*(file:|\.)|^[^#:@]*\.(whl|tar\.gz|zip)\b")]
    private static partial Regex NamesTheApp();

    [GeneratedRegex(@"^\s*\[build-system\]", RegexOptions.Multiline)]
    private static partial Regex BuildSystem();
}
