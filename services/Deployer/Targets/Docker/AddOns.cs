using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Docker;
using Paas.Hosting.Secrets;
using Paas.Hosting.Steps;

namespace Paas.Deployer.Targets.Docker;

/// <summary>
/// The backing services of apps: a container and a volume each, on the app's network, for as long as the app is there.
/// The password is on the volume, sealed: it lives and goes with the data it opens, whatever happens to the container
/// or to the deployer's own folder.
/// </summary>
internal sealed class AddOns(EngineClient engine, SecretSealer sealer, IOptions<RegistryOptions> registry, IOptions<DeployerOptions> options, TimeProvider clock)
{
    private const int Processes = 2048;
    private const int PasswordBytes = 24;
    private const int ShownLines = 5;
    private static readonly TimeSpan Wait = TimeSpan.FromMilliseconds(250);

    // What the official images need to hand their folders to the user they then become.
    private static readonly string[] Capabilities = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"];

    /// <summary>Starts those that do not run, and waits until all listen.</summary>
    /// <returns>The variables by which the app finds them.</returns>
    /// <exception cref="StepFailedException">There is no such service.</exception>
    public async Task<IReadOnlyDictionary<string, string>> EnsureAsync(
        Guid appId, string app, IReadOnlyList<AddOn> addOns, IStepLog log, CancellationToken cancellation)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var addOn in addOns)
        {
            var kind = AddOnKind.All.GetValueOrDefault(addOn.Name)
                ?? throw new StepFailedException(FailureReason.NotSupportedByTarget, DeployerTexts.UnknownAddOn(addOn.Name, Target.Docker, AddOnKind.All.Keys));
            var url = kind.Url(await EnsureAsync(appId, app, addOn, kind, log, cancellation));
            foreach (var name in kind.UrlVariables)
                variables.TryAdd(name, url);
        }

        return variables;
    }

    private async Task<string> EnsureAsync(Guid appId, string app, AddOn addOn, AddOnKind kind, IStepLog log, CancellationToken cancellation)
    {
        var labels = new Dictionary<string, string>
        {
            [ImageLabels.App] = appId.ToString(),
            [ImageLabels.AppName] = app,
            [ImageLabels.AddOn] = addOn.Name,
        };
        var (volume, password) = await EnsureVolumeAsync($"paas-{appId}-{addOn.Name}", labels, cancellation);
        var image = AddOnKind.ImageOf(addOn, options.Value);
        var name = $"paas-{app}-{addOn.Name}";
        var container = await engine.FindContainerAsync(name, cancellation);
        if (container is not null && AppContainers.LabelOf(container, ImageLabels.App) == appId.ToString() && container.Config.Cmd?.Contains(password) == true)
        {
            // One of before: what it has written is on its volume.
            log.Detail(DeployerTexts.AddOnMadeAgain(addOn.Name));
            await engine.StopContainerAsync(container.Id, options.Value.StopGrace, cancellation);
            await engine.RemoveContainerAsync(container.Id, cancellation);
            image = AppContainers.LabelOf(container, ImageLabels.Digest) ?? image;
            container = null;
        }

        if (container is null)
        {
            log.Heading(DeployerTexts.StartingAddOn(addOn.Name, image));
            var tag = image.LastIndexOf(':');
            var repository = image[..tag];
            if (await engine.FindRunnableAsync(image, cancellation) is null)
                await engine.PullAsync(repository, image[(tag + 1)..], IsOurs(repository) ? registry.Value : null, cancellation);
            labels[ImageLabels.Digest] = image;
            await engine.CreateContainerAsync(name, Spec(appId, image, addOn.Name, kind, volume, password, labels), cancellation);
            container = await engine.FindContainerAsync(name, cancellation) ?? throw new InvalidOperationException(DeployerTexts.ContainerGone(name));
        }
        else if (AppContainers.LabelOf(container, ImageLabels.App) != appId.ToString())
            throw new StepPermanentException(DeployerTexts.NameTaken(name));
        else if (AppContainers.LabelOf(container, ImageLabels.Digest) is { } runs && runs != image)
            log.Warning(DeployerTexts.AddOnStays(addOn.Name, runs, image));

        if (kind.File is { } file && !container.State.Running)
            await engine.WriteFileAsync(container.Id, file.Folder, file.Name, file.Text(password), cancellation);
        await engine.StartContainerAsync(container.Id, cancellation);
        await WaitUntilListeningAsync(container.Id, addOn.Name, kind, cancellation);
        return password;
    }

    private async Task<(string Name, string Password)> EnsureVolumeAsync(string name, Dictionary<string, string> labels, CancellationToken cancellation)
    {
        var made = new Dictionary<string, string>(labels)
        {
            [ImageLabels.Sealed] = sealer.Seal(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(PasswordBytes))),
        };
        // One that is there already keeps the labels it has.
        var volume = await engine.FindVolumeAsync(name, cancellation) ?? await engine.EnsureVolumeAsync(name, made, cancellation);
        return volume.Labels?.GetValueOrDefault(ImageLabels.Sealed) is { } password
            ? (name, sealer.Open(password))
            : throw new StepPermanentException(DeployerTexts.VolumeOfOthers(name));
    }

    private ContainerSpec Spec(Guid appId, string image, string alias, AddOnKind kind, string volume, string password, Dictionary<string, string> labels) => new()
    {
        Image = image,
        Command = kind.Command,
        Variables = kind.Settings(password),
        Labels = labels,
        Network = AppContainers.NetworkOf(appId),
        Alias = alias,
        MemoryBytes = options.Value.AddOnMemory * 1024L * 1024,
        Cpus = options.Value.AppCpus,
        Processes = Processes,
        Capabilities = Capabilities,
        Volumes = [(volume, kind.DataFolder)],
        KeepRunning = true,
    };

    /// <summary>Nobody else is shown the registry's password.</summary>
    private bool IsOurs(string repository) => registry.Value.Prefix is { } prefix && repository.StartsWith(prefix.Split('/')[0] + "/", StringComparison.Ordinal);

    private async Task WaitUntilListeningAsync(string id, string name, AddOnKind kind, CancellationToken cancellation)
    {
        var timeout = options.Value.AddOnTimeout;
        var started = clock.GetTimestamp();
        while (true)
        {
            var table = await engine.ReadWithinAsync(id, ["cat", "/proc/net/tcp", "/proc/net/tcp6"], cancellation);
            // While it makes its first data it may listen, but for itself only.
            if (ListeningTable.Read((table ?? "").Split('\n')).Any(listener => listener.Port == new ListeningPort(kind.Port, IsLoopback: false))
                && (kind.Asked is not { } asked || await engine.ReadWithinAsync(id, asked.Program, cancellation) is not { } told || !told.Contains(asked.NotYet, StringComparison.Ordinal)))
            {
                return;
            }

            if (clock.GetElapsedTime(started) > timeout)
            {
                var lines = new List<string>();
                await foreach (var line in engine.ReadLogAsync(id, follow: false, ShownLines, cancellation))
                    lines.Add(line);
                throw new TimeoutException(DeployerTexts.AddOnSilent(name, kind.Port, timeout, lines));
            }

            await Task.Delay(Wait, clock, cancellation);
        }
    }
}
