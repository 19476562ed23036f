namespace Paas.Contracts;

/// <summary>
/// A command as a list of words. Leading words of the form <c>NAME=value</c> set variables, as in a Procfile; the rest
/// is the program and its arguments. A line that needs a shell is an argument of <c>/bin/sh</c>.
/// </summary>
/// <remarks>
/// When the command is started, <c>$NAME</c> and <c>${NAME}</c> within a word are replaced by the variable's value
/// (nothing if it is not set), <c>${NAME:-text}</c> by <c>text</c> if it is not set or empty, and <c>$$</c> by one
/// dollar sign. A word stays one word, whatever the values are, with one exception, as in a shell: a word that is
/// <c>$NAME</c> and nothing else becomes the words of its value, or no word at all.
/// </remarks>
public sealed record CommandLine
{
    public required IReadOnlyList<string> Words { get; init; }

    /// <summary>The line as the developer wrote it, if it needs a shell, to which <see cref="Words"/> hand it; null if it does not.</summary>
    public string? Script { get; init; }

    /// <summary>As it would be typed: words that a shell would take apart are quoted.</summary>
    public override string ToString() => Script ?? string.Join(' ', Words.Select(Quote));

    private static string Quote(string word)
    {
        // A dollar sign that is meant as one is kept doubled.
        var hasReference = word.Replace("$$", "", StringComparison.Ordinal).Contains('$', StringComparison.Ordinal);
        var hasDollar = word.Contains("$$", StringComparison.Ordinal);
        var isWhole = word.StartsWith("${", StringComparison.Ordinal) && word.EndsWith('}');
        if (word.Length > 0 && !hasDollar && !isWhole && word.All(IsPlain))
            return word;
        if (!hasReference)
            return $"'{word.Replace("$$", "$", StringComparison.Ordinal).Replace("'", @"'\''", StringComparison.Ordinal)}'";
        return $"\"{word.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("$$", @"\$", StringComparison.Ordinal)}\"";
    }

    private static bool IsPlain(char letter) => char.IsAsciiLetterOrDigit(letter) || letter > '\x7f' || "_@%+=:,./-${}".Contains(letter, StringComparison.Ordinal);
}

/// <summary>How an image (or, for the <c>local</c> target, a slug) is built. Made by ValidateConfiguration.</summary>
public sealed record BuildPlan
{
    /// <summary>One of <see cref="RuntimeName"/>.</summary>
    public required string Runtime { get; init; }

    /// <summary>The version asked for, such as <c>3.12</c>; null for whatever the platform has.</summary>
    public string? RuntimeVersion { get; init; }

    /// <summary>The range that <see cref="RuntimeVersion"/> is the newest known of; null if one version is asked for, or none.</summary>
    public string? RuntimeRange { get; init; }

    /// <summary>The Dockerfile within the repository, when <see cref="Runtime"/> is <c>docker</c>.</summary>
    public string? Dockerfile { get; init; }

    /// <summary>The folder that is built, within the repository; null for its root. Other paths but the Dockerfile's count from it.</summary>
    public string? Context { get; init; }

    public IReadOnlyDictionary<string, string> Args { get; init; } = new Dictionary<string, string>();

    /// <summary>The stage of the Dockerfile to build; null for the last.</summary>
    public string? DockerTarget { get; init; }

    /// <summary>A command of the repository that prepares the app, after its dependencies are installed.</summary>
    public CommandLine? Command { get; init; }

    /// <summary>The folder with the files to serve, when <see cref="Runtime"/> is <c>static</c>; null for the root.</summary>
    public string? StaticRoot { get; init; }
}

/// <summary>The runtimes a manifest may name.</summary>
public static class RuntimeName
{
    public const string Static = "static";
    public const string Python = "python";
    public const string Node = "node";
    public const string DotNet = "dotnet";
    public const string Go = "go";
    public const string Php = "php";

    /// <summary>The repository's own Dockerfile says it all.</summary>
    public const string Docker = "docker";

    /// <summary>Nothing to prepare: the entrypoint or the Procfile starts what is in the repository.</summary>
    public const string Process = "process";

    public static IReadOnlyList<string> All { get; } = [Static, Python, Node, DotNet, Go, Php, Docker, Process];
}

/// <summary>How a release is run. Part of the release, and never changed afterwards.</summary>
public sealed record RunPlan
{
    public required string Runtime { get; init; }

    public string? RuntimeVersion { get; init; }

    public string? StaticRoot { get; init; }

    public required IReadOnlyList<ProcessType> Processes { get; init; }

    /// <summary>Runs once, to its end, before the release takes over.</summary>
    public CommandLine? Release { get; init; }

    public HealthCheck Health { get; init; } = new();

    /// <summary>The port that web listens on, and finds in <c>PORT</c>; null for the target's own choice.</summary>
    public int? Port { get; init; }

    /// <summary>Variables of the manifest's <c>env</c>; config vars of the same name win.</summary>
    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>();

    /// <summary>Backing services the manifest asks for.</summary>
    public IReadOnlyList<AddOn> AddOns { get; init; } = [];

    /// <summary>Folders that outlive the release; null or empty for none.</summary>
    public IReadOnlyList<AppVolume>? Volumes { get; init; }
}

/// <summary>A folder of an app's containers that is kept from release to release, and goes with the app.</summary>
public sealed record AppVolume
{
    /// <summary>Lower-case letters, digits and hyphens. The data goes with the name, wherever the folder is.</summary>
    public required string Name { get; init; }

    /// <summary>Where the containers have it: an absolute path.</summary>
    public required string Path { get; init; }
}

/// <summary>A kind of process of an app, such as <c>web</c> or <c>worker</c>.</summary>
public sealed record ProcessType
{
    /// <summary>The process type that serves HTTP on <c>PORT</c>.</summary>
    public const string Web = "web";

    /// <summary>What it runs under; see <see cref="ProcessName"/>.</summary>
    public required string Name { get; init; }

    /// <summary>What the Procfile or the manifest calls it, where that is something else; null where it is not.</summary>
    public string? WrittenAs { get; init; }

    /// <summary>Null where the image or the platform knows what to start: a Dockerfile's CMD, a static site.</summary>
    public CommandLine? Command { get; init; }

    /// <summary>How many instances to run; 0 for none.</summary>
    public int Scale { get; init; } = 1;

    /// <summary>How many the manifest asks for, where the app's formation says otherwise; null where <see cref="Scale"/> is the manifest's.</summary>
    public int? ManifestScale { get; init; }
}

/// <summary>When an instance of <c>web</c> counts as healthy: it answers <see cref="Path"/> with less than 500.</summary>
public sealed record HealthCheck
{
    public string Path { get; init; } = "/";

    /// <summary>How long an instance may take from its start to its first healthy answer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);
}

/// <summary>A backing service, such as <c>postgres:17</c>.</summary>
public sealed record AddOn
{
    public required string Name { get; init; }

    public string? Version { get; init; }
}
