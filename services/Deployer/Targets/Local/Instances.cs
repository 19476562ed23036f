using System.Globalization;
using System.Net;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Hosting;
using Paas.Hosting.Processes;
using Paas.Hosting.Secrets;
using Paas.Hosting.Steps;

namespace Paas.Deployer.Targets.Local;

/// <summary>Starts the processes of a release, each with the environment it has a right to and nothing else.</summary>
internal sealed class Instances(ProcessOwner owner, SecretSealer sealer, PortPool ports, IOptions<PaasOptions> paas, IOptions<DeployerOptions> options)
{
    public string HostOf(string app) => $"{app}.{paas.Value.Domain}";

    /// <exception cref="StepFailedException">What the release asks for can't be started.</exception>
    public async Task<IInstance> StartAsync(
        CurrentRelease release, ReleaseFolder folder, ProcessType type, int number, AppLog log, CancellationToken cancellation)
    {
        if (type.Command is null)
        {
            if (release.Run.Runtime == RuntimeName.Static && type.Name == ProcessType.Web)
                return await StartSiteAsync(release, folder, cancellation);
            throw new StepFailedException(FailureReason.NotSupportedByTarget, DeployerTexts.NoCommand(type.Name, release.Run.Runtime));
        }

        int? port = type.Name == ProcessType.Web ? ports.Take() : null;
        var name = $"{type.Name}.{number}";
        // Each start is a thing of its own: what an earlier one left is ended apart from it.
        var belongsTo = $"run-{release.AppId:N}-v{release.Release}-{name}-{Guid.NewGuid():N}";
        return new ProcessInstance(owner, Prepare(release, folder, type.Command, belongsTo, port), port, line => log.Write(name, line));
    }

    /// <summary>Runs the release command to its end.</summary>
    public async Task<int> RunToEndAsync(
        CurrentRelease release, ReleaseFolder folder, CommandLine command, Action<string> onLine, CancellationToken cancellation)
    {
        var belongsTo = $"release-{release.AppId:N}-v{release.Release}";
        // What a killed try has started must not run beside this one.
        owner.KillLeftovers(belongsTo);
        await using var process = ChildProcess.Start(owner, Prepare(release, folder, command, belongsTo, null) with { OnLine = onLine });
        return await process.WaitAsync(cancellation);
    }

    private async Task<IInstance> StartSiteAsync(CurrentRelease release, ReleaseFolder folder, CancellationToken cancellation)
    {
        StaticSite site;
        try
        {
            site = new StaticSite(folder.Slug, release.Run.StaticRoot, release.ImageDigest);
        }
        catch (DirectoryNotFoundException)
        {
            throw new StepFailedException(FailureReason.AppNotListening, DeployerTexts.StaticRootMissing(release.Run.StaticRoot ?? "."));
        }

        return await StaticInstance.StartAsync(site, options.Value.InstanceHost is null ? IPAddress.Loopback : IPAddress.Any, cancellation);
    }

    /// <summary>Starts a run, whose words are taken as they are.</summary>
    /// <param name="release">The release it belongs to.</param>
    /// <param name="folder">Where that is.</param>
    /// <param name="words">The program and its arguments.</param>
    /// <param name="own">Variables of the run only.</param>
    /// <param name="start">What it belongs to, and who gets its lines.</param>
    /// <exception cref="CommandNotFoundException">There is no such command.</exception>
    public ChildProcess StartRun(
        CurrentRelease release, ReleaseFolder folder, IReadOnlyList<string> words, IReadOnlyDictionary<string, string> own, ChildProcessStart start)
    {
        var variables = Variables(release, folder, port: null);
        foreach (var (name, value) in own)
            variables[name] = value;
        return ChildProcess.Start(owner, start with { Command = words[0], Arguments = [.. words.Skip(1)], Environment = variables, Folders = folder.Folders });
    }

    private ChildProcessStart Prepare(CurrentRelease release, ReleaseFolder folder, CommandLine command, string belongsTo, int? port)
    {
        var variables = Variables(release, folder, port);
        var expanded = CommandWords.Expand(command, variables);
        foreach (var (name, value) in expanded.Assignments)
            variables[name] = value;
        if (expanded.Arguments.Count == 0)
            throw new StepFailedException(FailureReason.AppExited, DeployerTexts.NothingToStart(command.ToString()));
        return new ChildProcessStart
        {
            Command = expanded.Arguments[0],
            Arguments = [.. expanded.Arguments.Skip(1)],
            WorkingDirectory = folder.Slug,
            Environment = variables,
            BelongsTo = belongsTo,
            Folders = folder.Folders,
        };
    }

    private Dictionary<string, string> Variables(CurrentRelease release, ReleaseFolder folder, int? port) =>
        SlugEnvironment.For(folder.Slug, release.Run.Runtime, AppVariables(release, folder, port), SlugEnvironment.OfThisProcess);

    private Dictionary<string, string> AppVariables(CurrentRelease release, ReleaseFolder folder, int? port)
    {
        var variables = ReleaseVariables.Of(release.App, release.Release, release.Commit, release.Run, sealer.OpenAll(release.SealedConfigVars), port);
        variables.TryAdd("HOME", folder.Home);
        variables.TryAdd("TMPDIR", folder.Temporary);
        return variables;
    }
}
