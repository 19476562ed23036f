using System.Text.Json.Nodes;

namespace Paas.Servers.Kubernetes;

/// <summary>Answers that are about no stored object.</summary>
internal static class ApiAnswers
{
    public static JsonObject TokenOf(JsonObject account, JsonObject given, string manager) => new()
    {
        ["kind"] = "TokenRequest",
        ["apiVersion"] = "authentication.k8s.io/v1",
        ["metadata"] = new JsonObject { ["name"] = account.Name(), ["namespace"] = account.Namespace(), ["uid"] = account.Uid(), ["creationTimestamp"] = ApiStore.Now, ["managedFields"] = By(manager, "authentication.k8s.io/v1", "token") },
        ["spec"] = new JsonObject { ["audiences"] = new JsonArray("https://kubernetes.default.svc.cluster.local"), ["expirationSeconds"] = given.Number("spec", "expirationSeconds"), ["boundObjectRef"] = null },
        ["status"] = new JsonObject { ["token"] = Names.Random(40), ["expirationTimestamp"] = ApiStore.Now },
    };

    private static JsonArray By(string manager, string apiVersion, string? part) => new(new FieldOwner(manager, "Update", apiVersion, part) { Time = ApiStore.Now, Fields = [FieldPath.Root.Then("f:spec")] }.ToJson());

    public static JsonObject Review(ApiUser user, JsonObject given, string manager)
    {
        var asked = given.Map("spec", "resourceAttributes");
        return new JsonObject
        {
            ["kind"] = "SelfSubjectAccessReview",
            ["apiVersion"] = "authorization.k8s.io/v1",
            ["metadata"] = new JsonObject { ["managedFields"] = By(manager, "authorization.k8s.io/v1", null) },
            ["spec"] = given["spec"]?.DeepClone(),
            ["status"] = new JsonObject { ["allowed"] = user.May(asked.Text("verb") ?? "", asked.Text("group") ?? "", asked.Text("resource") ?? "", asked.Text("namespace")) },
        };
    }

    public static JsonObject Version() => new()
    {
        ["major"] = "1",
        ["minor"] = "36",
        ["emulationMajor"] = "1",
        ["emulationMinor"] = "36",
        ["minCompatibilityMajor"] = "1",
        ["minCompatibilityMinor"] = "35",
        ["gitVersion"] = "v1.36.2",
        ["gitCommit"] = "0000000000000000000000000000000000000000",
        ["gitTreeState"] = "clean",
        ["buildDate"] = "2026-08-21T00:00:00Z",
        ["goVersion"] = "go1.26.10",
        ["compiler"] = "gc",
        ["platform"] = "linux/amd64",
    };
}
