using MassTransit;
using Paas.Contracts;
using Paas.Hosting.Messaging;
using Paas.Hosting.Steps;

namespace Paas.ConfigurationValidator;

internal sealed class ValidateConfigurationConsumer(StepRunner steps, Planner planner) : IConsumer<ValidateConfiguration>
{
    public Task Consume(ConsumeContext<ValidateConfiguration> context) => steps.RunAsync(
        context,
        run => planner.PlanAsync(run.Command, run.Log, run.Cancellation),
        (command, plan, log) => new ConfigurationValidated
        {
            DeploymentId = command.DeploymentId,
            Attempt = command.Attempt,
            LogId = log.Id,
            LogBatches = log.Batches,
            Build = plan.Build,
            Run = plan.Run,
        },
        (command, failure, log) => new ConfigurationRejected
        {
            DeploymentId = command.DeploymentId,
            Attempt = command.Attempt,
            LogId = log.Id,
            LogBatches = log.Batches,
            Reason = failure.Reason,
            Message = failure.Message,
        });
}

internal sealed class ValidateConfigurationConsumerDefinition(StepPolicies policies)
    : StepConsumerDefinition<ValidateConfigurationConsumer>(Step.ValidateConfiguration, policies);
