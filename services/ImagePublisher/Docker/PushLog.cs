using Paas.Docker;
using Paas.Hosting.Steps;

namespace Paas.ImagePublisher.Docker;

/// <summary>Makes lines that can be read of an engine's many messages: one for each layer that was pushed, and one every few seconds.</summary>
internal sealed class PushLog(IStepLog log, TimeProvider clock)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private readonly Dictionary<string, PushProgress> _layers = [];
    private readonly HashSet<string> _broken = [];
    private long _last = clock.GetTimestamp();

    /// <summary>How many layers were pushed.</summary>
    public int Pushed { get; private set; }

    /// <summary>How many layers the registry had.</summary>
    public int There { get; private set; }

    public void Take(PushMessage message)
    {
        if (message is not { Id: { } layer, Status: { } status })
            return;
        if (message.ProgressDetail is { Current: > 0 } progress)
            _layers[layer] = progress;
        if (status == "Pushed")
        {
            Pushed++;
            log.Detail(ImagePublisherTexts.LayerPushed(layer, _layers.GetValueOrDefault(layer)?.Current));
        }
        else if (status == "Layer already exists" || status.StartsWith("Mounted from ", StringComparison.Ordinal))
        {
            There++;
        }
        else if (status.StartsWith("Retrying in ", StringComparison.Ordinal))
        {
            // The engine counts the seconds, layer by layer: said once each time.
            if (_broken.Add(layer))
                log.Warning(ImagePublisherTexts.LayerBrokeOff(layer));
        }
        else if (status == "Pushing")
        {
            _broken.Remove(layer);
            TellSoFar();
        }
    }

    private void TellSoFar()
    {
        if (clock.GetElapsedTime(_last) < Interval)
            return;
        _last = clock.GetTimestamp();
        log.Detail(ImagePublisherTexts.PushedSoFar(_layers.Values.Sum(one => one.Current), _layers.Values.Sum(one => Math.Max(one.Current, one.Total))));
    }
}
