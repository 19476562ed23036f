using Paas.Contracts;
using Paas.Hosting.Messaging;
using Paas.Hosting.Steps;

namespace Paas.CodeDownloader;

public sealed class DownloadCodeConsumerDefinition(StepPolicies policies)
    : StepConsumerDefinition<DownloadCodeConsumer>(Step.DownloadCode, policies);
