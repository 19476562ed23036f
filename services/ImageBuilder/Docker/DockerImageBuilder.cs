using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Docker;
using Paas.Hosting;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Secrets;
using Paas.Hosting.Steps;
using Paas.ImageBuilder.Docker.Dockerfiles;
using Paas.ImageBuilder.Docker.Sources;

namespace Paas.ImageBuilder.Docker;

/// <summary>Builds images on a Docker Engine, by the repository's own Dockerfile or by one made for its runtime.</summary>
public sealed partial class DockerImageBuilder(
    EngineClient engine,
    IArtifactStore artifacts,
    SecretSealer sealer,
    IOptions<PaasOptions> paas,
    IOptions<ImageBuilderOptions> options,
    IOptions<RegistryOptions> registry,
    IOptions<ArtifactsOptions> store,
    TimeProvider clock,
    ILogger<DockerImageBuilder> logger) : IImageBuilder
{
    private static readonly TimeSpan KeepLocks = TimeSpan.FromDays(1);
    private static readonly SecretText NothingSecret = new(new Dictionary<string, string>());
    private static readonly TimeSpan RemovalTime = TimeSpan.FromSeconds(10);
    private readonly ImageBuilderOptions _options = options.Value;
    private readonly BuiltImages _built = new(paas.Value.DataDirectory);
    private readonly StageImages _stages = new(engine, logger);
    private readonly BuildKey _key = new(Path.Combine(paas.Value.DataDirectory, "keys"));

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
            await RemoveAsync(command, TagOf(command));
            if (timeout.IsCancellationRequested && !cancellation.IsCancellationRequested)
                throw new StepFailedException(FailureReason.BuildTimedOut, ImageBuilderTexts.TimedOut(_options.Timeout));
            throw;
        }
    }

    /// <summary>The name of the image on the engine: the same attempt always has the same.</summary>
    internal static string TagOf(BuildImage command) => $"{RepositoryOf(command)}:{VersionOf(command)}";

    /// <summary>Of an image whose history tells secrets.</summary>
    private static string RawTagOf(BuildImage command) => TagOf(command) + "-raw";

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
        var variables = BuildVariables.Open(command, sealer);
        var script = hasOwn ? null : VariableScript.For(variables, _key);
        var text = own?.Text ?? GeneratedDockerfile.For(plan, files, _options.BaseImages, script);
        var arguments = hasOwn ? BuildArguments.Of(text, plan, variables) : null;
        var (path, added) = own?.In(files) ?? (GeneratedDockerfile.Name, (GeneratedDockerfile.Name, text));

        if (own is not null)
            await new SourceRules(engine, _options, registry.Value, store.Value).CheckAsync(command, own.Path, text, arguments!.All, cancellation);
        var request = new BuildRequest
        {
            Tag = TagOf(command),
            CacheNamespace = command.AppId.ToString("D"),
            Dockerfile = path,
            Args = arguments?.All ?? (script is null ? plan.Args : new Dictionary<string, string> { [VariableScript.Argument] = script.Text }),
            Target = plan.DockerTarget,
            NoCache = command.NoCache,
            MemoryBytes = _options.BuildMemoryBytes,
            Cpus = _options.BuildCpus,
            CgroupParent = _options.BuildCgroup,
        };
        var inputs = await BuildInputs.DigestAsync(engine, command, text, request, arguments is { Asked.Count: > 0 } ? _key.HashOf(arguments.Asked) : null, cancellation);
        if (!command.NoCache && await ReuseAsync(command, builder, inputs, log, cancellation) is { } reused)
            return reused;

        Announce(log, plan, own, text);
        if ((arguments?.Asked ?? variables.All) is { Count: > 0 } seen)
            log.Detail(hasOwn ? ImageBuilderTexts.ArgumentsGiven(seen.Keys) : ImageBuilderTexts.BuildSees(seen.Keys));
        var errors = new BuildErrors(_options, own?.Path ?? path, text, !hasOwn);
        using var context = new BuildContext(artifacts, command.SourceDigest, files, hasOwn ? "" : DockerfileWriter.Source, added).AsTar();
        var labels = Labels(command, inputs);
        var image = arguments is { Secrets.Count: > 0 }
            ? await BuildWithSecretsAsync(command, request, labels, context, errors, new SecretText(arguments.Secrets), log, cancellation)
            : (await BuildAsync(command, request with { Labels = labels }, context, errors, NothingSecret, log, cancellation)).Id;
        _built.Add(command.AppId, new(builder, inputs, image, command.Commit), clock.GetUtcNow());
        return image;
    }

    /// <summary>
    /// Builds under another name, and gives the image its own when its history is clean: one that is found under that
    /// name always is.
    /// </summary>
    private async Task<string> BuildWithSecretsAsync(
        BuildImage command, BuildRequest request, Dictionary<string, string> labels, BuildContext context, BuildErrors errors, SecretText secrets, IStepLog log, CancellationToken cancellation)
    {
        var raw = await BuildAsync(
            command, request with { Tag = RawTagOf(command), Labels = labels.Where(label => label.Key != ImageLabels.Inputs).ToDictionary() }, context, errors, secrets, log, cancellation);
        try
        {
            var image = await engine.RewriteHistoryAsync(raw, ImagesOf(command), request.Tag, labels, secrets.Hide, cancellation);
            log.Detail(ImageBuilderTexts.HistoryCleaned());
            return image.Id;
        }
        catch (EngineException refused)
        {
            throw new StepFailedException(FailureReason.BuildFailed, ImageBuilderTexts.HistoryNotCleaned(secrets.Hide(refused.Reason)));
        }
        finally
        {
            await RemoveAsync(command, RawTagOf(command));
        }
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

    private async Task<EngineImage> BuildAsync(
        BuildImage command, BuildRequest request, BuildContext context, BuildErrors errors, SecretText secrets, IStepLog log, CancellationToken cancellation)
    {
        var started = clock.GetTimestamp();
        IBuildProgress progress = request.IsClassic ? new ClassicProgress(log, clock, request.Labels.Count) : new BuildKitProgress(log, secrets.Hide);
        if (request.IsClassic)
            _stages.Begin();
        EngineImage image;
        try
        {
            image = await BuildAsync(request, context, progress, errors, secrets, cancellation);
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
        return image;
    }

    private async Task<EngineImage> BuildAsync(
        BuildRequest request, BuildContext context, IBuildProgress progress, BuildErrors errors, SecretText secrets, CancellationToken cancellation)
    {
        var isBegun = false;
        try
        {
            await foreach (var message in engine.BuildAsync(request, context, cancellation))
            {
                isBegun = true;
                progress.Read(message);
                if (message.Error is { } error)
                    throw errors.Of(secrets.Hide(error), progress.Failed);
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
    private async Task RemoveAsync(BuildImage command, string tag)
    {
        using var limit = new CancellationTokenSource(RemovalTime, clock);
        try
        {
            // An image that others use as well has more than this name, and stays.
            if (await engine.FindImageAsync(tag, limit.Token) is { Tags.Count: 1 } image)
                await engine.RemoveImageAsync(image, ImagesOf(command), limit.Token);
        }
        catch (Exception exception) when (exception is EngineException or EngineUnreachableException or OperationCanceledException)
        {
            Log.NotRemoved(logger, exception, tag); // the next pruning has it
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The image {Image} of a build that was ended could not be removed")]
        public static partial void NotRemoved(ILogger logger, Exception exception, string image);
    }
}
