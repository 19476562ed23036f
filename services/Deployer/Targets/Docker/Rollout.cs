using Paas.Contracts;
using Paas.Docker;
using Paas.Hosting.Steps;

namespace Paas.Deployer.Targets.Docker;

/// <summary>The instances of a release that is about to take over.</summary>
internal sealed class Rollout(DeployRelease command, ReleaseContainers release, IReadOnlyList<Container> existing, DockerServices services)
{
    private readonly List<Started> _started = [];

    /// <summary>The containers, and where those of web answer.</summary>
    public IEnumerable<(Container Container, Uri? Address)> Instances =>
        _started.OrderBy(started => started.Instance.Container.Name, StringComparer.Ordinal).Select(started => (started.Instance.Container, started.Address));

    /// <summary>Starts every instance and waits until all are healthy.</summary>
    /// <exception cref="StepFailedException">The first that is not; the log has what it printed.</exception>
    public async Task StartAsync(IStepLog log, CancellationToken cancellation)
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var starts = command.Run.Processes
            .SelectMany(type => Enumerable.Range(1, Math.Max(0, type.Scale)).Select(number => StartAsync(type, number, log, giveUp.Token)))
            .ToHashSet();
        while (starts.Count > 0)
        {
            var ended = await Task.WhenAny(starts);
            starts.Remove(ended);
            if (ended.IsCompletedSuccessfully)
                continue;
            await giveUp.CancelAsync();
            await Task.WhenAll(starts).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await ended;
        }
    }

    /// <summary>Sees that nothing has ended since it was healthy.</summary>
    /// <exception cref="StepFailedException">Something has.</exception>
    public async Task EnsureAliveAsync(IStepLog log, CancellationToken cancellation)
    {
        if (_started.Find(started => started.Instance.Ended.IsCompleted) is not { } gone)
            return;
        await ShowLastLinesAsync(gone.Instance, gone.Name, log, cancellation);
        throw new StepFailedException(FailureReason.AppExited, await gone.Instance.DescribeEndAsync(gone.Name, await gone.Instance.Ended));
    }

    /// <summary>The containers go on.</summary>
    public void StopWatching() => _started.ForEach(started => started.Instance.Dispose());

    private async Task StartAsync(ProcessType type, int number, IStepLog log, CancellationToken cancellation)
    {
        var name = $"{type.Name}.{number}";
        var container = await release.StartAsync(type.Name, type.Command, number, existing, cancellation);
        var started = new Started(name, new ContainerInstance(services.Engine, container, type.Command, services.Options.Value));
        lock (_started)
            _started.Add(started);
        try
        {
            if (type.Name == ProcessType.Web && started.Instance.ReachedAt is not null)
            {
                started.Address = await services.Probe.WaitUntilAnsweringAsync(
                    started.Instance, name, services.HostOf(command.App), command.Run.Health, log.Warning, cancellation);
            }
            else
            {
                // A web container without a port has ended already.
                await services.Probe.WaitUntilStableAsync(started.Instance, name, services.Clock.GetUtcNow() - container.State.StartedAt, cancellation);
            }
        }
        catch (StepFailedException)
        {
            await ShowLastLinesAsync(started.Instance, name, log, cancellation);
            throw;
        }

        log.Detail(DeployerTexts.Healthy(name));
    }

    private static async Task ShowLastLinesAsync(ContainerInstance instance, string name, IStepLog log, CancellationToken cancellation)
    {
        var lines = await instance.LastLinesAsync(cancellation);
        log.Heading(lines.Count == 0 ? DeployerTexts.PrintedNothing(name) : DeployerTexts.LastLines(name));
        foreach (var line in lines)
            log.Detail(line);
    }

    private sealed record Started(string Name, ContainerInstance Instance)
    {
        public Uri? Address { get; set; }
    }
}
