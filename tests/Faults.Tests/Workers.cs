using System.Collections.Concurrent;
using MassTransit;
using Paas.Contracts;
using Paas.Hosting.Messaging;
using Paas.Hosting.Steps;

namespace Paas.Faults.Tests;

/// <summary>The workers of all steps, with the policy of real ones; what they do is for the test to say.</summary>
internal sealed class Workers
{
    private readonly ConcurrentDictionary<string, Func<IStepCommand, CancellationToken, Task>> _work = new();

    /// <summary>The tries that came to an end well.</summary>
    public ConcurrentQueue<IStepCommand> Done { get; } = [];

    public ConcurrentQueue<IStepCommand> Tried { get; } = [];

    public void Break(string step, Func<Exception> fault) => _work[step] = (_, _) => throw fault();

    public void Hold(string step, Task until) => _work[step] = (_, cancellation) => until.WaitAsync(cancellation);

    public void Mend(string step) => _work.TryRemove(step, out _);

    public static void AddTo(IBusRegistrationConfigurator bus, bool butForSources = false)
    {
        if (!butForSources)
            Add<DownloadCode>(bus);
        Add<ValidateConfiguration>(bus);
        Add<BuildImage>(bus);
        Add<PublishImage>(bus);
        Add<DeployRelease>(bus);
        Add<ResolveUrl>(bus);
    }

    private static void Add<T>(IBusRegistrationConfigurator bus)
        where T : class, IStepCommand => bus.AddConsumer<Worker<T>, WorkerDefinition<T>>();

    private async Task<bool> DoAsync(IStepCommand command, CancellationToken cancellation)
    {
        Tried.Enqueue(command);
        if (_work.TryGetValue(command.Step, out var work))
            await work(command, cancellation);
        Done.Enqueue(command);
        return true;
    }

    private static IStepEnded Success(IStepCommand command, StepLogEnd log)
    {
        var (id, attempt) = (command.DeploymentId, command.Attempt);
        return command switch
        {
            DownloadCode download => new CodeDownloaded
            {
                DeploymentId = id,
                Attempt = attempt,
                LogId = log.Id,
                LogBatches = log.Batches,
                Commit = download.Commit ?? new string('c', 40),
                SourceDigest = "sha256:" + new string('1', 64),
            },
            ValidateConfiguration => new ConfigurationValidated
            {
                DeploymentId = id,
                Attempt = attempt,
                LogId = log.Id,
                LogBatches = log.Batches,
                Build = new BuildPlan { Runtime = RuntimeName.Static },
                Run = new RunPlan { Runtime = RuntimeName.Static, Processes = [new ProcessType { Name = ProcessType.Web }] },
            },
            BuildImage => new ImageBuilt { DeploymentId = id, Attempt = attempt, LogId = log.Id, LogBatches = log.Batches, ImageId = "image", Builder = "here" },
            PublishImage => new ImagePublished
            {
                DeploymentId = id,
                Attempt = attempt,
                LogId = log.Id,
                LogBatches = log.Batches,
                ImageDigest = "sha256:" + new string('2', 64),
            },
            DeployRelease deploy => new ReleaseDeployed { DeploymentId = id, Attempt = attempt, LogId = log.Id, LogBatches = log.Batches, Release = deploy.Release },
            _ => new UrlResolved { DeploymentId = id, Attempt = attempt, LogId = log.Id, LogBatches = log.Batches, Url = "http://hello.localhost/" },
        };
    }

    internal sealed class Worker<T>(StepRunner runner, Workers workers) : IConsumer<T>
        where T : class, IStepCommand
    {
        public Task Consume(ConsumeContext<T> context) => runner.RunAsync(
            context, run => workers.DoAsync(run.Command, run.Cancellation), (command, _, log) => Success(command, log),
            (_, failure, _) => throw new InvalidOperationException("No step of these workers fails.", failure));
    }

    internal sealed class WorkerDefinition<T>(StepPolicies policies) : StepConsumerDefinition<Worker<T>>(typeof(T).Name, policies)
        where T : class, IStepCommand;
}
