using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.ImageBuilder;

/// <summary>What was built, and where it is until it is published.</summary>
public sealed record BuiltImage(string ImageId, string Builder);

/// <summary>Builds images for one kind of target.</summary>
public interface IImageBuilder
{
    /// <summary>One of <see cref="Contracts.Target"/>.</summary>
    string Target { get; }

    Task<BuiltImage> BuildAsync(BuildImage command, IStepLog log, CancellationToken cancellation);
}

/// <summary>Picks the builder for a command's target.</summary>
public sealed class ImageBuilders(IEnumerable<IImageBuilder> builders)
{
    private readonly Dictionary<string, IImageBuilder> _builders = builders.ToDictionary(builder => builder.Target);

    public Task<BuiltImage> BuildAsync(BuildImage command, IStepLog log, CancellationToken cancellation) =>
        _builders.TryGetValue(command.Target, out var builder)
            ? builder.BuildAsync(command, log, cancellation)
            : throw new StepFailedException(FailureReason.NotSupportedByTarget, ImageBuilderTexts.TargetNotSupported(command.Target, _builders.Keys));
}
