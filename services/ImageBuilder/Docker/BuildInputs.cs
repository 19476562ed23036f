using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using Paas.Contracts;
using Paas.Docker;

namespace Paas.ImageBuilder.Docker;

/// <summary>All that makes an image what it is: builds with the same inputs need not be done twice.</summary>
internal static partial class BuildInputs
{
    // What is fetched is the engine's to find; a Dockerfile with more than these is of a stranger who wants to keep us busy.
    private const int MaxImages = 50;

    /// <param name="engine">Knows which base images it has.</param>
    /// <param name="command">What is to be built.</param>
    /// <param name="dockerfile">The text of the Dockerfile, generated or not.</param>
    /// <param name="request">How it is built.</param>
    /// <param name="cancellation">Ends the search for base images.</param>
    public static async Task<string> DigestAsync(
        EngineClient engine, BuildImage command, string dockerfile, BuildRequest request, CancellationToken cancellation)
    {
        var bases = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var image in BaseImages(dockerfile, command.Plan.Args))
            bases[image] = (await engine.FindImageAsync(image, cancellation))?.Id ?? "";
        var inputs = JsonSerializer.SerializeToUtf8Bytes(new
        {
            command.SourceDigest,
            Plan = command.Plan with { Args = new SortedDictionary<string, string>(command.Plan.Args.ToDictionary(), StringComparer.Ordinal) },
            Dockerfile = dockerfile,
            request.MemoryBytes,
            request.Cpus,
            Bases = bases,
        });
        return Convert.ToHexStringLower(SHA256.HashData(inputs));
    }

    /// <summary>The images a Dockerfile names in FROM and COPY --from, as far as that can be told without running it.</summary>
    internal static IReadOnlyCollection<string> BaseImages(string dockerfile, IReadOnlyDictionary<string, string> args)
    {
        var (known, stages, images) = (new Dictionary<string, string>(), new HashSet<string>(StringComparer.OrdinalIgnoreCase), new HashSet<string>());
        foreach (var line in dockerfile.Split('\n'))
        {
            if (stages.Count == 0 && images.Count == 0 && Arg().Match(line) is { Success: true } arg)
            {
                var name = arg.Groups["name"].Value;
                known[name] = args.GetValueOrDefault(name) ?? arg.Groups["value"].Value.Trim('"', '\'');
            }
            else if (From().Match(line) is { Success: true } from)
            {
                Add(from.Groups["image"].Value);
                if (from.Groups["stage"] is { Success: true } stage)
                    stages.Add(stage.Value);
            }
            else if (CopyFrom().Match(line) is { Success: true } copy)
            {
                Add(copy.Groups["image"].Value);
            }
        }

        return images;

        void Add(string text)
        {
            var image = Reference().Replace(text, match => known.GetValueOrDefault(match.Groups["name"].Value) is { Length: > 0 } value ? value : match.Groups["default"].Value);
            if (!stages.Contains(image) && image != "scratch" && !image.All(char.IsAsciiDigit) && ImageName().IsMatch(image) && images.Count < MaxImages)
                images.Add(image);
        }
    }

    [GeneratedRegex(@"^\s*ARG\s+(?<name>\w+)=(?<value>\S*)", RegexOptions.IgnoreCase)]
    private static partial Regex Arg();

    [GeneratedRegex(@"^\s*FROM\s+(--platform=\S+\s+)?(?<image>\S+)(\s+AS\s+(?<stage>\S+))?", RegexOptions.IgnoreCase)]
    private static partial Regex From();

    [GeneratedRegex(@"^\s*COPY\s.*--from=(?<image>\S+)", RegexOptions.IgnoreCase)]
    private static partial Regex CopyFrom();

    [GeneratedRegex(@"\$(\{(?<name>\w+)(:-(?<default>[^}]*))?\}|(?<name>\w+))")]
    private static partial Regex Reference();

    [GeneratedRegex(@"\A[a-z0-9][A-Za-z0-9._:/@-]{0,250}\z")]
    private static partial Regex ImageName();
}
