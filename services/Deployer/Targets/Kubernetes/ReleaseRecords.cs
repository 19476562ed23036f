using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Paas.Contracts;
using Paas.Deployer.Targets.Kubernetes.Objects;
using Paas.Kubernetes;

namespace Paas.Deployer.Targets.Kubernetes;

/// <summary>A release as the cluster remembers it.</summary>
/// <param name="Release">Its number.</param>
/// <param name="IsLive">Whether it has taken over, at some time.</param>
/// <param name="ImageDigest">What it runs.</param>
/// <param name="Attempt">The last attempt at it: <c>deployment/attempt</c>.</param>
/// <param name="Objects">What it is made of, as it was applied.</param>
internal sealed record ReleaseRecord(int Release, bool IsLive, string ImageDigest, string Attempt, IReadOnlyList<JsonObject> Objects);

/// <summary>
/// The releases of an app, each a Secret beside what it is made of: so whoever comes after a deployer that was killed
/// knows what was being brought in, what to put back, and which release is too old to be brought in at all. That a
/// release has taken over is decided by a label of its record.
/// </summary>
internal sealed class ReleaseRecords(KubernetesClient cluster, AppNamespace app)
{
    private const string RecordLabel = "io.paas/record";
    private const string StateLabel = "io.paas/state";
    private const string Live = "live";
    private const string Pending = "pending";
    private const string DigestAnnotation = "io.paas/digest";
    private const string AttemptAnnotation = "io.paas/attempt";
    private const string ObjectsKey = "objects";

    /// <summary>How many releases that were live are remembered, with their variables: the one before is all that is ever put back.</summary>
    private const int Kept = 3;

    public static string AttemptOf(DeployRelease command) => string.Create(CultureInfo.InvariantCulture, $"{command.DeploymentId}/{command.Attempt}");

    /// <summary>All of them, the newest first.</summary>
    public async Task<IReadOnlyList<ReleaseRecord>> ListAsync(CancellationToken cancellation)
    {
        var list = await cluster.ListAsync(KubernetesResource.Secrets, app.Name, cancellation, labels: RecordLabel);
        return [.. list.Items.Select(Read).OfType<ReleaseRecord>().OrderByDescending(record => record.Release)];
    }

    /// <summary>Writes down that a release is being brought in; of one that is live already nothing changes.</summary>
    public async Task BeginAsync(KubernetesRelease release, IReadOnlyList<JsonObject> objects, CancellationToken cancellation)
    {
        var secret = app.Object("v1", "Secret", NameOf(release.Command.Release), annotations: PodTemplates.Annotations(release));
        secret["metadata"]!["labels"]![RecordLabel] = release.Command.Release.ToString(CultureInfo.InvariantCulture);
        secret["metadata"]!["labels"]![StateLabel] = Pending;
        secret["metadata"]!["annotations"]![DigestAnnotation] = release.Command.ImageDigest;
        secret["metadata"]!["annotations"]![AttemptAnnotation] = AttemptOf(release.Command);
        secret["type"] = "io.paas/release";
        secret["data"] = new JsonObject { [ObjectsKey] = Convert.ToBase64String(JsonSerializer.SerializeToUtf8Bytes(objects)) };
        await cluster.ApplyAsync(new(secret), cancellation);
    }

    /// <summary>From here on it is the release that serves, whoever dies.</summary>
    public Task MarkLiveAsync(int release, CancellationToken cancellation) => cluster.PatchAsync(
        KubernetesResource.Secrets, app.Name, NameOf(release),
        new() { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { [StateLabel] = Live } } }, cancellation);

    /// <summary>Removes what nothing needs any more: all that is older than the last few live ones, and those that never came to live.</summary>
    public async Task TidyAsync(int live, CancellationToken cancellation)
    {
        var records = await ListAsync(cancellation);
        var kept = records.Where(record => record.IsLive).Take(Kept).Select(record => record.Release).ToHashSet();
        foreach (var record in records.Where(record => record.Release < live && !kept.Contains(record.Release)))
            await RemoveAsync(record.Release, cancellation);
    }

    /// <summary>Removes a release that is not to be, with its variables and its release command.</summary>
    public async Task RemoveAsync(int release, CancellationToken cancellation)
    {
        var version = AppNamespace.VersionOf(release);
        await cluster.DeleteAsync(KubernetesResource.Jobs, app.Name, KubernetesRelease.JobName(version), cancellation);
        await cluster.DeleteAsync(KubernetesResource.Secrets, app.Name, KubernetesRelease.SecretName(version), cancellation);
        await cluster.DeleteAsync(KubernetesResource.Secrets, app.Name, NameOf(release), cancellation);
    }

    private static string NameOf(int release) => $"record-{AppNamespace.VersionOf(release)}";

    private static ReleaseRecord? Read(KubernetesObject secret)
    {
        if (!int.TryParse(secret.Labels.GetValueOrDefault(RecordLabel), NumberStyles.None, CultureInfo.InvariantCulture, out var release))
            return null;
        var objects = (string?)secret.Read("data", ObjectsKey) is { } text
            ? JsonNode.Parse(Encoding.UTF8.GetString(Convert.FromBase64String(text)))!.AsArray().Select(made => made!.DeepClone().AsObject()).ToList()
            : [];
        return new(
            release, secret.Labels.GetValueOrDefault(StateLabel) == Live, secret.Annotations.GetValueOrDefault(DigestAnnotation) ?? "",
            secret.Annotations.GetValueOrDefault(AttemptAnnotation) ?? "", objects);
    }
}
