using System.Text.RegularExpressions;

namespace Paas.Hosting.Network;

/// <summary>
/// Reads from the output of a command that has failed whether a tool in it could not fetch something. An app's tests
/// may print the same words. So only lines count that look as the tool writes them, and they have to be the last of
/// the output, since the tool that fails has the last word: what was run before it has succeeded.
/// </summary>
public static partial class ToolOutput
{
    /// <summary>How many lines of the end of an output are worth keeping for <see cref="FindTrouble"/>.</summary>
    public const int Lines = 120;

    /// <summary>The longest part of a line worth keeping.</summary>
    public const int LineLength = 2000;

    /// <summary>Why a command failed, if the network was the reason.</summary>
    /// <param name="output">The last lines of both of its streams.</param>
    /// <param name="command">As it was written, such as <c>pip install -r requirements.txt</c>; null if it is not known.</param>
    /// <returns>Null if the command failed for another reason.</returns>
    public static NetworkTrouble? FindTrouble(IEnumerable<string> output, string? command = null)
    {
        if (command is not null && Tests().IsMatch(command) && !Fetches().IsMatch(command))
            return null;
        var lines = output.TakeLast(Lines).Select(Clean).ToList();
        while (lines.Count > 0 && (lines[^1].Length == 0 || Wrapper().IsMatch(lines[^1])))
            lines.RemoveAt(lines.Count - 1);
        return ToolShape.All.Select(shape => Of(shape, lines)).FirstOrDefault(trouble => trouble is not null);
    }

    private static NetworkTrouble? Of(ToolShape shape, List<string> lines)
    {
        var own = Enumerable.Reverse(lines).TakeWhile(line => line.Length == 0 || shape.Own.IsMatch(line)).Reverse().ToList();
        if (own.Count == 0 || own.Exists(BrokenInput.IsTold)
            || (shape.Needs is { } needs && !own.Exists(needs.IsMatch)) || (shape.Excuse is { } excuse && own.Exists(excuse.IsMatch)))
            return null;
        if (shape.WrapsLines)
            own = Unwrap(own);
        foreach (var line in own.Where(line => shape.Error.IsMatch(line)).Reverse())
        {
            if (NetworkWords.Read(line) is not { } trouble)
                continue;
            var host = trouble.Host ?? own.Select(NetworkWords.HostOf).LastOrDefault(host => host is not null) ?? shape.DefaultHost;
            if (shape.DeniesByUser && trouble.Problem == NetworkProblem.Denied)
                return null;
            // "connect ECONNREFUSED 127.0.0.1:5432" of a package's own script, not a registry, which is named by its address.
            if (host is not null && NetworkWords.IsLocal(host) && (!shape.TakesLocalHosts || !own.Exists(text => text.Contains("://", StringComparison.Ordinal) || text.Contains("host='", StringComparison.Ordinal))))
                return null;
            return trouble with { Host = host, Tool = shape.Name };
        }

        return null;
    }

    /// <summary>Joins what stands in a box: a sentence that was broken wherever the line was full.</summary>
    private static List<string> Unwrap(List<string> lines)
    {
        var joined = new List<string>();
        var isWithin = false;
        foreach (var line in lines)
        {
            var isPart = line.StartsWith("  ", StringComparison.Ordinal) && !line.StartsWith("    ", StringComparison.Ordinal) && !line.StartsWith("  - ", StringComparison.Ordinal);
            if (isPart && isWithin)
                joined[^1] += line[2..];
            else
                joined.Add(isPart ? line[2..] : line);
            isWithin = isPart;
        }

        return joined;
    }

    /// <summary>Without colors, and only what stands at last on a line that was written over.</summary>
    private static string Clean(string line)
    {
        var text = Colors().Replace(line.Length <= LineLength ? line : line[..LineLength], "").TrimEnd();
        return text[(text.LastIndexOf('\r') + 1)..];
    }

    // What runs a tool may say after it that it has failed.
    [GeneratedRegex(@"^(g?make(\[\d+\])?: \*\*\*|make: |error: Recipe `|error Command failed with exit code|npm (ERR!|error) (code ELIFECYCLE|Lifecycle script)|\s*ELIFECYCLE |Script .* returned with error code|task: Failed to run|exit status \d+$|The command '.*' returned a non-zero code)")]
    private static partial Regex Wrapper();

    [GeneratedRegex(@"\b(npm|pnpm|yarn|bun|composer|mix|make|gradlew?) (run )?(test|check)\b|\b(pytest|tox|nox|phpunit|rspec|jest|vitest|mocha)\b|\b(go|dotnet|cargo|mvn|deno|rake|swift) test\b")]
    private static partial Regex Tests();

    [GeneratedRegex(@"\b(install|ci|add|update|upgrade|sync|restore|download|fetch|clone|get|publish|build|require|vendor|tidy|curl|wget|pull)\b")]
    private static partial Regex Fetches();

    [GeneratedRegex(@"\x1B\[[0-9;?]*[A-Za-z]")]
    private static partial Regex Colors();
}
