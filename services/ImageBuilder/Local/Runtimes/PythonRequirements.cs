namespace Paas.ImageBuilder.Local.Runtimes;

/// <summary>What a <c>requirements.txt</c> asks for.</summary>
internal static class PythonRequirements
{
    // They say where and how, and not what.
    private static readonly string[] Settings =
        ["-i", "--index-url", "--extra-index-url", "--no-index", "-f", "--find-links", "--trusted-host", "--pre", "--prefer-binary", "--only-binary", "--no-binary", "--require-hashes", "-c", "--constraint"];

    /// <summary>Whether there is anything to install: pip takes more than a second to find out that there is not.</summary>
    public static bool HasAny(string text) => text.Split('\n').Select(line => line.Trim())
        .Any(line => line.Length > 0 && line[0] != '#' && !Settings.Contains(line.Split(' ', '=', '\t')[0]));
}
