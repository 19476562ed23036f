using System.Globalization;
using System.Net;
using Paas.Contracts;
using Paas.Docker;
using Paas.Hosting.Processes;
using Paas.Hosting.Steps;

namespace Paas.Deployer.Targets.Docker;

/// <summary>Makes and starts the containers of one release.</summary>
internal sealed class ReleaseContainers(
    DeployRelease release, FoundImage image, IReadOnlyDictionary<string, string> addOns, IReadOnlyDictionary<string, string> configVars,
    AppVolumes volumes, EngineClient engine, DeployerOptions options)
{
    /// <summary>A container of a process type, started; the one that is there if it runs, and a new one in the place of one that does not.</summary>
    /// <exception cref="StepFailedException">It can't be started; the message says why.</exception>
    public async Task<Container> StartAsync(
        string process, CommandLine? command, int number, IEnumerable<Container> existing, CancellationToken cancellation)
    {
        var name = AppContainers.NameOf(release.App, release.Release, process, number);
        var shown = $"{process}.{number}";
        if (existing.FirstOrDefault(container => AppContainers.Is(container, process, number)) is { } before)
        {
            if (before.State.Running)
                return before;
            await engine.RemoveContainerAsync(before.Id, cancellation);
        }

        var spec = Spec(process, command);
        if (spec.Command is null && image.Image.Config is not ({ Cmd.Count: > 0 } or { Entrypoint.Count: > 0 }))
            throw new StepFailedException(FailureReason.AppExited, DeployerTexts.ImageStartsNothing(shown));
        var id = await engine.CreateContainerAsync(name, spec, cancellation);
        await volumes.GiveAsync(id, image.Image.Config?.User, cancellation);
        try
        {
            await engine.StartContainerAsync(id, cancellation);
        }
        catch (EngineException exception) when (exception.Status is HttpStatusCode.BadRequest or HttpStatusCode.NotFound)
        {
            // What the image or the command asks for can't be; the platform's own troubles are of another status.
            throw new StepFailedException(FailureReason.AppExited, DeployerTexts.NotStarted(shown, exception.Reason));
        }

        return await engine.FindContainerAsync(id, cancellation) ?? throw new InvalidOperationException(DeployerTexts.ContainerGone(name));
    }

    private ContainerSpec Spec(string process, CommandLine? command)
    {
        int? port = process == ProcessType.Web ? release.Run.Port ?? ContainerInstance.WebPort : null;
        var variables = Variables(port);
        IReadOnlyList<string>? words = null;
        if (command is not null)
        {
            var expanded = CommandWords.Expand(CommandWords.InContainer(command), WithThoseOfTheImage(variables));
            if (expanded.Arguments.Count == 0)
                throw new StepFailedException(FailureReason.AppExited, DeployerTexts.NothingToStart(command.ToString()));
            foreach (var (name, value) in expanded.Assignments)
                variables[name] = value;
            words = expanded.Arguments;
        }

        var labels = new Dictionary<string, string>
        {
            [ImageLabels.App] = release.AppId.ToString(),
            [ImageLabels.AppName] = release.App,
            [ImageLabels.Release] = release.Release.ToString(CultureInfo.InvariantCulture),
            [ImageLabels.Process] = process,
            [ImageLabels.Digest] = release.ImageDigest,
            [ImageLabels.Health] = release.Run.Health.Path,
        };
        return Spec(words, variables, labels) with
        {
            // An app that does not know PORT is found at the port its image exposes, unless the manifest says which.
            Ports = port is { } known ? release.Run.Port is null && image.Image.Config?.ExposedPort is { } exposed && exposed != known ? [known, exposed] : [known] : [],
            PublishAddress = options.PublishAddress,
        };
    }

    /// <summary>All that the containers of the release have alike.</summary>
    public ContainerSpec Spec(IReadOnlyList<string>? words, IReadOnlyDictionary<string, string> variables, IReadOnlyDictionary<string, string> labels) => new()
    {
        Image = image.Reference,
        Command = words,
        Variables = variables,
        Labels = labels,
        Network = AppContainers.NetworkOf(release.AppId),
        MemoryBytes = options.AppMemory * 1024L * 1024,
        Cpus = options.AppCpus,
        Processes = options.AppProcesses,
        DiskBytes = options.AppDisk * 1024L * 1024,
        Volumes = volumes.Mounts,
    };

    /// <summary>The variables of its processes.</summary>
    public Dictionary<string, string> Variables(int? port)
    {
        var variables = ReleaseVariables.Of(release.App, release.Release, release.Commit, release.Run, configVars, port);
        foreach (var (name, value) in addOns)
            variables.TryAdd(name, value); // a config var of the developer's own wins
        return variables;
    }

    private Dictionary<string, string> WithThoseOfTheImage(Dictionary<string, string> variables)
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var variable in image.Image.Config?.Env ?? [])
            all[variable.Split('=')[0]] = variable[(variable.IndexOf('=', StringComparison.Ordinal) + 1)..];
        foreach (var (name, value) in variables)
            all[name] = value;
        return all;
    }
}
