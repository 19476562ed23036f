namespace Paas.Gateway;

/// <content>How instances are.</content>
internal static partial class GatewayTexts
{
    public static string InstancesUnknown(string target) =>
        $"How the instances on the target '{target}' are is unknown: the deployer did not answer in time. Check that it is running.";

    public static string CrashLooping(string instance, int release, int restarts, int? exitCode) =>
        $"{instance} of v{release} keeps crashing: it was started again {restarts} {(restarts == 1 ? "time" : "times")}{(exitCode is null ? "" : $", and last ended with exit code {exitCode}")}.";

    public static string Recovered(string process, int release) => $"{process} of v{release} is stable again.";
}
