using System.Collections.Concurrent;
using Paas.Contracts;
using Paas.Hosting.Steps;
using Paas.Kubernetes;

namespace Paas.Deployer.Targets.Kubernetes;

/// <summary>Runs releases on a Kubernetes cluster, each environment of an app in a namespace of its own.</summary>
internal sealed class KubernetesTarget(KubernetesServices services, KubernetesUrls urls) : IDeploymentTarget, IDisposable
{
    private readonly ConcurrentDictionary<string, KubernetesApp> _apps = new(StringComparer.Ordinal);

    public string Name => Target.Kubernetes;

    public Task DeployAsync(DeployRelease command, IStepLog log, Func<CancellationToken, Task> confirm, CancellationToken cancellation) =>
        AskAsync(() => AppOf(new(command.AppId, command.App, command.Environment)).DeployAsync(command, log, confirm, cancellation));

    public async Task<Uri?> ResolveUrlAsync(ResolveUrl command, IStepLog log, CancellationToken cancellation)
    {
        Uri? url = null;
        await AskAsync(async () => url = await urls.ResolveAsync(command, new(command.AppId, command.App, command.Environment), log, cancellation));
        return url;
    }

    public Task RemoveAsync(RemoveApp command, CancellationToken cancellation) => AskAsync(async () =>
    {
        // Whatever its environments are called.
        var list = await services.Cluster.ListAsync(KubernetesResource.Namespaces, null, cancellation, labels: $"{AppNamespace.AppIdLabel}={command.AppId}");
        var environments = list.Items.Select(found => found.Labels.GetValueOrDefault(AppNamespace.EnvironmentLabel)).OfType<string>();
        await Task.WhenAll(environments.Select(name => AppOf(new(command.AppId, command.App, name)).RemoveAsync(cancellation)));
    });

    public void Dispose()
    {
        foreach (var app in _apps.Values)
            app.Dispose();
    }

    private KubernetesApp AppOf(AppNamespace app) => _apps.GetOrAdd(app.Name, _ => new KubernetesApp(app, services));

    /// <summary>What will be refused again, however often it is tried, is not tried again.</summary>
    private static async Task AskAsync(Func<Task> action)
    {
        try
        {
            await action();
        }
        catch (KubernetesException exception) when (!exception.IsTransient)
        {
            throw new StepPermanentException(exception.Message, exception);
        }
        catch (KubernetesAccessException exception)
        {
            throw new StepPermanentException(exception.Message, exception);
        }
    }
}
