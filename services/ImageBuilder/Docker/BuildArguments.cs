using System.Text.RegularExpressions;
using Paas.Contracts;

namespace Paas.ImageBuilder.Docker;

/// <summary>The build arguments of the repository's own Dockerfile.</summary>
/// <param name="All">What the build is given: the manifest's, and those of the app's variables that an <c>ARG</c> asks for.</param>
/// <param name="Asked">The latter.</param>
/// <param name="Secrets">Those of them that are config vars: Docker writes them into the image's history.</param>
internal sealed partial record BuildArguments(
    IReadOnlyDictionary<string, string> All, IReadOnlyDictionary<string, string> Asked, IReadOnlyDictionary<string, string> Secrets)
{
    // A Dockerfile may ask for all there are, and no more.
    private const int MaxNames = 1_000;

    public static BuildArguments Of(string dockerfile, BuildPlan plan, BuildVariables variables)
    {
        var names = AskedFor(dockerfile);
        var asked = variables.All.Where(variable => names.Contains(variable.Key) && !plan.Args.ContainsKey(variable.Key)).ToDictionary();
        return new(plan.Args.Concat(asked).ToDictionary(), asked, asked.Where(variable => variables.ConfigVars.ContainsKey(variable.Key)).ToDictionary());
    }

    /// <summary>The names after <c>ARG</c>, in any stage and before the first.</summary>
    internal static IReadOnlySet<string> AskedFor(string dockerfile)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        // Which of the two signs continues a line is said at the top; neither is part of a name.
        foreach (Match instruction in Instruction().Matches(dockerfile.ReplaceLineEndings("\n")))
        {
            foreach (Match name in Name().Matches(Quoted().Replace(Comment().Replace(instruction.Groups["names"].Value, ""), "")))
            {
                // What begins so steers BuildKit itself.
                if (names.Count < MaxNames && !name.Value.StartsWith("BUILDKIT_", StringComparison.Ordinal))
                    names.Add(name.Value);
            }
        }

        return names;
    }

    [GeneratedRegex(@"^[ \t]*ARG[ \t]+(?<names>(?:[\\`][ \t]*\n(?:[ \t]*#[^\n]*\n)*|[^\n])*)", RegexOptions.IgnoreCase | RegexOptions.Multiline)]
    private static partial Regex Instruction();

    [GeneratedRegex(@"^[ \t]*#[^\n]*$", RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex("\"(?:\\\\.|[^\"\\\\])*\"|'[^']*'")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"(?<=^|[\s\\`])[A-Za-z_][A-Za-z0-9_]*(?=[\s=\\`]|$)", RegexOptions.Multiline)]
    private static partial Regex Name();
}
