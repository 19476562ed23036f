using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.ImageBuilder;

/// <summary>What was built, and where it is until it is published.</summary>
public sealed record BuiltImage(string ImageId, string Builder);

/// <summary>Builds images for one kind of targets.</summary>
public interface IImageBuilder
{
    /// <summary>The targets it is for, of <see cref="Target"/>.</summary>
    IReadOnlyList<string> Targets { get; }

    Task<BuiltImage> BuildAsync(BuildImage command, IStepLog log, CancellationToken cancellation);
}

/// <summary>Picks the builder for a command's target.</summary>
public sealed class ImageBuilders(IEnumerable<IImageBuilder> builders)
{
    private readonly Dictionary<string, IImageBuilder> _builders = builders.SelectMany(builder => builder.Targets.Select(target => (target, builder))).ToDictionary(entry => entry.target, entry => entry.builder);

    public Task<BuiltImage> BuildAsync(BuildImage command, IStepLog log, CancellationToken cancellation) =>
        _builders.TryGetValue(command.Target, out var builder)
            ? builder.BuildAsync(command, log, cancellation)
            : throw new StepFailedException(FailureReason.NotSupportedByTarget, ImageBuilderTexts.TargetNotSupported(command.Target, _builders.Keys));
}
