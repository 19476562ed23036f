using System.Text.RegularExpressions;
using Paas.ConfigurationValidator.Source;
using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.ConfigurationValidator.Runtimes;

/// <summary>
/// Files that pin an app's dependencies. One that the build would pass over is refused: what is installed without it is
/// something else than what was tested.
/// </summary>
internal static partial class LockFiles
{
    private const string Requirements = "requirements.txt";

    // The lock file, and the command that writes requirements.txt from it.
    private static readonly (string File, string Export)[] OfPython =
    [
        ("poetry.lock", "poetry export --without-hashes -o requirements.txt"),
        ("Pipfile.lock", "pipenv requirements > requirements.txt"),
        ("pdm.lock", "pdm export --prod --without-hashes -o requirements.txt"),
    ];

    private static readonly string[] OfBun = ["bun.lock", "bun.lockb"];

    private static readonly string[] OfNode = ["package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock"];

    /// <exception cref="StepFailedException">There is a lock file that the build can't go by.</exception>
    public static void Check(SourceFiles source, string runtime, string target, IStepLog log)
    {
        if (runtime == RuntimeName.Python)
            CheckPython(source, target, log);
        else if (runtime == RuntimeName.Node)
            CheckNode(source, log);
    }

    private static void CheckPython(SourceFiles source, string target, IStepLog log)
    {
        var unread = OfPython.Append(("uv.lock", "uv export --no-dev --no-emit-project --no-hashes -o requirements.txt"))
            .Where(other => source.HasFile(other.Item1) && (other.Item1 != "uv.lock" || target == Target.Local || source.HasFile(Requirements) || !source.HasFile("pyproject.toml"))).ToList();
        if (source.HasFile(Requirements))
        {
            foreach (var (file, export) in unread)
                log.Warning(ConfigurationValidatorTexts.LockFileOverruled(file, Requirements, export));
        }
        else if (unread.Count > 0)
        {
            throw Refused(ConfigurationValidatorTexts.LockFileRefused(unread[0].Item1, unread[0].Item2, unread[0].Item1 == "uv.lock" ? target : null));
        }
        else if (VersionFiles.Text(source, "pyproject.toml") is { } project && VersionFiles.HasSection(source, "pyproject.toml", "tool.poetry")
            && (!BuildSystem().IsMatch(project) || NoPackage().IsMatch(project)) && !Dependencies().IsMatch(project))
        {
            throw Refused(ConfigurationValidatorTexts.PoetryRefused(OfPython[0].Export));
        }
    }

    private static void CheckNode(SourceFiles source, IStepLog log)
    {
        var used = OfNode.FirstOrDefault(source.HasFile);
        foreach (var file in OfBun.Where(source.HasFile))
        {
            if (used is null)
                throw Refused(ConfigurationValidatorTexts.LockFileOfBun(file));
            log.Warning(ConfigurationValidatorTexts.LockFileOverruled(file, used, null));
        }

        foreach (var file in OfNode.Where(file => file != used && source.HasFile(file)))
            log.Warning(ConfigurationValidatorTexts.LockFileOverruled(file, used!, null));
    }

    private static StepFailedException Refused(string message) => new(FailureReason.NotSupportedByTarget, message);

    [GeneratedRegex(@"^[ \t]*\[build-system\]", RegexOptions.Multiline)]
    private static partial Regex BuildSystem();

    [GeneratedRegex(@"^[ \t]*package-mode[ \t]*=[ \t]*false", RegexOptions.Multiline)]
    private static partial Regex NoPackage();

    // Of [project], which any tool reads.
    [GeneratedRegex(@"^[ \t]*dependencies[ \t]*=[ \t]*\[", RegexOptions.Multiline)]
    private static partial Regex Dependencies();
}
