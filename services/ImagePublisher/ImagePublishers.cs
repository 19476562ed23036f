using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.ImagePublisher;

/// <summary>Publishes images for one kind of targets.</summary>
public interface IImagePublisher
{
    /// <summary>The targets it is for, of <see cref="Target"/>.</summary>
    IReadOnlyList<string> Targets { get; }

    /// <returns>The digest of the published image; null if what was built is no longer there.</returns>
    Task<string?> PublishAsync(PublishImage command, IStepLog log, CancellationToken cancellation);
}

/// <summary>Picks the publisher for a command's target.</summary>
public sealed class ImagePublishers(IEnumerable<IImagePublisher> publishers)
{
    private readonly Dictionary<string, IImagePublisher> _publishers = publishers.SelectMany(publisher => publisher.Targets.Select(target => (target, publisher))).ToDictionary(entry => entry.target, entry => entry.publisher);

    /// <inheritdoc cref="IImagePublisher.PublishAsync"/>
    public Task<string?> PublishAsync(PublishImage command, IStepLog log, CancellationToken cancellation) =>
        _publishers.TryGetValue(command.Target, out var publisher)
            ? publisher.PublishAsync(command, log, cancellation)
            : throw new StepFailedException(FailureReason.NotSupportedByTarget, ImagePublisherTexts.TargetNotSupported(command.Target, _publishers.Keys));
}
