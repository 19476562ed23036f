using System.Collections.Concurrent;
using MassTransit;
using Paas.Contracts;
using Paas.Hosting.Messaging;
using Paas.Hosting.Steps;

namespace Paas.Orchestrator.Tests;

/// <summary>
/// Stands in for the workers: answers every command at once, unless the test has another answer for it. What it was
/// sent is kept.
/// </summary>
internal sealed class Workers
{
    private static readonly RunPlan Plain = new() { Runtime = RuntimeName.Static, Processes = [new ProcessType { Name = ProcessType.Web }] };

    /// <summary>What the validator answers.</summary>
    public RunPlan Plan { get; set; } = Plain;

    public ConcurrentQueue<IStepCommand> Received { get; } = [];

    /// <summary>What to do instead of succeeding; null succeeds.</summary>
    public Func<IStepCommand, ConsumeContext, Task<bool>> Instead { get; set; } = (_, _) => Task.FromResult(false);

    /// <summary>What the branch points to; null for whatever is asked for.</summary>
    public Func<DownloadCode, string?>? Head { get; set; }

    public int Count(string step) => Received.Count(command => command.Step == step);

    public void Hold(string step) => Instead = (command, _) => Task.FromResult(command.Step == step);

    public void Fail(string step) => Instead = async (command, context) =>
    {
        if (command.Step != step)
            return false;
        await context.Publish(new ImageBuildFailed
        {
            DeploymentId = command.DeploymentId,
            Attempt = command.Attempt,
            LogId = Guid.NewGuid(),
            LogBatches = 0,
            Reason = FailureReason.BuildFailed,
            Message = "The build failed.",
        });
        return true;
    };

    public void Fault(string step) => Instead = (command, _) =>
        command.Step == step ? throw new InvalidOperationException("The engine is away.") : Task.FromResult(false);

    public static object Success(IStepCommand command, RunPlan? plan = null)
    {
        var (id, attempt, log) = (command.DeploymentId, command.Attempt, Guid.NewGuid());
        return command switch
        {
            DownloadCode download => new CodeDownloaded
            {
                DeploymentId = id,
                Attempt = attempt,
                LogId = log,
                LogBatches = 0,
                Commit = download.Commit ?? new string('c', 40),
                SourceDigest = "sha256:" + new string('1', 64),
            },
            ValidateConfiguration => new ConfigurationValidated
            {
                DeploymentId = id,
                Attempt = attempt,
                LogId = log,
                LogBatches = 0,
                Build = new BuildPlan { Runtime = RuntimeName.Static },
                Run = plan ?? Plain,
            },
            BuildImage => new ImageBuilt { DeploymentId = id, Attempt = attempt, LogId = log, LogBatches = 0, ImageId = "image", Builder = "here" },
            PublishImage => new ImagePublished { DeploymentId = id, Attempt = attempt, LogId = log, LogBatches = 0, ImageDigest = "sha256:" + new string('2', 64) },
            DeployRelease deploy => new ReleaseDeployed { DeploymentId = id, Attempt = attempt, LogId = log, LogBatches = 0, Release = deploy.Release },
            _ => new UrlResolved { DeploymentId = id, Attempt = attempt, LogId = log, LogBatches = 0, Url = "http://hello.localhost/" },
        };
    }

    public static void AddTo(IBusRegistrationConfigurator bus)
    {
        Add<DownloadCode>(bus, Step.DownloadCode);
        Add<ValidateConfiguration>(bus, Step.ValidateConfiguration);
        Add<BuildImage>(bus, Step.BuildImage);
        Add<PublishImage>(bus, Step.PublishImage);
        Add<DeployRelease>(bus, Step.DeployRelease);
        Add<ResolveUrl>(bus, Step.ResolveUrl);
    }

    private static void Add<T>(IBusRegistrationConfigurator bus, string step)
        where T : class, IStepCommand => bus.AddConsumer<Worker<T>>().Endpoint(endpoint => endpoint.Name = Endpoints.QueueFor(step));

    internal sealed class Worker<T>(Workers workers) : IConsumer<T>
        where T : class, IStepCommand
    {
        public async Task Consume(ConsumeContext<T> context)
        {
            workers.Received.Enqueue(context.Message);
            if (await workers.Instead(context.Message, context))
                return;
            var answer = context.Message is DownloadCode { OnlyIfHead: true } asked && workers.Head is { } head && head(asked) != asked.Commit
                ? new CodeOvertaken { DeploymentId = asked.DeploymentId, Attempt = asked.Attempt, LogId = Guid.NewGuid(), LogBatches = 0, Head = head(asked) }
                : Success(context.Message, workers.Plan);
            await context.Publish(answer, answer.GetType());
        }
    }
}
