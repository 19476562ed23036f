using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Deployer.Targets.Output;
using Paas.Docker;
using Paas.Hosting;
using Paas.Hosting.Secrets;

namespace Paas.Deployer.Targets.Docker;

/// <summary>
/// Runs as containers: each has its run's id in its name, so there is never a second one, and goes on whatever becomes
/// of the deployer. The engine starts none of them again.
/// </summary>
internal sealed class DockerRuns(
    EngineClient engine, ImageSource images, AddOns addOns, SecretSealer sealer, IOptions<PaasOptions> paas, IOptions<DeployerOptions> options, TimeProvider clock)
    : IRuns
{
    private const int KeptOfAnApp = 50;
    private const int ShownLines = 20;

    /// <summary>How long a container may wait for the command that made it to come again and start it.</summary>
    private static readonly TimeSpan StartTime = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<Guid, SemaphoreSlim> _turns = new();
    private readonly Tombstones _tombstones = new(Path.Combine(Path.GetFullPath(paas.Value.DataDirectory), Target.Docker));

    public string Name => Target.Docker;

    public async Task<RunStatus> StartAsync(StartRun command, CancellationToken cancellation)
    {
        var turn = _turns.GetOrAdd(command.AppId, _ => new SemaphoreSlim(1));
        await turn.WaitAsync(cancellation);
        try
        {
            if (_tombstones.Has(command.AppId))
                throw new RunRefusedException(DeployerTexts.Removed(command.App));
            var name = RunContainer.NameOf(command.App, command.RunId);
            var container = await engine.FindContainerAsync(name, cancellation) ?? await CreateAsync(name, command, cancellation);
            var run = RunContainer.From(container) is { } mine && mine.RunId == command.RunId
                ? mine
                : throw new RunRefusedException(DeployerTexts.NameTaken(name));
            if (!run.IsStarted)
                await StartAsync(run, cancellation);
            // An app removed meanwhile may not have seen it.
            if (_tombstones.Has(command.AppId))
            {
                await engine.RemoveContainerAsync(container.Id, cancellation);
                throw new RunRefusedException(DeployerTexts.Removed(command.App));
            }

            return await ShowAsync(await FindAsync(container.Id, cancellation) ?? run, cancellation);
        }
        finally
        {
            turn.Release();
        }
    }

    public async Task<IReadOnlyList<RunStatus>> ListAsync(Guid appId, CancellationToken cancellation) =>
        await Task.WhenAll((await FindAllAsync(AppContainers.LabelOf(appId), cancellation)).Select(run => ShowAsync(run, cancellation)));

    public async Task StopAsync(Guid appId, Guid runId, CancellationToken cancellation)
    {
        foreach (var run in (await FindAllAsync(AppContainers.LabelOf(appId), cancellation)).Where(run => run.RunId == runId))
        {
            if (run.IsStarted)
                await engine.StopContainerAsync(run.Container.Id, options.Value.StopGrace, cancellation);
            else
                await engine.RemoveContainerAsync(run.Container.Id, cancellation);
        }
    }

    public async Task<ILogSource?> OutputOfAsync(Guid appId, RunStatus run, CancellationToken cancellation)
    {
        var found = (await FindAllAsync(AppContainers.LabelOf(appId), cancellation)).FirstOrDefault(other => other.RunId == run.RunId);
        return found is null ? null : new ContainerLog(engine, found.Container.Id, run.Name, run.State == RunStates.Running);
    }

    public async Task<DateTimeOffset?> TidyAsync(CancellationToken cancellation)
    {
        DateTimeOffset? next = null;
        var work = new List<Task>();
        var runs = await FindAllAsync(ImageLabels.Run, cancellation);
        foreach (var app in runs.GroupBy(run => run.AppId))
        {
            var ended = 0;
            foreach (var run in app)
            {
                var (due, isStop) = run switch
                {
                    _ when _tombstones.Has(run.AppId) => (DateTimeOffset.MinValue, false),
                    { IsStarted: false } => (run.Container.Created + StartTime, false),
                    { HasEnded: false } => (run.Deadline, true),
                    _ when ++ended > KeptOfAnApp => (DateTimeOffset.MinValue, false),
                    _ => (run.Container.State.FinishedAt + options.Value.KeepRuns, false),
                };
                if (due > clock.GetUtcNow())
                    next = next is { } earliest && earliest < due ? earliest : due;
                else if (isStop)
                    work.Add(engine.StopContainerAsync(run.Container.Id, options.Value.StopGrace, cancellation));
                else
                    work.Add(engine.RemoveContainerAsync(run.Container.Id, cancellation));
            }
        }

        await Task.WhenAll(work);
        return next;
    }

    private async Task<Container> CreateAsync(string name, StartRun command, CancellationToken cancellation)
    {
        var others = await FindAllAsync(AppContainers.LabelOf(command.AppId), cancellation);
        if (others.Count(run => !run.HasEnded) >= options.Value.MaxRuns)
            throw new RunRefusedException(DeployerTexts.TooManyRuns(command.App, options.Value.MaxRuns));
        var image = await images.GetAsync(command.App, command.ImageDigest, SilentLog.Instance, cancellation);
        var services = await addOns.EnsureAsync(command.AppId, command.App, command.Run.AddOns, SilentLog.Instance, cancellation);
        var volumes = new AppVolumes(command.AppId, command.App, command.Run.Volumes ?? [], engine);
        await volumes.EnsureAsync(cancellation);
        var release = new ReleaseContainers(command.AsRelease(), image, services, sealer.OpenAll(command.SealedConfigVars), volumes, engine, options.Value);
        var variables = release.Variables(port: null);
        foreach (var (variable, value) in sealer.OpenAll(command.SealedVariables))
            variables[variable] = value;
        var labels = new Dictionary<string, string>
        {
            [ImageLabels.App] = command.AppId.ToString(),
            [ImageLabels.AppName] = command.App,
            [ImageLabels.Run] = command.RunId.ToString(),
            [ImageLabels.RunName] = RunName.Choose(command.RunId, others.Select(run => run.Name)),
            [ImageLabels.RunRelease] = command.Release.ToString(CultureInfo.InvariantCulture),
            [ImageLabels.RunLimit] = ((int)command.TimeLimit.TotalSeconds).ToString(CultureInfo.InvariantCulture),
            [ImageLabels.Digest] = command.ImageDigest,
        };
        var id = await engine.CreateContainerAsync(name, release.Spec(command.Command, variables, labels), cancellation);
        return await engine.FindContainerAsync(id, cancellation) ?? throw new InvalidOperationException(DeployerTexts.ContainerGone(name));
    }

    private async Task StartAsync(RunContainer run, CancellationToken cancellation)
    {
        try
        {
            await engine.StartContainerAsync(run.Container.Id, cancellation);
        }
        catch (EngineException exception) when (exception.Status is HttpStatusCode.BadRequest or HttpStatusCode.NotFound)
        {
            await engine.RemoveContainerAsync(run.Container.Id, cancellation);
            throw new RunRefusedException(DeployerTexts.NotStarted(run.Name, exception.Reason));
        }
    }

    private async Task<RunStatus> ShowAsync(RunContainer run, CancellationToken cancellation) =>
        run.Status(run.MayLackCommand && await LacksCommandAsync(run.Container.Id, cancellation), options.Value.AppMemory);

    private async Task<bool> LacksCommandAsync(string id, CancellationToken cancellation)
    {
        await foreach (var line in engine.ReadLogAsync(id, follow: false, ShownLines, cancellation))
        {
            if (line.StartsWith("[FATAL tini", StringComparison.Ordinal))
                return true;
        }

        return false;
    }

    private async Task<RunContainer?> FindAsync(string id, CancellationToken cancellation) =>
        await engine.FindContainerAsync(id, cancellation) is { } container ? RunContainer.From(container) : null;

    /// <returns>Newest first.</returns>
    private async Task<IReadOnlyList<RunContainer>> FindAllAsync(string label, CancellationToken cancellation)
    {
        var listed = (await engine.ListContainersAsync(label, cancellation)).Where(container => container.Labels.ContainsKey(ImageLabels.Run));
        var found = await Task.WhenAll(listed.Select(container => FindAsync(container.Id, cancellation)));
        return [.. found.OfType<RunContainer>().OrderByDescending(run => run.Container.Created)];
    }
}
