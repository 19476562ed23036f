using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Paas.Docker;
using Paas.Hosting.Steps;

namespace Paas.ImagePublisher.Docker;

/// <summary>Removes an app's older images from the engine.</summary>
public sealed partial class ImagePruner(EngineClient engine, IOptions<ImagePublisherOptions> options, ILogger<ImagePruner> logger)
{
    /// <summary>Keeps an image and the others of its app that were used last. That this can't be done now is no reason to publish nothing.</summary>
    public async Task PruneAsync(EngineImage published, AppImages app, IStepLog log, CancellationToken cancellation)
    {
        try
        {
            var removed = 0;
            var others = (await engine.ListImagesAsync(app, cancellation)).Where(image => image.Id != published.Id);
            foreach (var image in others.Skip(options.Value.KeepImages - 1))
                removed += await engine.RemoveImageAsync(image, app, cancellation) ? 1 : 0;
            if (removed > 0)
                log.Detail(ImagePublisherTexts.Pruned(removed));
        }
        catch (Exception exception) when (exception is EngineException or EngineUnreachableException)
        {
            Log.NotPruned(logger, app.AppId, exception.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Older images of the app {App} stay on the engine for now: {Explanation}")]
        public static partial void NotPruned(ILogger logger, Guid app, string explanation);
    }
}
