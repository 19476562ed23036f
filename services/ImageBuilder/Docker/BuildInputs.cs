using System.Security.Cryptography;
using System.Text.Json;
using Paas.Contracts;
using Paas.Docker;
using Paas.ImageBuilder.Docker.Sources;

namespace Paas.ImageBuilder.Docker;

/// <summary>All that makes an image what it is: builds with the same inputs need not be done twice.</summary>
internal static class BuildInputs
{
    // What is fetched is the engine's to find; a Dockerfile with more than these is of a stranger who wants to keep us busy.
    private const int MaxImages = 50;

    /// <param name="engine">Knows which base images it has.</param>
    /// <param name="command">What is to be built.</param>
    /// <param name="dockerfile">The text of the Dockerfile, generated or not.</param>
    /// <param name="request">How it is built.</param>
    /// <param name="variables">A keyed hash of the variables that are not in the text; null for none.</param>
    /// <param name="cancellation">Ends the search for base images.</param>
    public static async Task<string> DigestAsync(
        EngineClient engine, BuildImage command, string dockerfile, BuildRequest request, string? variables, CancellationToken cancellation)
    {
        var bases = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var image in BaseImages(dockerfile, request.Args))
            bases[image] = (await engine.FindImageAsync(image, cancellation))?.Id ?? "";
        var inputs = JsonSerializer.SerializeToUtf8Bytes(new
        {
            command.SourceDigest,
            Plan = command.Plan with { Args = new SortedDictionary<string, string>(command.Plan.Args.ToDictionary(), StringComparer.Ordinal) },
            Dockerfile = dockerfile,
            Variables = variables,
            request.MemoryBytes,
            request.Cpus,
            Bases = bases,
        });
        return Convert.ToHexStringLower(SHA256.HashData(inputs));
    }

    /// <summary>The images a Dockerfile names in FROM, COPY --from and RUN --mount, as far as that can be told without running it.</summary>
    internal static IReadOnlyCollection<string> BaseImages(string dockerfile, IReadOnlyDictionary<string, string> args)
    {
        if (DockerfileSources.Of(dockerfile, args, architecture: null) is not { } sources)
            return [];
        var images = sources.Images.Where(image => !sources.IsStage(image) && !sources.IsNumberOfStage(image) && image.Text != "scratch");
        return [.. images.Select(image => image.Text).Where(image => ImageReference.TryParse(image, out _)).Distinct().Take(MaxImages)];
    }
}
