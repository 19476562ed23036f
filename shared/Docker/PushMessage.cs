using System.Text.RegularExpressions;
using Paas.Hosting.Network;

namespace Paas.Docker;

/// <summary>What an engine says while it pushes.</summary>
/// <param name="Id">The layer it is about, if it is about one.</param>
/// <param name="Status">Such as <c>Pushing</c>, <c>Pushed</c> or <c>Layer already exists</c>.</param>
/// <param name="ProgressDetail">Of a layer that is being pushed.</param>
/// <param name="Error">Why the push has failed.</param>
/// <param name="Aux">What the registry has answered.</param>
public sealed record PushMessage(string? Id, string? Status, PushProgress? ProgressDetail, string? Error, PushAnswer? Aux);

/// <summary>How much of a layer was pushed.</summary>
/// <param name="Current">In bytes.</param>
/// <param name="Total">As the engine expects it.</param>
public sealed record PushProgress(long Current, long Total);

/// <summary>What a registry has answered.</summary>
/// <param name="Digest">Of the manifest.</param>
public sealed record PushAnswer(string? Digest);

/// <summary>What kept an image from being pushed.</summary>
public enum PushProblem
{
    /// <summary>The registry: it is down, full, or does not take it. It may be mended by itself.</summary>
    Registry,

    /// <summary>The registry does not let the platform in, or the engine does not trust the registry: somebody has to change a setting.</summary>
    Refused,

    /// <summary>There is no image of that name any more.</summary>
    ImageGone,
}

/// <summary>An image could not be pushed. The message is a sentence for people, with the engine's or the registry's own words.</summary>
public sealed partial class ImagePushException(string message, PushProblem problem) : Exception(message)
{
    private const int MaxReason = 500;

    /// <summary>What kept it.</summary>
    public PushProblem Problem { get; } = problem;

    internal static ImagePushException Of(string endpoint, string repository, string error)
    {
        // The query of an upload's address lets whoever has it in.
        var reason = Query().Replace(string.Concat(error.Where(character => !char.IsControl(character))), "").TrimEnd('.', ' ');
        reason = reason.Length <= MaxReason ? reason : reason[..MaxReason] + "…";
        if (reason.Contains("does not exist locally", StringComparison.Ordinal))
            return new(DockerTexts.PushOfNothing(endpoint, repository), PushProblem.ImageGone);
        if (Untrusted().IsMatch(reason))
            return new(DockerTexts.RegistryNotTrusted(endpoint, repository, reason), PushProblem.Refused);
        return NetworkWords.Read(reason) is null && Unwelcome().IsMatch(reason)
            ? new(DockerTexts.PushRefused(repository, reason), PushProblem.Refused)
            : new(DockerTexts.PushFailed(endpoint, repository, reason), PushProblem.Registry);
    }

    [GeneratedRegex(@"\?[^\s""]*")]
    private static partial Regex Query();

    [GeneratedRegex("server gave HTTP response to HTTPS client|x509: ")]
    private static partial Regex Untrusted();

    [GeneratedRegex("no basic auth credentials|unauthorized|authentication required|denied", RegexOptions.IgnoreCase)]
    private static partial Regex Unwelcome();
}
