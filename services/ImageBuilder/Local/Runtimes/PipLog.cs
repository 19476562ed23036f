using System.Text.RegularExpressions;
using Paas.Hosting.Network;

namespace Paas.ImageBuilder.Local.Runtimes;

/// <summary>
/// The log that pip keeps. An index that answers 403, 429 or an error of its own looks to pip as if it did not have the
/// package, and only the log says what it answered.
/// </summary>
internal static partial class PipLog
{
    private const long MaxBytes = 64 * 1024 * 1024;

    public static string In(BuildSession session) => Path.Combine(session.Temp, "pip.log");

    /// <summary>Why the index gave out no version of a package, if that was not because it has none.</summary>
    public static NetworkTrouble? FindTrouble(string log)
    {
        if (new FileInfo(log) is not { Exists: true, Length: < MaxBytes })
            return null;
        var lines = File.ReadLines(log).Where(line => line.Length < ToolOutput.LineLength).Select(line => Time().Replace(line, "")).ToList();
        var missing = lines.Select(line => Missing().Match(line)).LastOrDefault(match => match.Success);
        if (missing is null)
            return null;
        var folder = $"/{Separators().Replace(missing.Groups["name"].Value, "-").ToLowerInvariant()}/";
        var answers = lines.Where(line => line.Contains("Could not fetch URL ", StringComparison.Ordinal) && line.Contains(folder, StringComparison.OrdinalIgnoreCase));
        return ToolOutput.FindTrouble([.. answers, missing.Value]);
    }

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\S+ ")]
    private static partial Regex Time();

    [GeneratedRegex(@"ERROR: Could not find a version that satisfies the requirement (?<name>[A-Za-z0-9][\w.-]*).*\(from versions: none\)")]
    private static partial Regex Missing();

    [GeneratedRegex("[-_.]+")]
    private static partial Regex Separators();
}
