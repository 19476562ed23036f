using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Hosting;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Processes;
using Paas.Hosting.Secrets;
using Paas.Hosting.Steps;

namespace Paas.ImageBuilder.Local;

/// <summary>
/// Builds slugs: folders with the app ready to start. A slug is built as processes of this machine, in a folder of
/// its own, and everything the build has started ends with it.
/// </summary>
public sealed partial class SlugBuilder(
    IArtifactStore artifacts,
    ProcessOwner owner,
    SecretSealer sealer,
    IOptions<PaasOptions> paas,
    IOptions<ImageBuilderOptions> options,
    TimeProvider clock,
    ILogger<SlugBuilder> logger) : IImageBuilder
{
    private static readonly TimeSpan KeepBuilds = TimeSpan.FromDays(1);
    private readonly ImageBuilderOptions _options = options.Value;
    private readonly string _dataDirectory = Path.GetFullPath(paas.Value.DataDirectory);

    public IReadOnlyList<string> Targets { get; } = [Target.Local];

    /// <summary>The variables of the platform's own process; tests have others.</summary>
    internal IReadOnlyDictionary<string, string> Host { get; init; } = SlugEnvironment.OfThisProcess;

    public async Task<BuiltImage> BuildAsync(BuildImage command, IStepLog log, CancellationToken cancellation)
    {
        var build = LocalBuild.Of(_dataDirectory, command.DeploymentId, command.Attempt);
        // A command that comes a second time while the first is at work waits for what that one makes.
        using var turn = await build.LockAsync(clock, cancellation);
        if (build.IsBuilt || File.Exists(build.DigestFile))
            log.Heading(ImageBuilderTexts.AlreadyBuilt());
        else
            await BuildAsync(command, build, log, cancellation);
        return new BuiltImage(build.ImageId, _options.Name);
    }

    private async Task BuildAsync(BuildImage command, LocalBuild build, IStepLog log, CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(_options.Timeout, clock);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
        var belongsTo = BuildSession.Owner(build.ImageId);
        try
        {
            owner.KillLeftovers(belongsTo);
            RemoveOldBuilds(command.DeploymentId);
            var session = new BuildSession(command, build, BuildVariables.Open(command, sealer), _dataDirectory, Host, owner, log, stop.Token);
            await MakeSlugAsync(session);
            owner.KillLeftovers(belongsTo);
            build.MarkBuilt();
        }
        catch (Exception exception)
        {
            owner.KillLeftovers(belongsTo);
            Discard(build.Folder);
            if (exception is OperationCanceledException && timeout.IsCancellationRequested && !cancellation.IsCancellationRequested)
                throw new StepFailedException(FailureReason.BuildTimedOut, ImageBuilderTexts.TimedOut(_options.Timeout));
            throw;
        }
    }

    private async Task MakeSlugAsync(BuildSession session)
    {
        var started = Stopwatch.GetTimestamp();
        var plan = session.Command.Plan;
        var runtime = SlugRuntime.For(plan.Runtime)
            ?? throw new StepFailedException(FailureReason.NotSupportedByTarget, ImageBuilderTexts.RuntimeNotForLocal(plan.Runtime));
        session.Log.Heading(ImageBuilderTexts.Building(session.Command.App, session.Command.Commit, plan.Runtime, plan.RuntimeVersion));
        if (session.App.All.Count > 0)
            session.Log.Detail(ImageBuilderTexts.BuildSees(session.App.All.Keys));
        await new SlugSource(artifacts, _options).UnpackAsync(session);
        await runtime.PrepareAsync(session);
        if (plan.Command is { } command)
        {
            session.Log.Heading(ImageBuilderTexts.RunningBuildCommand());
            await session.RunAsync(command);
        }

        await runtime.FinishAsync(session);
        session.RemoveWorkFolders();
        var size = SlugContents.Settle(session.Build.Slug, session.Log, session.Cancellation);
        if (size.Bytes > _options.MaxSlugBytes || size.Entries > _options.MaxSlugFiles)
            throw new StepFailedException(FailureReason.ImageTooLarge, ImageBuilderTexts.SlugTooLarge(size, _options));
        session.Log.Heading(ImageBuilderTexts.Built(size, Stopwatch.GetElapsedTime(started)));
    }

    /// <summary>Earlier attempts of the deployment are of no use any more, and neither is what nobody has come for.</summary>
    private void RemoveOldBuilds(Guid deploymentId)
    {
        var folder = Directory.CreateDirectory(LocalBuild.FolderOfAll(_dataDirectory));
        var old = (clock.GetUtcNow() - KeepBuilds).UtcDateTime;
        LocalBuild.RemoveOldLocks(_dataDirectory, old);
        foreach (var entry in folder.EnumerateFileSystemInfos())
        {
            if (!entry.Name.StartsWith(LocalBuild.Prefix(deploymentId), StringComparison.Ordinal) && entry.LastWriteTimeUtc >= old)
                continue;
            owner.KillLeftovers(BuildSession.Owner(entry.Name));
            if (entry is DirectoryInfo)
                Discard(entry.FullName);
            else
                entry.Delete();
        }
    }

    private void Discard(string folder)
    {
        try
        {
            LocalBuild.Delete(folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Log.NotDiscarded(logger, exception, folder); // the next build tries again
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The build folder {Folder} could not be deleted")]
        public static partial void NotDiscarded(ILogger logger, Exception exception, string folder);
    }
}
