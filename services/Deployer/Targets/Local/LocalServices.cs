using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Paas.Hosting.Artifacts;

namespace Paas.Deployer.Targets.Local;

/// <summary>What all apps of the target share.</summary>
internal sealed record LocalServices(
    IArtifactStore Artifacts, Instances Instances, LocalRuns Runs, HealthProbe Probe, RouteClient Router, IOptions<DeployerOptions> Options, TimeProvider Clock, ILogger Logger);
