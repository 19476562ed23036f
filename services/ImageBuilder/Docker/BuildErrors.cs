using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Paas.Contracts;
using Paas.Docker;
using Paas.Hosting.Network;
using Paas.Hosting.Steps;

namespace Paas.ImageBuilder.Docker;

/// <summary>Why a build has failed, from the engine's words: the developer's mistake, or the platform's trouble.</summary>
internal sealed partial class BuildErrors(ImageBuilderOptions options, string dockerfileName, string dockerfile, bool isGenerated)
{
    private const int Killed = 137;

    // EAGAIN of fork.
    private const string NoProcess = "Resource temporarily unavailable";

    private static readonly string[] DiskFull = ["no space left on device", "disk quota exceeded"];

    // What an engine says that has trouble of its own.
    private static readonly string[] Engine =
    [
        .. DiskFull, "input/output error", "read-only file system", "cannot allocate memory", "too many open files",
        "context canceled", "transport is closing", "code = Unavailable", "connection error", "containerd", "database not open", "layer does not exist",
    ];

    /// <summary>For what the engine says in its stream.</summary>
    public Exception Of(string error, BuildStep? step)
    {
        if (ExitCode().Match(error) is { Success: true } exit && int.TryParse(exit.Groups["code"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var code))
            return OfExit(code, step);
        if (ParseError().Match(error) is { Success: true } parse)
            return Failed(OfParsing(int.Parse(parse.Groups["line"].ValueSpan, CultureInfo.InvariantCulture), parse.Groups["what"].Value));
        if (BaseOf(error, step) is { } baseImage)
        {
            // A registry that can't be reached may be there in a minute; that is not for the developer to mend.
            return OfRegistry(error, baseImage) is { } trouble
                ? new NetworkTroubleException(ImageBuilderTexts.BaseImageUnreachable(baseImage, Short(error), trouble))
                : Failed(ImageBuilderTexts.NoBaseImage(baseImage, Short(error), isGenerated));
        }

        if (step is not null && Fetches().IsMatch(step.Name) && NetworkWords.Read(error) is { } notFetched)
            return new NetworkTroubleException(ImageBuilderTexts.StepWithoutNetwork(step, null, notFetched with { Tool = "The Docker Engine" }));
        if (Has(Engine, error) && !error.Contains("executable file not found", StringComparison.Ordinal))
            return new EngineTroubleException(ImageBuilderTexts.EngineTrouble(Short(error)));
        return Failed(step is null ? ImageBuilderTexts.BuildRefused(Short(error)) : ImageBuilderTexts.StepRefused(step, Short(error)));
    }

    /// <summary>For what the engine answers instead of a stream.</summary>
    public Exception Of(EngineException refused) => refused.Status == HttpStatusCode.BadRequest || ParseError().IsMatch(refused.Reason)
        ? Of(refused.Reason, null)
        : Has(DiskFull, refused.Reason) ? new EngineTroubleException(ImageBuilderTexts.EngineTrouble(Short(refused.Reason))) : refused;

    private Exception OfExit(int code, BuildStep? step)
    {
        if (code == Killed && options.BuildMemoryBytes is { } cap)
            return Failed(ImageBuilderTexts.OutOfMemory(step, cap));
        if (code == Killed)
            return Failed(ImageBuilderTexts.StepKilled(step));
        // The engine does not know why a step has failed, and a program that finds the disk full says so in these words.
        if (step?.LastLines.Any(line => Has(DiskFull, line)) is true)
            return new EngineTroubleException(ImageBuilderTexts.NoRoom(step, code));
        if (step is not null && code < Killed && ToolOutput.FindTrouble(step.Output, CommandOf(step)) is { } trouble)
            return new NetworkTroubleException(ImageBuilderTexts.StepWithoutNetwork(step, code, trouble));
        return Failed(options.BuildCgroup is not null && step?.LastLines.Any(line => line.Contains(NoProcess, StringComparison.Ordinal)) is true
            ? ImageBuilderTexts.OutOfProcesses(step, code)
            : ImageBuilderTexts.StepFailed(step, code));
    }

    private string OfParsing(int line, string what)
    {
        var lines = dockerfile.Split('\n');
        return ImageBuilderTexts.DockerfileInvalid(dockerfileName, line, what.Trim(), line >= 1 && line <= lines.Length ? lines[line - 1].Trim() : null);
    }

    /// <summary>The image that was to be fetched when the error came; null if it was about something else.</summary>
    private static string? BaseOf(string error, BuildStep? step)
    {
        if (step is not null && LoadsBase().Match(step.Name) is { Success: true } metadata)
            return metadata.Groups["image"].Value;
        if (step is not null && From().Match(step.Name) is { Success: true } from && !error.Contains("invalid reference", StringComparison.Ordinal))
            return from.Groups["image"].Value;
        if (FlagValue().Match(error) is { Success: true } flag)
            return flag.Groups["image"].Value;
        return Manifest().Match(error) is { Success: true } manifest ? $"{manifest.Groups["image"]}:{manifest.Groups["tag"]}" : null;
    }

    /// <summary>Why a registry gave out no image, if that was not because it has none for us.</summary>
    private static NetworkTrouble? OfRegistry(string error, string image)
    {
        var host = image.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash && image.AsSpan(0, slash).ContainsAny('.', ':') ? image[..slash] : "docker.io";
        // Registries say 403 of what they do not have, too. Docker Hub says 401 then, and 403 to addresses it does not serve.
        return NetworkWords.Read(error) is not { } trouble || (trouble.Problem == NetworkProblem.Denied && host != "docker.io") ? null : trouble with { Host = host };
    }

    /// <summary>What a step runs, such as <c>pip install flask</c> of <c>[2/3] RUN pip install flask</c>.</summary>
    private static string? CommandOf(BuildStep step) =>
        step.Name.IndexOf("] RUN ", StringComparison.OrdinalIgnoreCase) is >= 0 and var start ? step.Name[(start + 6)..] : null;

    private static bool Has(string[] words, string error) => words.Any(word => error.Contains(word, StringComparison.OrdinalIgnoreCase));

    private static StepFailedException Failed(string message) => new(FailureReason.BuildFailed, message);

    /// <summary>Without the names of the engine's inner parts.</summary>
    private static string Short(string error)
    {
        var text = InnerParts().Replace(error, "").ReplaceLineEndings(" ").Trim().TrimEnd('.');
        return text.Length <= 600 ? text : text[..600] + "…";
    }

    [GeneratedRegex(@"(returned a non-zero code|exit code): (?<code>\d+)$")]
    private static partial Regex ExitCode();

    [GeneratedRegex(@"dockerfile parse error (on )?line (?<line>\d{1,6}): (?<what>[^\n]*)", RegexOptions.IgnoreCase)]
    private static partial Regex ParseError();

    // Also the image that reads the Dockerfile, named in its first line: # syntax=docker/dockerfile:1
    [GeneratedRegex(@"^(\[[^\]]*\] load metadata for |resolve image config for (docker-image://)?|docker-image://)(?<image>\S+)$")]
    private static partial Regex LoadsBase();

    [GeneratedRegex(@"^\[[^\]]*\d+/\d+\] FROM (--platform=\S+ )?(?<image>\S+)", RegexOptions.IgnoreCase)]
    private static partial Regex From();

    [GeneratedRegex(@"^(\[[^\]]*\d+/\d+\] ADD |https?://)", RegexOptions.IgnoreCase)]
    private static partial Regex Fetches();

    [GeneratedRegex("^invalid from flag value (?<image>[^:]+(:[^ ]+)?): ")]
    private static partial Regex FlagValue();

    [GeneratedRegex(@"https?://[^/""]+/v2/(?<image>[^""]+)/manifests/(?<tag>[^""\s]+)")]
    private static partial Regex Manifest();

    [GeneratedRegex(@"^(failed to solve( with frontend [\w.-]+)?: |failed to create LLB definition: |failed to load cache key: |rpc error: code = \w+ desc = )+")]
    private static partial Regex InnerParts();
}

/// <summary>The engine could not build, through no fault of the app.</summary>
internal sealed class EngineTroubleException(string message, Exception? inner = null) : Exception(message, inner);
