namespace Paas.Kubernetes.Tests.Api;

/// <summary>What of the transcripts the double does not do, and why.</summary>
internal static class TranscriptScope
{
    private const string NoDiscovery = "discovery: the client knows its types";
    private const string NoYaml = "it is about YAML, and the client sends JSON";
    private const string OtherForms = "tables and metadata alone: the client asks for objects";
    private const string MatterOfTime = "a watch whose events depend on time alone; their first and last states are compared elsewhere";
    private const string OtherEvents = "events of events.k8s.io: the client asks the core API for them";
    private const string NoNodes = "nodes, leases and volumes are not what a deployer sees";

    public static readonly IReadOnlyDictionary<string, string> LeftOut = new Dictionary<string, string>
    {
        ["002"] = NoDiscovery,
        ["003"] = NoDiscovery,
        ["062"] = NoYaml,
        ["069"] = NoYaml,
        ["096"] = OtherForms,
        ["097"] = OtherForms,
        ["099"] = MatterOfTime,
        ["110"] = MatterOfTime,
        ["111"] = MatterOfTime,
        ["123"] = "a log that goes on; following is tested with the client",
        ["135"] = MatterOfTime,
        ["136"] = MatterOfTime,
        ["147"] = OtherEvents,
        ["150"] = NoNodes,
        ["151"] = NoNodes,
        ["164"] = NoNodes,
        ["167"] = "pods of the double serve nothing",
        ["178"] = "a server that stops; tested with the client",
    };

    /// <summary>Parts of single answers that are not compared.</summary>
    private static readonly Dictionary<string, string[]> Parts = new()
    {
        // Taken in the middle of a rollout.
        ["018"] = ["status"],
        ["021"] = ["status"],
        // How often a controller has written, and whether it has yet.
        ["166"] = ["items[0].metadata.generation"],
        ["152"] = ["status.terminatingReplicas"],
        ["153"] = ["status"],
        ["169"] = ["status.conditions"],
        ["172"] = ["status.conditions"],
        // Told again or for the first time.
        ["149"] = ["type"],
        // The API prints all of its own type in Go.
        ["159"] = ["message", "details.causes[0].message"],
        // The build, not the API.
        ["001"] = ["gitCommit"],
    };

    /// <summary>Parts of all answers that are not compared: what a node tells of its own, how often something was tried by then, and deadlines, which are shorter here.</summary>
    private static readonly string[] Everywhere = [".user", "status.resources", ".restartCount", "containerStatuses[0].resources", ".count", ".allocatedResources", "spec.progressDeadlineSeconds"];

    public static bool Ignores(string transcript, string path) =>
        (Parts.TryGetValue(transcript[..3], out var parts) && parts.Contains(path)) || Everywhere.Any(end => path.EndsWith(end, StringComparison.Ordinal));
}
