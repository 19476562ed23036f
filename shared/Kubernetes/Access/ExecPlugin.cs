using System.Text.Json.Nodes;

namespace Paas.Kubernetes.Access;

/// <summary>A program that a kubeconfig names to get a credential from.</summary>
/// <param name="Command">A name to look up in PATH, or a full path.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="Environment">Variables besides those of the platform's own process.</param>
/// <param name="ApiVersion">What it is asked in, and has to answer in.</param>
/// <param name="InstallHint">What the kubeconfig says to somebody who does not have it.</param>
/// <param name="Folder">Where it is run.</param>
/// <param name="Where">The user of the kubeconfig.</param>
internal sealed record ExecPlugin(
    string Command, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment, string ApiVersion, string? InstallHint, string Folder, string Where)
{
    public static ExecPlugin Read(JsonObject exec, string where, string folder)
    {
        var command = Text(exec["command"]);
        if (string.IsNullOrEmpty(command))
            throw new KubernetesAccessException(KubernetesTexts.ExecWithoutCommand(where));
        var version = Text(exec["apiVersion"]) ?? "";
        if (version is not ("client.authentication.k8s.io/v1" or "client.authentication.k8s.io/v1beta1"))
            throw new KubernetesAccessException(KubernetesTexts.ExecVersion(where, command));
        if (Text(exec["interactiveMode"]) == "Always")
            throw new KubernetesAccessException(KubernetesTexts.ExecInteractive(where, command));
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var variable in (exec["env"] as JsonArray ?? []).OfType<JsonObject>())
        {
            if (Text(variable["name"]) is { Length: > 0 } name)
                environment[name] = Text(variable["value"]) ?? "";
        }

        return new ExecPlugin(
            // A path that is not full is named from the kubeconfig's folder.
            command.Contains('/') ? Path.GetFullPath(command, folder) : command,
            [.. (exec["args"] as JsonArray ?? []).Select(argument => Text(argument) ?? "")],
            environment, version, Text(exec["installHint"]), folder, where);
    }

    private static string? Text(JsonNode? node) => KubernetesObject.Text(node);
}
