using System.Globalization;
using Paas.Hosting.Network;

namespace Paas.Deployer.Targets.Kubernetes;

/// <summary>What the target <c>kubernetes</c> says to people, besides what all targets say.</summary>
internal static class KubernetesTargetTexts
{
    // As it goes
    public static string Progress(string process, int ready, int wanted) => string.Create(CultureInfo.InvariantCulture,
        $"{process}: {ready} of {wanted} new instances ready");

    public static string RolledOut(string process, int instances) => string.Create(CultureInfo.InvariantCulture,
        $"{process}: {instances} {(instances == 1 ? "instance runs" : "instances run")}");

    public static string Waiting(string trouble, TimeSpan left) => string.Create(CultureInfo.InvariantCulture,
        $"{trouble} Waiting up to {Math.Ceiling(left.TotalSeconds):0} s for it to pass.");

    public static string ScalingUp(string process, int before, int instances) => string.Create(CultureInfo.InvariantCulture,
        $"{process}: the new release replaces {(before == 1 ? "the instance" : $"the {before} instances")} first, then {instances} are started");

    public static string PutBack(string version) => $"Putting {version} back";

    public static string StoppedAll() => "Stopping what was started: there is no release before it";

    public static string LogUnreadable(string pod, string error) => $"What {pod} printed last could not be read: {Sentence(error)}";

    // The app is to blame
    public static string RunsAsRoot(string process) =>
        $"The image of {process} runs as root, or as a user by name, which the cluster does not let it. Name a user by its number in the Dockerfile, such as USER 1000.";

    public static string KeepsExiting(string process, int exitCode, int times) => string.Create(CultureInfo.InvariantCulture,
        $"{process} has ended {times} times, the last time with exit code {exitCode}. It has to keep running; look at its last lines for the reason.");

    public static string NeverHealthy(string process, string answer) =>
        $"{process} was not healthy in time: {answer} Correct what fails there, or name another health path in .paas.yml.";

    public static string TimedOut(string process, string words) => $"{process} did not get ready in time: {Sentence(words)}";

    public static string QuotaExceeded(string process, string words) =>
        $"The cluster makes no more instances of {process}, since the app has used up what it may have: {Sentence(words)} Scale it down, or have the limit raised (Kubernetes__MaxPods).";

    public static string ProbeAnswer(string path, string words) => $"GET {path} was answered badly. {Sentence(words)} On a cluster, healthy is a status from 200 to 399.";

    public static string NoAnswer(string path) => $"GET {path} was not answered.";

    // The platform or the cluster is
    public static string PodRefused(string process, string words) => $"The cluster does not make instances of {process}: {Sentence(words)}";

    public static string PullFailed(string process, string words) =>
        $"The nodes could not pull the image of {process}: {Sentence(words)} See that they reach the registry at Registry__Url, and may read from it.";

    public static string PullRefused(string process, string words) =>
        $"The registry does not let the nodes pull the image of {process}: {Sentence(words)} Check Registry__PullUsername and Registry__PullPassword (or Registry__Username and Registry__Password), and that the account may read; then replay the step.";

    public static string ImageGone(string process, string words) =>
        $"The registry does not have the image of {process} any more: {Sentence(words)} Deploy the commit again: it is built and published again.";

    public static string AddOnImageGone(string addOn, string image, string words) =>
        $"The registry does not have {image}, the image of {addOn}: {Sentence(words)} Name another version in .paas.yml, or another image in Deployer__AddOnImages__{addOn}.";

    public static string DiskFull(string process, string words) =>
        $"{process} wrote more to its disk than it may, and the cluster ended it: {Sentence(words)} Keep files in a volume or an add-on, or have the limit raised (Kubernetes__EphemeralStorage).";

    public static string RegistryUnreachable(string process, string words, NetworkTrouble trouble) =>
        $"The nodes could not pull the image of {process}: {Sentence(words)} {NetworkTexts.Remedy(trouble, "the nodes of the cluster")}";

    public static string NotConfigured(string process, string words) => $"A container of {process} could not be made: {Sentence(words)}";

    public static string NotOnNode(string process, string words) =>
        $"A node could not start an instance of {process}: {Sentence(words)} See to the node, or to what it lacks; then replay the step.";

    public static string ReleaseCommandLost(string command, string words) =>
        $"The release command '{command}' failed, and its exit code is lost: {Sentence(words)} Its output is above, as far as it was read. The release before goes on running.";

    public static string Unschedulable(string process, string words) =>
        $"No node has room for an instance of {process}: {Sentence(words)} Add nodes, or lower what apps are given (Deployer__AppMemory, Kubernetes__MemoryRequest, Kubernetes__CpuRequest).";

    public static string JobTimedOut(string command, TimeSpan timeout) => string.Create(CultureInfo.InvariantCulture,
        $"The release command '{command}' has not ended within {timeout.TotalSeconds:0} s and was stopped. The release before goes on running.");

    public static string NamespaceOfOthers(string name) =>
        $"The namespace {name} on this cluster was not made by this platform for this app, so nothing in it is touched. Rename or remove it, then replay the step.";

    public static string Gone(string kind, string name) => $"Somebody has removed the {kind} {name} while it was waited for. The step is tried again, and makes it anew.";

    public static string NamespaceEnding(string name) =>
        $"The namespace {name} is being removed; the step is tried again when it is gone. If it stays, see what it waits for: kubectl get namespace {name} -o yaml.";

    public static string AddOnWithoutPassword(string name, string app) =>
        $"The Secret of the add-on {name} in the namespace {app} has no password. Restore it from a backup: its data is opened with that one.";

    public static string AddOnNotReady(string name, TimeSpan timeout, string? why) => string.Create(CultureInfo.InvariantCulture,
        $"{name} did not take connections within {timeout.TotalSeconds:0} s. {why ?? "Look at its pod for the reason."}");

    public static string Drift(string kind, string name, IEnumerable<string> fields) =>
        $"Somebody else has changed the {kind} {name}: {string.Join(", ", fields)}. It becomes what the release says; to keep a change, make it in .paas.yml or with paas scale.";

    public static string NotPutBack(string error) => $"The release before could not be put back: {Sentence(error)} Deploy again, or roll back, once the cluster answers.";

    public static string NoRegistry() => "Nodes of a cluster pull images from a registry, and none is set. Set Registry__Url for the publisher and the deployer, and deploy again.";

    public static string OtherImage(string pod, string image, string digest) =>
        $"The pod {pod} runs the image {image}, which is not {digest}, the one that was built. Deploy again to make a new release.";

    public static string NoPods(string version) => $"No instance of {version} runs on the cluster any more. Deploy again, or see who has removed them.";

    public static string NoAddress(string service, TimeSpan timeout) => string.Create(CultureInfo.InvariantCulture,
        $"The load balancer of {service} has not got an address within {timeout.TotalSeconds:0} s. See that the cluster has a provider of load balancers, or set Kubernetes__Exposure=Ingress.");

    public static string UrlUnreachable(string url, string error) => $"{url} could not be reached: {Sentence(error)} See that the name leads to the cluster's ingress controller.";

    // Runs
    public static string NotOnCluster(string app, string version) => $"{version} of {app} does not run on the cluster, so there is nothing to run a command beside. Deploy it first.";

    public static string JobOfOthers(string name, string @namespace) => $"The Job {name} in the namespace {@namespace} belongs to somebody else. Run the command again; it gets another name.";

    public static string RunNeverStarted(string run, string @namespace) =>
        $"The cluster has not started {run} in time, and it was given up. See why: kubectl get events -n {@namespace}. Then run it again.";

    public static string RunInterrupted(string run, string? words) =>
        $"The cluster has ended {run}: {Sentence(words is null or "" ? "its pod is gone" : words)} Start it again if it is still needed.";

    private static string Sentence(string words) => words.TrimEnd().TrimEnd('.') + ".";
}
