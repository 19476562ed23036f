using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Paas.Contracts;

namespace Paas.Deployer.Targets.Kubernetes.Objects;

/// <summary>A command that runs once beside a release: a Job, and a Secret with the variables that only it has.</summary>
internal static class RunObjects
{
    public const string RunLabel = "io.paas/run";
    public const string NameLabel = "io.paas/run-name";
    public const string ReleaseLabel = "io.paas/run-release";

    /// <summary>On a Job that somebody has stopped: its end is then no matter of its time limit.</summary>
    public const string StoppedAnnotation = "io.paas/run-stopped";

    /// <summary>On a Job that can't ever start, and is ended for it: the sentence that says why.</summary>
    public const string NotStartedAnnotation = "io.paas/run-not-started";

    // With a dot, as no process type can be called.
    private const string Component = "paas.run";
    private const string Container = "run";

    /// <summary>Annotations are bounded, and a registry may say much.</summary>
    private const int MaxSentence = 2000;

    /// <summary>How long no node may take its pod, or be able to start it.</summary>
    private static readonly TimeSpan StartTime = TimeSpan.FromMinutes(15);

    /// <summary>The name of the Job, and of the Secret: by it a run that is asked for twice is made once.</summary>
    public static string NameOf(Guid runId) => $"run-{runId:N}";

    /// <param name="release">What it runs beside.</param>
    /// <param name="run">The command.</param>
    /// <param name="name">What people call it.</param>
    /// <param name="variables">The names of the variables that only it has.</param>
    public static JsonObject Job(KubernetesRelease release, StartRun run, string name, IReadOnlyCollection<string> variables)
    {
        var job = release.App.Object("batch/v1", "Job", NameOf(run.RunId), Component);
        Mark(job["metadata"]!["labels"]!, run, name);
        var pod = PodTemplates.Of(release, Component, command: null, "Never");
        // Without the release's version, by which its instances are counted and looked at.
        pod["metadata"]!["labels"]!.AsObject().Remove(AppNamespace.Version);
        pod["metadata"]!["annotations"]!.AsObject().Remove(AppNamespace.DeploymentAnnotation);
        Mark(pod["metadata"]!["labels"]!, run, name);
        // The pod's limit and not the Job's, which would take the pod away, and what it has printed with it.
        pod["spec"]!["activeDeadlineSeconds"] = Seconds(run.TimeLimit);
        var container = pod["spec"]!["containers"]![0]!.AsObject();
        container["name"] = Container;
        container["args"] = new JsonArray([.. run.Command.Select(word => JsonValue.Create(Escape(word)))]);
        Add(container, NameOf(run.RunId), variables);
        job["spec"] = new JsonObject
        {
            ["backoffLimit"] = 0,
            ["activeDeadlineSeconds"] = Seconds(run.TimeLimit + release.Limits.StopGrace + StartTime),
            ["ttlSecondsAfterFinished"] = Seconds(release.Limits.KeepRuns),
            ["template"] = pod,
        };
        return job;
    }

    /// <summary>Goes with the Job.</summary>
    /// <param name="app">Where.</param>
    /// <param name="runId">Whose.</param>
    /// <param name="jobUid">The Job's uid.</param>
    /// <param name="variables">The variables.</param>
    public static JsonObject Variables(AppNamespace app, Guid runId, string jobUid, IReadOnlyDictionary<string, string> variables)
    {
        var secret = app.Object("v1", "Secret", NameOf(runId), Component);
        secret["metadata"]!["labels"]![RunLabel] = runId.ToString();
        secret["metadata"]!["ownerReferences"] = new JsonArray(new JsonObject { ["apiVersion"] = "batch/v1", ["kind"] = "Job", ["name"] = NameOf(runId), ["uid"] = jobUid });
        secret["type"] = "Opaque";
        secret["data"] = new JsonObject(variables.OrderBy(variable => variable.Key, StringComparer.Ordinal)
            .Select(variable => KeyValuePair.Create(variable.Key, (JsonNode?)Convert.ToBase64String(Encoding.UTF8.GetBytes(variable.Value)))));
        return secret;
    }

    /// <summary>Ends a Job that has not started, in one change: whoever dies, it is marked and over, or neither. To be over its time is the one way to end that leaves the Job.</summary>
    /// <param name="annotation">Why: <see cref="StoppedAnnotation"/> or <see cref="NotStartedAnnotation"/>.</param>
    /// <param name="value">More of it.</param>
    public static JsonObject Over(string annotation, string value) => new()
    {
        ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [annotation] = value[..Math.Min(value.Length, MaxSentence)] } },
        ["spec"] = OverNow(),
    };

    public static JsonObject OverNow() => new() { ["activeDeadlineSeconds"] = 1 };

    /// <summary>The command as it was given.</summary>
    public static IReadOnlyList<string> CommandOf(JsonNode? args) =>
        [.. (args as JsonArray ?? []).Select(word => ((string?)word ?? "").Replace("$$", "$", StringComparison.Ordinal))];

    // The cluster would fill in $(NAME), and takes $$ for $.
    private static string Escape(string word) => word.Replace("$", "$$", StringComparison.Ordinal);

    private static void Mark(JsonNode labels, StartRun run, string name)
    {
        labels[RunLabel] = run.RunId.ToString();
        labels[NameLabel] = name;
        labels[ReleaseLabel] = run.Release.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Of several Secrets the last one counts, and before all of them what the container names itself.</summary>
    private static void Add(JsonObject container, string secret, IReadOnlyCollection<string> variables)
    {
        if (variables.Count == 0)
            return;
        container["envFrom"]!.AsArray().Add(new JsonObject { ["secretRef"] = new JsonObject { ["name"] = secret } });
        if (container["env"] is not JsonArray own)
            return;
        foreach (var replaced in own.Where(variable => variables.Contains((string)variable!["name"]!)).ToList())
            own.Remove(replaced);
        if (own.Count == 0)
            container.Remove("env");
    }

    private static long Seconds(TimeSpan time) => Math.Max(1, (long)Math.Ceiling(time.TotalSeconds));
}
