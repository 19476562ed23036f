using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Paas.Docker;
using Paas.Hosting;
using Paas.Hosting.Secrets;

namespace Paas.Deployer.Targets.Docker;

/// <summary>What all apps of the target share.</summary>
internal sealed record DockerServices(
    EngineClient Engine, ImageSource Images, AddOns AddOns, HealthProbe Probe, RouteClient Router, SecretSealer Sealer,
    IOptions<PaasOptions> Paas, IOptions<DeployerOptions> Options, TimeProvider Clock, ILogger Logger)
{
    public string HostOf(string app) => $"{app}.{Paas.Value.Domain}";
}
