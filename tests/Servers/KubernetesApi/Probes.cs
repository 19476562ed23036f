using System.Text.Json.Nodes;

namespace Paas.Servers.Kubernetes;

/// <summary>The probes of a container, as far as they fail: one that succeeds tells nothing.</summary>
internal sealed class Probes(Events events)
{
    /// <summary>Whether a pod counts as ready only when a probe has succeeded.</summary>
    public static bool Has(JsonObject pod) => pod.Items("spec", "containers").Any(container => container["readinessProbe"] is not null);

    /// <summary>Whether it fails a startup probe, before which no other is asked.</summary>
    public static bool FailsStartup(JsonObject pod, PodScript script) =>
        script is { ProbeError: not null, PassesStartup: false } && pod.Items("spec", "containers").Any(container => container["startupProbe"] is not null);

    /// <summary>Asks, if it is time.</summary>
    /// <returns>Whether the container is to be started again.</returns>
    public bool Ask(Stored pod, PodLife life)
    {
        if (life.IsReady || life.Script.ProbeError is not { } why)
            return false;
        var isStartup = FailsStartup(pod.Thing, life.Script);
        var name = isStartup ? "startupProbe" : "readinessProbe";
        if (pod.Thing.Items("spec", "containers").FirstOrDefault(container => container[name] is not null) is not { } container)
            return false;
        if (life.Age < TimeSpan.FromSeconds(container.Number(name, "periodSeconds") ?? 10) * life.FailedProbes)
            return false;
        life.FailedProbes++;
        events.OfNode(pod, container.Text("name"), "Unhealthy", $"{(isStartup ? "Startup" : "Readiness")} probe failed: {why}", isWarning: true);
        if (!isStartup || life.FailedProbes < (container.Number(name, "failureThreshold") ?? 3))
            return false;
        events.OfNode(pod, container.Text("name"), "Killing", $"Container {container.Text("name")} failed startup probe, will be restarted");
        return true;
    }
}
