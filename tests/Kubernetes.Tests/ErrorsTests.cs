using System.Text.Json.Nodes;

namespace Paas.Kubernetes.Tests;

/// <summary>Every way in which the API refuses, told apart, and in sentences that give no secret away.</summary>
public sealed class ErrorsTests(TestCluster cluster) : IClassFixture<TestCluster>
{
    private readonly CancellationToken _cancellation = TestCluster.Cancellation;

    [Fact]
    public async Task A_field_of_another_manager_is_a_conflict_that_names_it()
    {
        cluster.Api.Cluster.Put(TestCluster.ConfigMap("taken", ("a", "theirs")).Json, "somebody");

        var refused = await RefusedAsync(client => client.ApplyAsync(TestCluster.ConfigMap("taken", ("a", "mine")), _cancellation, force: false));

        refused.Problem.ShouldBe(KubernetesProblem.FieldConflict);
        refused.IsTransient.ShouldBeFalse();
        refused.Causes.ShouldHaveSingleItem().ShouldBe(new KubernetesCause("FieldManagerConflict", "conflict with \"somebody\"", ".data.a"));
        refused.Message.ShouldBe($"The Kubernetes API at {cluster.Api.Url} would not apply ConfigMap demo/taken (409): Apply failed with 1 conflict: conflict with \"somebody\": .data.a");
    }

    [Fact]
    public async Task A_stale_version_can_pass_and_an_object_that_is_there_cannot()
    {
        cluster.Api.Cluster.Put(TestCluster.ConfigMap("there").Json);
        var stale = TestCluster.ConfigMap("there");
        stale.Json["metadata"]!["resourceVersion"] = "1";

        (await RefusedAsync(client => client.ApplyAsync(stale, _cancellation))).ShouldSatisfyAllConditions(
            error => error.Problem.ShouldBe(KubernetesProblem.StaleObject), error => error.IsTransient.ShouldBeTrue());
        (await RefusedAsync(client => client.CreateAsync(TestCluster.ConfigMap("there"), _cancellation))).ShouldSatisfyAllConditions(
            error => error.Problem.ShouldBe(KubernetesProblem.AlreadyExists), error => error.IsTransient.ShouldBeFalse(), error => error.Reason.ShouldBe("AlreadyExists"));
    }

    [Fact]
    public async Task A_missing_namespace_is_told_from_a_missing_object()
    {
        var thing = TestCluster.Thing("v1", "ConfigMap", "nowhere", "a");

        var refused = await RefusedAsync(client => client.ApplyAsync(thing, _cancellation));

        refused.Problem.ShouldBe(KubernetesProblem.NamespaceMissing);
        refused.Details.ShouldBe(new KubernetesDetails("nowhere", "", "namespaces"));
    }

    [Fact]
    public async Task What_a_500_says_of_our_own_mistake_is_permanent()
    {
        var unknown = TestCluster.Deployment("unknown", "app:1", 1);
        unknown.Json["spec"]!["replicass"] = 1;
        var quantity = TestCluster.Deployment("quantity", "app:1", 1);
        quantity.Json["spec"]!["template"]!["spec"]!["containers"]![0]!["resources"] = new JsonObject { ["limits"] = new JsonObject { ["memory"] = "64Mb" } };

        foreach (var thing in (KubernetesObject[])[unknown, quantity])
        {
            var refused = await RefusedAsync(client => client.ApplyAsync(thing, _cancellation));
            (refused.Code, refused.Problem, refused.IsTransient).ShouldBe((500, KubernetesProblem.Malformed, false));
        }
    }

    [Fact]
    public async Task A_broken_rule_is_told_with_its_field()
    {
        var thing = TestCluster.Deployment("port", "app:1", 1);
        thing.Json["spec"]!["template"]!["spec"]!["containers"]![0]!["ports"] = new JsonArray(new JsonObject { ["containerPort"] = 99999 });

        var refused = await RefusedAsync(client => client.ApplyAsync(thing, _cancellation));

        refused.Problem.ShouldBe(KubernetesProblem.Invalid);
        refused.Causes.ShouldHaveSingleItem().Field.ShouldBe("spec.template.spec.containers[0].ports[0].containerPort");
        refused.Message.ShouldEndWith("Invalid value: 99999: must be between 1 and 65535, inclusive");
    }

    [Fact]
    public async Task The_kinds_of_403_are_told_apart()
    {
        var cause = new JsonObject { ["reason"] = "NamespaceTerminating", ["message"] = "namespace demo is being terminated", ["field"] = "metadata.namespace" };
        (string Message, JsonObject? Cause, KubernetesProblem Problem, bool IsTransient)[] kinds =
        [
            ("configmaps \"a\" is forbidden: User \"u\" cannot patch resource \"configmaps\" in API group \"\" in the namespace \"demo\"", null, KubernetesProblem.Forbidden, false),
            ("configmaps \"a\" is forbidden: exceeded quota: q, requested: count/configmaps=1, used: count/configmaps=2, limited: count/configmaps=1", null, KubernetesProblem.QuotaExceeded, false),
            ("pods \"a\" is forbidden: violates PodSecurity \"restricted:latest\": runAsNonRoot != true", null, KubernetesProblem.PodSecurity, false),
            ("configmaps \"a\" is forbidden: unable to create new content in namespace demo because it is being terminated", cause, KubernetesProblem.NamespaceTerminating, true),
        ];
        foreach (var kind in kinds)
        {
            var refused = await AnsweredAsync(403, Status(403, "Forbidden", kind.Message, kind.Cause));
            (refused.Problem, refused.IsTransient).ShouldBe((kind.Problem, kind.IsTransient), kind.Message);
        }
    }

    [Fact]
    public async Task A_type_the_cluster_does_not_have_is_told_although_its_answer_is_no_status()
    {
        var refused = await AnsweredAsync(404, "404 page not found\n");

        (refused.Problem, refused.Said).ShouldBe((KubernetesProblem.UnknownResource, "404 page not found"));
    }

    [Fact]
    public async Task Too_much_is_told_although_the_answer_is_empty()
    {
        var refused = await RefusedAsync(client => client.ApplyAsync(TestCluster.ConfigMap("big", ("a", new string('x', 3_500_000))), _cancellation));

        refused.Problem.ShouldBe(KubernetesProblem.TooLarge);
        refused.Message.ShouldEndWith("the object is too large; the cluster takes about 3 MiB in a request, and 1 MiB in a Secret or a ConfigMap");
    }

    [Fact]
    public async Task A_disruption_budget_is_no_throttling()
    {
        var before = cluster.Api.Requests.Count;
        var refused = await AnsweredAsync(429, Status(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.",
            new JsonObject { ["reason"] = "DisruptionBudget", ["message"] = "The disruption budget web needs 2 healthy pods and has 2 currently" }), retryAfter: "1");

        refused.Problem.ShouldBe(KubernetesProblem.DisruptionBudget);
        (cluster.Api.Requests.Count - before).ShouldBe(1);
    }

    [Fact]
    public async Task No_rights_are_told_with_what_they_are_for()
    {
        cluster.Api.Allow("reader", "system:serviceaccount:demo:reader", (verb, _, _, _) => verb == "get");
        using var client = cluster.Open(cluster.Api.Kubeconfig("{token: reader}"));

        var refused = await Should.ThrowAsync<KubernetesException>(() => client.ListAsync(KubernetesResource.Deployments, "demo", _cancellation));

        refused.Problem.ShouldBe(KubernetesProblem.Forbidden);
        refused.Message.ShouldBe($"The Kubernetes API at {cluster.Api.Url} would not list deployments of the namespace demo (403): deployments.apps is forbidden: "
            + "User \"system:serviceaccount:demo:reader\" cannot list resource \"deployments\" in API group \"apps\" in the namespace \"demo\"");
    }

    [Fact]
    public async Task A_secret_never_gets_into_a_message()
    {
        const string Value = "aHVudGVyMg-secret";
        var wrongBase64 = TestCluster.Secret("s", "PASSWORD", Value);
        var wrongType = TestCluster.Secret("s", "PASSWORD", "");
        wrongType.Json["data"]!["PASSWORD"] = new JsonObject { ["nested"] = Value };
        var wrongKind = TestCluster.Secret("s", "PASSWORD", "aHVudGVyMg==");
        wrongKind.Json["type"] = Value;
        await cluster.Open().ApplyAsync(TestCluster.Secret("s", "PASSWORD", "aHVudGVyMg=="), _cancellation);
        var refusals = new List<KubernetesException>();
        foreach (var thing in (KubernetesObject[])[wrongBase64, wrongType, wrongKind])
            refusals.Add(await RefusedAsync(client => client.ApplyAsync(thing, _cancellation)));
        foreach (var (code, body) in ((int, string)[])[(400, Status(400, "BadRequest", $"json parse error ({{\"data\":\"{Value}\" ...)")), (502, $"<html>{Value}"), (422, Status(422, "Invalid", Value))])
            refusals.Add(await AnsweredAsync(code, body, secret: true));

        foreach (var refused in refusals)
        {
            refused.ToString().ShouldNotContain(Value);
            refused.Said.ShouldNotContain(Value);
            refused.Causes.ShouldAllBe(each => !each.Message.Contains(Value));
        }

        refusals[0].Said.ShouldBe("a value of data is not Base64");
        refusals[1].Said.ShouldBe(".data.PASSWORD: expected string");
        refusals[2].Said.ShouldBe("type: FieldValueInvalid");
    }

    [Fact]
    public async Task A_variable_of_a_pod_never_gets_into_a_message()
    {
        const string Value = "hunter2";
        var numeric = TestCluster.Deployment("env", "app:1", 1);
        numeric.Json["spec"]!["template"]!["spec"]!["containers"]![0]!["env"] = new JsonArray(new JsonObject { ["name"] = "PIN", ["value"] = 47114711 });
        var job = TestCluster.Thing("batch/v1", "Job", "demo", "migrate");
        job.Json["spec"] = new JsonObject
        {
            ["template"] = new JsonObject
            {
                ["spec"] = new JsonObject
                {
                    ["restartPolicy"] = "Never",
                    ["containers"] = new JsonArray(new JsonObject { ["name"] = "job", ["image"] = "app:1", ["env"] = new JsonArray(new JsonObject { ["name"] = "P", ["value"] = Value }) }),
                },
            },
        };
        using var client = cluster.Open();
        await client.ApplyAsync(job, _cancellation);
        job.Json["spec"]!["template"]!["spec"]!["containers"]![0]!["image"] = "app:2";

        var typed = await RefusedAsync(each => each.ApplyAsync(numeric, _cancellation));
        var immutable = await RefusedAsync(each => each.ApplyAsync(job, _cancellation));

        typed.ToString().ShouldNotContain("47114711");
        typed.Message.ShouldEndWith(".env[name=\"PIN\"].value: expected string");
        immutable.ToString().ShouldNotContain(Value);
        immutable.Causes.ShouldHaveSingleItem().Message.ShouldBe("Invalid value: {…}: field is immutable");
    }

    [Fact]
    public async Task A_message_is_one_line_of_a_limited_length()
    {
        var refused = await AnsweredAsync(422, Status(422, "Invalid", "one\n\u001b[31mtwo " + new string('x', 100_000)));

        refused.Message.ShouldNotContain('\n');
        refused.Message.ShouldNotContain('\u001b');
        refused.Message.Length.ShouldBeLessThan(1500);
    }

    internal static string Status(int code, string? reason, string message, JsonObject? cause = null)
    {
        var status = new JsonObject { ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Failure", ["message"] = message, ["code"] = code };
        if (reason is not null)
            status["reason"] = reason;
        if (cause is not null)
            status["details"] = new JsonObject { ["causes"] = new JsonArray(cause.DeepClone()) };
        return status.ToJsonString();
    }

    private async Task<KubernetesException> AnsweredAsync(int code, string body, string? retryAfter = null, bool secret = false)
    {
        cluster.Api.FailNext(1, code, body, retryAfter);
        return await RefusedAsync(client => secret
            ? client.CreateAsync(TestCluster.Secret("answered", "a", ""), _cancellation)
            : client.CreateAsync(TestCluster.ConfigMap("answered"), _cancellation));
    }

    private async Task<KubernetesException> RefusedAsync(Func<KubernetesClient, Task> action)
    {
        using var client = cluster.Open();
        return await Should.ThrowAsync<KubernetesException>(() => action(client));
    }
}
