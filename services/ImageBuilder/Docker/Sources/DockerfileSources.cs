using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Paas.ImageBuilder.Docker.Sources;

/// <summary>An image or an address that a Dockerfile names.</summary>
/// <param name="Line">The number of the line.</param>
/// <param name="Text">What it comes to, once variables are put in; <see cref="DockerfileVariables.Unknown"/> where that can't be told.</param>
/// <param name="IsCertain">False if only some engines would take the line for an instruction.</param>
/// <param name="Kind">How it is used.</param>
internal sealed record NamedSource(int Line, string Text, bool IsCertain, SourceKind Kind);

/// <summary>How a Dockerfile uses what it names.</summary>
internal enum SourceKind
{
    /// <summary>An image to build upon.</summary>
    Base,

    /// <summary>An image to copy from.</summary>
    Copied,

    /// <summary>An image to be seen by a step.</summary>
    Mounted,

    /// <summary>An address.</summary>
    Fetched,
}

/// <summary>All that a Dockerfile tells an engine to fetch or to take from elsewhere.</summary>
internal sealed partial class DockerfileSources
{
    private readonly List<NamedSource> _images = [];
    private readonly List<NamedSource> _addresses = [];
    private readonly HashSet<int> _stageLines = [];
    private readonly HashSet<string> _stages = new(StringComparer.OrdinalIgnoreCase);

    private DockerfileSources()
    {
    }

    /// <summary>What FROM, COPY --from and RUN --mount=from= name, stages of the Dockerfile included.</summary>
    public IReadOnlyList<NamedSource> Images => _images;

    /// <summary>What ADD fetches.</summary>
    public IReadOnlyList<NamedSource> Addresses => _addresses;

    /// <summary>What the Dockerfile is to be read by.</summary>
    public required IReadOnlyList<(int Line, string Image)> Frontends { get; init; }

    /// <summary>Lines that ask for the network of the engine's machine.</summary>
    public List<int> HostNetworks { get; } = [];

    /// <returns>Null for a Dockerfile that is made to keep its reader busy.</returns>
    public static DockerfileSources? Of(string dockerfile, IReadOnlyDictionary<string, string> args, string? architecture)
    {
        if (DockerfileLines.Read(dockerfile) is not { } instructions)
            return null;
        var variables = new DockerfileVariables(instructions, args, architecture);
        var sources = new DockerfileSources { Frontends = [.. DockerfileLines.Frontends(dockerfile)] };
        foreach (var instruction in instructions)
            sources.Add(instruction, variables);
        return sources;
    }

    /// <summary>Whether an image is meant that the Dockerfile itself makes.</summary>
    public bool IsStage(NamedSource image) => _stages.Contains(image.Text);

    /// <summary>Whether a stage is meant by its number.</summary>
    public bool IsNumberOfStage(NamedSource image) =>
        image.Kind == SourceKind.Copied && int.TryParse(image.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < _stageLines.Count;

    /// <summary>Whether a word is an address, and no file of the context.</summary>
    public static bool IsAddress(string word) => Address().IsMatch(word);

    private void Add(DockerfileInstruction instruction, DockerfileVariables variables)
    {
        var (quoted, words) = Split(instruction.Text);
        var flags = quoted.SelectMany(variables.Expand).ToList();
        switch (instruction.Name)
        {
            case "FROM" when words is [var image, ..]:
                _stageLines.Add(instruction.Line);
                AddAll(_images, SourceKind.Base, instruction, variables.Expand(image));
                if (words is [_, var keyword, var stage, ..] && keyword.Equals("AS", StringComparison.OrdinalIgnoreCase))
                    _stages.Add(stage);
                break;
            case "COPY" or "ADD":
                AddAll(_images, SourceKind.Copied, instruction, ValuesOf(flags, "from"));
                if (instruction.Name == "ADD")
                    AddAll(_addresses, SourceKind.Fetched, instruction, WordsOf(instruction.Text, words).SelectMany(variables.Expand).Where(MayBeAddress));
                break;
            case "RUN":
                var mounts = ValuesOf(flags, "mount").SelectMany(mount => mount.Split(','));
                AddAll(_images, SourceKind.Mounted, instruction, mounts.Select(field => field.Trim()).Where(field => field.StartsWith("from=", StringComparison.OrdinalIgnoreCase)).Select(field => field["from=".Length..]));
                if (ValuesOf(flags, "network").Any(network => network is not ("none" or "default")))
                    HostNetworks.Add(instruction.Line);
                break;
            case "ONBUILD" when OnBuild().Match(instruction.Text) is { Success: true } trigger:
                Add(instruction with { Name = trigger.Groups["name"].Value.ToUpperInvariant(), Text = trigger.Groups["text"].Value }, variables);
                break;
        }
    }

    private static void AddAll(List<NamedSource> sources, SourceKind kind, DockerfileInstruction instruction, IEnumerable<string> texts) =>
        sources.AddRange(texts.Distinct().Select(text => new NamedSource(instruction.Line, text, instruction.IsCertain, kind)));

    private static (List<string> Flags, List<string> Words) Split(string text)
    {
        var all = DockerfileVariables.Words(text).ToList();
        var flags = all.TakeWhile(word => word.StartsWith("--", StringComparison.Ordinal)).ToList();
        return (flags, all[flags.Count..]);
    }

    private static IEnumerable<string> ValuesOf(IEnumerable<string> flags, string name) => flags
        .Where(flag => flag.StartsWith($"--{name}=", StringComparison.OrdinalIgnoreCase)).Select(flag => flag[(name.Length + 3)..]);

    /// <summary>The words of the form with brackets, or those that are written apart.</summary>
    private static IEnumerable<string> WordsOf(string text, List<string> words)
    {
        var bracket = text.IndexOf('[', StringComparison.Ordinal);
        if (bracket >= 0 && words is [var first, ..] && first.StartsWith('['))
        {
            try
            {
                return words.Concat(JsonSerializer.Deserialize<string[]>(text[bracket..]) ?? []);
            }
            catch (JsonException)
            {
                // Then it is not that form.
            }
        }

        return words;
    }

    /// <summary>A file of the context has neither a scheme nor a host in front.</summary>
    private static bool MayBeAddress(string word) => IsAddress(word) || word.TrimStart().StartsWith(DockerfileVariables.Unknown);

    // http://…, and git@host:path.
    [GeneratedRegex(@"\A\s*([A-Za-z\0][A-Za-z0-9+.\0-]*:[/\\]|[^/\s]+@[^/\s]+:)")]
    private static partial Regex Address();

    [GeneratedRegex(@"\A\s*(?<name>[A-Za-z]+)\s+(?<text>.*)\z", RegexOptions.Singleline)]
    private static partial Regex OnBuild();
}
