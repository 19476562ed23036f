using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Deployer.Targets.Output;
using Paas.Hosting;

namespace Paas.Deployer.Targets.Local;

/// <summary>The logs of apps on this machine: one each, which all instances write to.</summary>
internal sealed class LocalLogs(IOptions<PaasOptions> paas, TimeProvider clock) : IAppLogs
{
    private readonly string _folder = Path.Combine(Path.GetFullPath(paas.Value.DataDirectory), Target.Local);

    public string Name => Target.Local;

    public Task<IReadOnlyList<ILogSource>> FindAsync(Guid appId, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<ILogSource>>([new FileLog(new AppFolder(_folder, appId).LogFile, name: null, hasEnded: () => false, clock)]);

    public Task WaitForInstanceAsync(Guid appId, CancellationToken cancellation) => Task.Delay(Timeout.Infinite, cancellation);
}
