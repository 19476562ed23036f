using Paas.Contracts;
using Paas.Docker;
using Paas.Hosting.Steps;

namespace Paas.Deployer.Targets.Docker;

/// <summary>
/// Runs what prepares a release, such as a migration of its database, once: its container stays until the next release
/// and tells that it has run, so a deployer that was killed meanwhile goes on waiting for it where it was.
/// </summary>
internal sealed class ReleaseCommand(EngineClient engine, DeployerOptions options)
{
    /// <exception cref="StepFailedException">It failed.</exception>
    public async Task RunAsync(
        ReleaseContainers release, CommandLine command, IReadOnlyList<Container> existing, IStepLog log, Func<CancellationToken, Task> confirm,
        CancellationToken cancellation)
    {
        var container = existing.FirstOrDefault(container => AppContainers.Is(container, AppContainers.ReleaseCommand, 1));
        if (container is { State: { Status: "exited", ExitCode: 0 } })
            return;
        log.Heading(DeployerTexts.RunningReleaseCommand(command.ToString()));
        if (container is not { State.Running: true })
        {
            await confirm(cancellation);
            container = await release.StartAsync(AppContainers.ReleaseCommand, command, 1, existing, cancellation);
        }

        using var instance = new ContainerInstance(engine, container, command, options);
        await foreach (var line in engine.ReadLogAsync(container.Id, follow: true, tail: null, cancellation))
            log.Detail(line);
        var exitCode = await instance.Ended.WaitAsync(cancellation);
        if (exitCode == 0)
            return;
        var ended = await engine.FindContainerAsync(container.Id, cancellation);
        throw new StepFailedException(FailureReason.ReleaseCommandFailed, ended?.State.OOMKilled == true
            ? DeployerTexts.OutOfMemory(AppContainers.ReleaseCommand, options.AppMemory)
            : DeployerTexts.ReleaseCommandFailed(command.ToString(), exitCode));
    }
}
