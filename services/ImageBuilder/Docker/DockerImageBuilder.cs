using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Docker;
using Paas.Hosting;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Steps;
using Paas.ImageBuilder.Docker.Dockerfiles;
using Paas.ImageBuilder.Docker.Sources;

namespace Paas.ImageBuilder.Docker;

/// <summary>Builds images on a Docker Engine, by the repository's own Dockerfile or by one made for its runtime.</summary>
public sealed partial class DockerImageBuilder(
    EngineClient engine,
    IArtifactStore artifacts,
    IOptions<PaasOptions> paas,
    IOptions<ImageBuilderOptions> options,
    IOptions<RegistryOptions> registry,
    IOptions<ArtifactsOptions> store,
    TimeProvider clock,
    ILogger<DockerImageBuilder> logger) : IImageBuilder
{
    private static readonly TimeSpan KeepLocks = TimeSpan.FromDays(1);
    private static readonly TimeSpan RemovalTime = TimeSpan.FromSeconds(10);
    private readonly ImageBuilderOptions _options = options.Value;
    private readonly BuiltImages _built = new(paas.Value.DataDirectory);
    private readonly StageImages _stages = new(engine, logger);

    public IReadOnlyList<string> Targets { get; } = [Target.Docker, Target.Kubernetes];

    public async Task<BuiltImage> BuildAsync(BuildImage command, IStepLog log, CancellationToken cancellation)
    {
        var builder = (await engine.InfoAsync(cancellation)).Id;
        LocalBuild.RemoveOldLocks(paas.Value.DataDirectory, (clock.GetUtcNow() - KeepLocks).UtcDateTime);
        // A command that comes a second time while the first is at work waits for what that one makes.
        using var turn = await LocalBuild.Of(paas.Value.DataDirectory, command.DeploymentId, command.Attempt).LockAsync(clock, cancellation);
        if (await engine.FindImageAsync(TagOf(command), cancellation) is { } built)
        {
            log.Heading(ImageBuilderTexts.AlreadyBuilt());
            return new BuiltImage(built.Id, builder);
        }

        using var timeout = new CancellationTokenSource(_options.Timeout, clock);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
        try
        {
            return new BuiltImage(await BuildOrReuseAsync(command, builder, log, stop.Token), builder);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await RemoveAsync(command);
            if (timeout.IsCancellationRequested && !cancellation.IsCancellationRequested)
                throw new StepFailedException(FailureReason.BuildTimedOut, ImageBuilderTexts.TimedOut(_options.Timeout));
            throw;
        }
    }

    /// <summary>The name of the image on the engine: the same attempt always has the same.</summary>
    internal static string TagOf(BuildImage command) => $"{RepositoryOf(command)}:{VersionOf(command)}";

    private static string RepositoryOf(BuildImage command) => AppImages.RepositoryOf(command.App);

    private AppImages ImagesOf(BuildImage command) => registry.Value.ImagesOf(command.AppId, command.App);

    private static string VersionOf(BuildImage command) => string.Create(CultureInfo.InvariantCulture, $"{command.DeploymentId:N}-{command.Attempt}");

    private async Task<string> BuildOrReuseAsync(BuildImage command, string builder, IStepLog log, CancellationToken cancellation)
    {
        var plan = command.Plan;
        log.Heading(ImageBuilderTexts.Building(command.App, command.Commit, plan.Runtime, plan.RuntimeVersion));
        var hasOwn = plan.Runtime == RuntimeName.Docker;
        SourceTree tree;
        await using (var archive = await artifacts.OpenAsync(command.SourceDigest, cancellation))
            tree = await SourceTree.ReadAsync(archive, hasOwn ? ContextFiles.Normalize(plan.Dockerfile) : null, _options, cancellation);
        var own = hasOwn ? OwnDockerfile.Find(tree, plan) : null;
        var files = ContextFiles.Of(tree, plan, own?.Path, log);
        var text = own?.Text ?? GeneratedDockerfile.For(plan, files, _options.BaseImages);
        var (path, added) = own?.In(files) ?? (GeneratedDockerfile.Name, (GeneratedDockerfile.Name, text));

        if (own is not null)
            await new SourceRules(engine, _options, registry.Value, store.Value).CheckAsync(command, own.Path, text, plan.Args, cancellation);
        var request = new BuildRequest
        {
            Tag = TagOf(command),
            CacheNamespace = command.AppId.ToString("D"),
            Dockerfile = path,
            Args = plan.Args,
            Target = plan.DockerTarget,
            NoCache = command.NoCache,
            MemoryBytes = _options.BuildMemoryBytes,
            Cpus = _options.BuildCpus,
            CgroupParent = _options.BuildCgroup,
        };
        var inputs = await BuildInputs.DigestAsync(engine, command, text, request, cancellation);
        if (!command.NoCache && await ReuseAsync(command, builder, inputs, log, cancellation) is { } reused)
            return reused;

        Announce(log, plan, own, text);
        request = request with { Labels = Labels(command, inputs) };
        using var context = new BuildContext(artifacts, command.SourceDigest, files, hasOwn ? "" : DockerfileWriter.Source, added).AsTar();
        var image = await BuildAsync(command, request, context, new BuildErrors(_options, own?.Path ?? path, text, !hasOwn), log, cancellation);
        _built.Add(command.AppId, new(builder, inputs, image, command.Commit), clock.GetUtcNow());
        return image;
    }

    private async Task<string?> ReuseAsync(BuildImage command, string builder, string inputs, IStepLog log, CancellationToken cancellation)
    {
        if (_built.Find(command.AppId, builder, inputs) is not { } known
            || await engine.FindImageAsync(known.Image, cancellation) is not { } image || image.Size > _options.MaxImageBytes || !ImagesOf(command).Include(image))
        {
            return null;
        }

        try
        {
            await engine.TagAsync(image, ImagesOf(command), RepositoryOf(command), VersionOf(command), cancellation);
        }
        catch (EngineException exception) when (exception.Status == System.Net.HttpStatusCode.NotFound)
        {
            return null; // pruned a moment ago
        }

        log.Heading(ImageBuilderTexts.Reused(known.Commit));
        return image.Id;
    }

    private async Task<string> BuildAsync(
        BuildImage command, BuildRequest request, BuildContext context, BuildErrors errors, IStepLog log, CancellationToken cancellation)
    {
        var started = clock.GetTimestamp();
        IBuildProgress progress = request.IsClassic ? new ClassicProgress(log, clock, request.Labels.Count) : new BuildKitProgress(log);
        if (request.IsClassic)
            _stages.Begin();
        EngineImage image;
        try
        {
            image = await BuildAsync(request, context, progress, errors, cancellation);
        }
        catch when (request.IsClassic)
        {
            // What the steps before it have made is where the next try begins.
            await _stages.EndAsync([], cancellation);
            throw;
        }

        if (request.IsClassic)
            await _stages.EndAsync(progress.Made, cancellation);
        if (image.Labels.Keys.FirstOrDefault(label => ImageLabels.IsOfPlatform(label) && !request.Labels.ContainsKey(label)) is { } foreign)
        {
            await engine.RemoveImageAsync(image, ImagesOf(command), cancellation);
            throw new StepFailedException(FailureReason.BuildFailed, ImageBuilderTexts.LabelOfPlatform(foreign));
        }

        if (image.Size > _options.MaxImageBytes)
        {
            await engine.RemoveImageAsync(image, ImagesOf(command), cancellation);
            throw new StepFailedException(FailureReason.ImageTooLarge, ImageBuilderTexts.ImageTooLarge(image.Size, _options.MaxImageBytes));
        }

        log.Heading(ImageBuilderTexts.ImageBuilt(image.Size, clock.GetElapsedTime(started)));
        return image.Id;
    }

    private async Task<EngineImage> BuildAsync(
        BuildRequest request, BuildContext context, IBuildProgress progress, BuildErrors errors, CancellationToken cancellation)
    {
        var isBegun = false;
        try
        {
            await foreach (var message in engine.BuildAsync(request, context, cancellation))
            {
                isBegun = true;
                progress.Read(message);
                if (message.Error is { } error)
                    throw errors.Of(error, progress.Failed);
            }
        }
        catch (EngineException refused)
        {
            throw errors.Of(refused);
        }
        catch (EngineUnreachableException away) when (!isBegun)
        {
            // An engine that has no room for the sources closes the connection, and what it would say is lost.
            _ = await engine.InfoAsync(cancellation);
            throw new EngineTroubleException(ImageBuilderTexts.SourcesNotTaken(), away);
        }

        return await engine.FindImageAsync(request.Tag, cancellation) ?? throw new EngineTroubleException(ImageBuilderTexts.NoImageMade());
    }

    private void Announce(IStepLog log, BuildPlan plan, OwnDockerfile? own, string text)
    {
        if (own is not null)
        {
            log.Heading(ImageBuilderTexts.UsingDockerfile(own.Path));
        }
        else
        {
            log.Heading(ImageBuilderTexts.GeneratedDockerfile(plan.Runtime));
            foreach (var line in text.TrimEnd().Split('\n'))
                log.Detail(line);
            log.Heading(ImageBuilderTexts.RunningDockerfile());
        }

        if (_options.BuildMemoryBytes is not null || _options.BuildCpus is not null)
            log.Detail(ImageBuilderTexts.LimitedTo(_options.BuildMemoryBytes, _options.BuildCpus));
    }

    private static Dictionary<string, string> Labels(BuildImage command, string inputs) => new()
    {
        [ImageLabels.App] = command.AppId.ToString("D"),
        [ImageLabels.AppName] = command.App,
        [ImageLabels.Commit] = command.Commit,
        [ImageLabels.Deployment] = command.DeploymentId.ToString("D"),
        [ImageLabels.Inputs] = inputs,
    };

    /// <summary>The engine may have been done in the moment the build was ended.</summary>
    private async Task RemoveAsync(BuildImage command)
    {
        using var limit = new CancellationTokenSource(RemovalTime, clock);
        try
        {
            // An image that others use as well has more than this name, and stays.
            if (await engine.FindImageAsync(TagOf(command), limit.Token) is { Tags.Count: 1 } image)
                await engine.RemoveImageAsync(image, ImagesOf(command), limit.Token);
        }
        catch (Exception exception) when (exception is EngineException or EngineUnreachableException or OperationCanceledException)
        {
            Log.NotRemoved(logger, exception, TagOf(command)); // the next pruning has it
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The image {Image} of a build that was ended could not be removed")]
        public static partial void NotRemoved(ILogger logger, Exception exception, string image);
    }
}
