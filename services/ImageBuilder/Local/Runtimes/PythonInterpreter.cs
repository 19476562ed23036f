using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.ImageBuilder.Local.Runtimes;

/// <summary>A Python of this machine, by its own path: neither a shim nor a link that may change.</summary>
internal sealed record PythonInterpreter(string Path, string Version, bool HasPip)
{
    private const string WhoAreYou = """
        import importlib.util, os, sys
        print("%d.%d.%d" % sys.version_info[:3])
        print(os.path.realpath(sys.executable))
        print("pip" if importlib.util.find_spec("pip") else "")
        """;

    /// <summary>The one with the version asked for, or else any other Python 3, with a warning.</summary>
    public static async Task<PythonInterpreter> FindAsync(BuildSession session)
    {
        var asked = session.Command.Plan.RuntimeVersion;
        PythonInterpreter? other = null;
        foreach (var name in Names(asked))
        {
            foreach (var file in session.FindTools(name))
            {
                if (await session.AskAsync(file, "-I", "-c", WhoAreYou) is not [var version, var path, var pip] || !version.StartsWith("3.", StringComparison.Ordinal))
                    continue;
                var found = new PythonInterpreter(path, version, pip.Length > 0);
                if (RuntimeVersion.Matches(version, asked))
                    return found;
                other ??= found;
            }
        }

        if (other is null)
            throw new StepFailedException(FailureReason.RuntimeNotInstalled, ImageBuilderTexts.RuntimeNotInstalled("Python", asked, "python3 and python3-pip"));
        session.Log.Warning(ImageBuilderTexts.OtherVersion("Python", asked!, other.Version));
        return other;
    }

    private static IEnumerable<string> Names(string? asked)
    {
        // 3.12.4 is installed as python3.12
        if (asked?.Split('.') is [var major, var minor, ..])
            yield return $"python{major}.{minor}";
        yield return "python3";
        yield return "python";
    }
}
