using Paas.Contracts;
using Paas.Hosting.Processes;
using Paas.Hosting.Steps;

namespace Paas.Deployer.Targets.Local;

/// <summary>The command that prepares a release, such as a migration of its database.</summary>
internal static class ReleaseCommand
{
    private const string Name = "release";

    /// <exception cref="StepFailedException">There is no such command.</exception>
    public static async Task<int> RunAsync(
        Instances instances, CurrentRelease release, ReleaseFolder slug, CommandLine command, IStepLog log, AppLog appLog, CancellationToken cancellation)
    {
        try
        {
            return await instances.RunToEndAsync(release, slug, command, line =>
            {
                log.Detail(line);
                appLog.Write(Name, line);
            }, cancellation);
        }
        catch (CommandNotFoundException missing)
        {
            throw new StepFailedException(FailureReason.ReleaseCommandFailed, DeployerTexts.CommandNotFound(Name, missing.Command));
        }
    }
}
