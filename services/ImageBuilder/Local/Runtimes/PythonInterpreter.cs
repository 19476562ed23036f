using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.ImageBuilder.Local.Runtimes;

/// <summary>A Python of this machine, by its own path: neither a shim nor a link that may change.</summary>
internal sealed record PythonInterpreter(string Path, string Version, bool HasPip)
{
    private const int NewestMinor = 14;
    private const int OldestMinor = 8;

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
        foreach (var name in Names(asked, session.Command.Plan.RuntimeRange is not null))
        {
            foreach (var file in session.FindTools(name))
            {
                if (await session.AskAsync(file, "-I", "-c", WhoAreYou) is not [var version, var path, var pip] || !version.StartsWith("3.", StringComparison.Ordinal))
                    continue;
                var found = new PythonInterpreter(path, version, pip.Length > 0);
                if (RuntimeVersion.Matches(version, session.Command.Plan))
                    return found;
                other ??= found;
            }
        }

        if (other is null)
            throw new StepFailedException(FailureReason.RuntimeNotInstalled, ImageBuilderTexts.RuntimeNotInstalled("Python", asked, "python3 and python3-pip"));
        session.Log.Warning(ImageBuilderTexts.OtherVersion("Python", session.Command.Plan.RuntimeRange ?? asked!, other.Version));
        return other;
    }

    private static IEnumerable<string> Names(string? asked, bool isRange)
    {
        // 3.12.4 is installed as python3.12
        if (asked?.Split('.') is [var major, var minor, ..])
            yield return $"python{major}.{minor}";
        yield return "python3";
        // Another one may be within the range.
        for (var other = NewestMinor; isRange && other >= OldestMinor; other--)
            yield return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"python3.{other}");
        yield return "python";
    }
}
