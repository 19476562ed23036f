using System.CommandLine;
using MassTransit;
using Paas.Contracts;
using Paas.Hosting;
using Paas.Hosting.Messaging;
using Paas.Hosting.Steps;

namespace Paas.Bench.Orchestration;

/// <summary>All six steps in one process, with everything a step has around it but no work in it: one log line each.</summary>
internal static class NoOpWorkers
{
    public const string Name = "no-op-workers";
    public const string LogLine = "Nothing to do";

    public static Command Command()
    {
        var urls = new Option<string>("--urls");
        var command = new Command(Name, "A part of 'orchestration': the workers.") { Hidden = true };
        command.Options.Add(urls);
        command.SetAction(parsed => ServiceHost.RunAsync(
            ["--urls", parsed.GetValue(urls)!],
            new Service(Name, 0),
            service => service.Services.AddPaasBus(service.Configuration, bus =>
            {
                bus.AddConsumer<NoOp<DownloadCode>, NoOpDefinition<DownloadCode>>();
                bus.AddConsumer<NoOp<ValidateConfiguration>, NoOpDefinition<ValidateConfiguration>>();
                bus.AddConsumer<NoOp<BuildImage>, NoOpDefinition<BuildImage>>();
                bus.AddConsumer<NoOp<PublishImage>, NoOpDefinition<PublishImage>>();
                bus.AddConsumer<NoOp<DeployRelease>, NoOpDefinition<DeployRelease>>();
                bus.AddConsumer<NoOp<ResolveUrl>, NoOpDefinition<ResolveUrl>>();
            })));
        return command;
    }

    private sealed class NoOpDefinition<T>(StepPolicies policies) : StepConsumerDefinition<NoOp<T>>(typeof(T).Name, policies)
        where T : class, IStepCommand;

    private sealed class NoOp<T>(StepRunner runner) : IConsumer<T>
        where T : class, IStepCommand
    {
        public Task Consume(ConsumeContext<T> context) => runner.RunAsync(
            context,
            run =>
            {
                run.Log.Heading(LogLine);
                return Task.FromResult(true);
            },
            (command, _, log) => Succeeded(command, log),
            (command, failure, _) => throw new InvalidOperationException($"{command.Step} can't fail.", failure));
    }

    private static IStepEnded Succeeded(IStepCommand command, StepLogEnd log)
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
                Commit = download.Commit!,
                CommitMessage = "Say hello in more languages",
                CommitAuthor = "Ada Lovelace",
                SourceDigest = "sha256:" + new string('1', 64),
            },
            ValidateConfiguration => new ConfigurationValidated
            {
                DeploymentId = id,
                Attempt = attempt,
                LogId = log.Id,
                LogBatches = log.Batches,
                Build = new BuildPlan { Runtime = RuntimeName.Python, RuntimeVersion = "3.12" },
                Run = new RunPlan
                {
                    Runtime = RuntimeName.Python,
                    RuntimeVersion = "3.12",
                    Processes =
                    [
                        new ProcessType { Name = ProcessType.Web, Command = new CommandLine { Words = ["python", "app.py"] }, Scale = 2 },
                        new ProcessType { Name = "worker", Command = new CommandLine { Words = ["python", "worker.py"] } },
                    ],
                    Env = new Dictionary<string, string> { ["GREETING"] = "hello" },
                },
            },
            BuildImage => new ImageBuilt { DeploymentId = id, Attempt = attempt, LogId = log.Id, LogBatches = log.Batches, ImageId = $"{id}-{attempt}", Builder = "here" },
            PublishImage => new ImagePublished { DeploymentId = id, Attempt = attempt, LogId = log.Id, LogBatches = log.Batches, ImageDigest = "sha256:" + new string('2', 64) },
            DeployRelease deploy => new ReleaseDeployed { DeploymentId = id, Attempt = attempt, LogId = log.Id, LogBatches = log.Batches, Release = deploy.Release },
            ResolveUrl resolve => new UrlResolved { DeploymentId = id, Attempt = attempt, LogId = log.Id, LogBatches = log.Batches, Url = $"http://{resolve.App}.localhost/" },
            _ => throw new ArgumentException($"{command.Step} is no step this knows.", nameof(command)),
        };
    }
}
