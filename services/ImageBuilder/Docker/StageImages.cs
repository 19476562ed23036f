using Microsoft.Extensions.Logging;
using Paas.Docker;

namespace Paas.ImageBuilder.Docker;

/// <summary>
/// Removes what the classic builder leaves of a Dockerfile's earlier stages: images without a name, with whatever the app
/// has put into them. What another build at work may go on from stays until that one has ended.
/// </summary>
internal sealed partial class StageImages(EngineClient engine, ILogger logger)
{
    private readonly Lock _lock = new();
    private readonly List<string> _made = [];
    private int _builds;

    /// <summary>A build begins.</summary>
    public void Begin()
    {
        lock (_lock)
            _builds++;
    }

    /// <summary>A build has ended.</summary>
    /// <param name="made">The ids of what its steps have made, in their order.</param>
    /// <param name="cancellation">Ends the removal.</param>
    public async Task EndAsync(IEnumerable<string> made, CancellationToken cancellation)
    {
        List<string> images;
        lock (_lock)
        {
            _made.AddRange(made);
            if (--_builds > 0)
                return;
            // The last first: an image is kept while another is built upon it.
            images = [.. _made.AsEnumerable().Reverse().Distinct()];
            _made.Clear();
        }

        try
        {
            foreach (var image in images)
                await engine.RemoveNamelessAsync(image, cancellation);
        }
        catch (Exception exception) when (exception is EngineException or EngineUnreachableException or OperationCanceledException)
        {
            Log.NotRemoved(logger, exception, images.Count);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Some of {Count} images of earlier stages could not be removed: docker image prune does it")]
        public static partial void NotRemoved(ILogger logger, Exception exception, int count);
    }
}
