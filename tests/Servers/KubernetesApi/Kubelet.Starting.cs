using System.Text;
using System.Text.Json.Nodes;

namespace Paas.Servers.Kubernetes;

/// <content>From an image to a container that runs, and what may go wrong on the way.</content>
internal sealed partial class Kubelet
{
    private void Create(Stored pod, PodLife life)
    {
        var image = Image(pod);
        life.NeedsSecret = null;
        if (image.Any(char.IsUpper) && !image.Contains('@'))
        {
            life.To(PodState.Waiting);
            var words = $"Failed to apply default image tag \"{image}\": couldn't parse image name \"{image}\": invalid reference format: repository name ({Repository(image)}) must be lowercase";
            Tell(pod, "InspectFailed", words, isWarning: true);
            Tell(pod, "Failed", "Error: InvalidImageName", isWarning: true);
            _status.Show(pod, "Pending", PodStatus.Waiting("InvalidImageName", words), false, life, started: false);
        }
        else if (WhyNotPulled(pod, life) is { } why)
        {
            life.To(PodState.Waiting);
            Tell(pod, "Pulling", $"Pulling image \"{image}\"");
            Tell(pod, "Failed", $"Failed to pull image \"{image}\": {why}", isWarning: true);
            Tell(pod, "Failed", "Error: ErrImagePull", isWarning: true);
            _status.Show(pod, "Pending", PodStatus.Waiting("ErrImagePull", why), false, life, started: false);
        }
        else if (MissingReference(pod.Thing) is { } missing)
        {
            life.To(PodState.Waiting);
            life.NeedsSecret = missing;
            Pull(pod);
            Tell(pod, "Failed", $"Error: {missing}", isWarning: true);
            _status.Show(pod, "Pending", PodStatus.Waiting("CreateContainerConfigError", missing), false, life, started: false);
        }
        else if (life.Script.StartError is { } reason && pod.Thing.Text("spec", "restartPolicy") == "Never")
        {
            FailToStart(pod, reason);
            life.Begin();
            life.To(PodState.Over);
            _status.Show(pod, "Failed", new JsonObject { ["terminated"] = PodStatus.NotStarted(reason, life) }, false, life, started: false);
        }
        else if (life.Script.StartError is { } error)
        {
            FailToStart(pod, error);
            life.To(PodState.NotStarted);
            life.Begin();
            life.LastState = PodStatus.NotStarted(error, life);
            _status.Show(pod, "Running", PodStatus.Waiting("RunContainerError", error), false, life, started: false);
        }
        else
        {
            Start(pod, life);
        }
    }

    /// <summary>As its script says, or since the registry wants a login that the pod does not have.</summary>
    private string? WhyNotPulled(Stored pod, PodLife life)
    {
        if (life.Script.PullError is { } why)
            return why;
        if (cluster.PrivateRegistry is not var (host, login) || !Image(pod).StartsWith(host + "/", StringComparison.Ordinal))
            return null;
        foreach (var reference in pod.Thing.Items("spec", "imagePullSecrets"))
        {
            if (cluster.Store.Find(ApiType.Of("secrets"), pod.Thing.Namespace(), reference.Text("name")!) is not { } secret || secret.Thing.Text("data", ".dockerconfigjson") is not { } config)
                continue;
            var known = JsonNode.Parse(Convert.FromBase64String(config))?["auths"]?[host]?["auth"];
            if (known is not null && Encoding.UTF8.GetString(Convert.FromBase64String((string)known!)) == login)
                return null;
        }

        return $"failed to pull and unpack image \"{Image(pod)}\": failed to resolve reference \"{Image(pod)}\": pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials";
    }

    private void Pull(Stored pod)
    {
        var (name, container) = (Image(pod), pod.Thing.Items("spec", "containers").First());
        if (container.Text("imagePullPolicy") == "Always")
        {
            Tell(pod, "Pulling", $"Pulling image \"{name}\"");
            Tell(pod, "Pulled", $"Successfully pulled image \"{name}\" in 12ms (12ms including waiting). Image size: 1234567 bytes.");
        }
        else
        {
            Tell(pod, "Pulled", $"Container image \"{name}\" already present on machine and can be accessed by the pod");
        }
    }

    private void FailToStart(Stored pod, string why)
    {
        Pull(pod);
        Tell(pod, "Created", "Container created");
        Tell(pod, "Failed", $"Error: {why}", isWarning: true);
    }

    private void Start(Stored pod, PodLife life)
    {
        Pull(pod);
        Tell(pod, "Created", "Container created");
        if (life.Ended is not null)
        {
            life.Restarts++;
            life.LastState = life.Ended;
        }

        life.To(PodState.Running);
        life.Begin();
        // Without a probe it is ready from its first second.
        life.IsReady = !Probes.Has(pod.Thing);
        foreach (var container in pod.Thing.Items("spec", "containers"))
            Logs.Begin(pod.Thing.Uid(), container.Text("name")!, life.Script.Prints);
        Tell(pod, "Started", "Container started");
        _status.Show(pod, "Running", PodStatus.RunningSince(life), life.IsReady, life, started: !Probes.FailsStartup(pod.Thing, life.Script));
    }

    private void BackOffPull(Stored pod, PodLife life, string why)
    {
        life.IsBackingOff = true;
        var words = $"Back-off pulling image \"{Image(pod)}\"";
        Tell(pod, "BackOff", words);
        Tell(pod, "Failed", "Error: ImagePullBackOff", isWarning: true);
        if (!life.Script.StaysAtError)
            _status.Show(pod, "Pending", PodStatus.Waiting("ImagePullBackOff", life.Script.HidesPullError ? words : $"{words}: ErrImagePull: {why}"), false, life, started: false);
    }

    private string? MissingReference(JsonObject pod)
    {
        foreach (var from in pod.Items("spec", "containers").SelectMany(container => container.Items("envFrom")))
        {
            foreach (var (field, plural, kind) in (ReadOnlySpan<(string, string, string)>)[("secretRef", "secrets", "secret"), ("configMapRef", "configmaps", "configmap")])
            {
                if (from.Text(field, "name") is { } name && from.At(field, "optional")?.ToString() != "true" && cluster.Store.Find(ApiType.Of(plural), pod.Namespace(), name) is null)
                    return $"{kind} \"{name}\" not found";
            }
        }

        return null;
    }

    /// <summary>Without the registry and the tag.</summary>
    private static string Repository(string image) => image[(image.IndexOf('/') + 1)..].Split(':')[0];
}
