using System.Net;

namespace Paas.Docker;

/// <summary>What is said to people about the engine.</summary>
internal static class DockerTexts
{
    public static string WrongEndpoint(string given) =>
        $"Docker__Endpoint is '{given}'. It has to be unix:///path/to/docker.sock or tcp://host:port, or be left out where no containers are run.";

    public static string NoCertificates(string folder) =>
        $"Docker__TlsFolder is '{folder}', and there is no ca.pem in it. It has to hold ca.pem, cert.pem and key.pem, or be left out for an engine without TLS.";

    public static string WrongRegistry() =>
        "Registry__Url has to be an http or https URL without a user or a query, such as https://registry.example.com/paas.";

    public static string WrongRegistryPath(string path) =>
        $"'{path}' in Registry__Url is not the beginning of a repository's name: lower case, digits, '.', '_' and '-', with '/' between them. Leave out /v2.";

    public static string HalfTheCredentials() =>
        "Set Registry__Url together with both Registry__Username and Registry__Password, or with neither of the two.";

    public static string HalfThePullCredentials() =>
        "Set Registry__Url together with both Registry__PullUsername and Registry__PullPassword, or with neither of the two.";

    public static string Unreachable(string endpoint) =>
        $"The Docker Engine at {endpoint} does not answer. See that it runs, and that this service may use it.";

    public static string WentAway(string endpoint) =>
        $"The Docker Engine at {endpoint} has gone away in the middle of its answer.";

    public static string Refused(string endpoint, string what, HttpStatusCode status, string reason) =>
        $"The Docker Engine at {endpoint} would not {what} ({(int)status}): {reason}";

    public static string TooOld(string endpoint, string has, string needed) =>
        $"The Docker Engine at {endpoint} speaks version {has} of its API, and {needed} is the oldest that will do. Install Docker 20.10 or newer.";

    public static string PieceWithoutTime() => "The Docker Engine sent a line without the time at which it was printed.";

    public static string PushRefused(string repository, string reason) =>
        $"The image registry does not take {repository} from the platform ({reason}). Correct Registry__Username and Registry__Password, and see that the user may write to the repository.";

    public static string RegistryNotTrusted(string endpoint, string repository, string reason) =>
        $"The Docker Engine at {endpoint} does not trust the registry of {repository} ({reason}). Give the registry a certificate that the engine's machine trusts, or name it under insecure-registries in the engine's daemon.json.";

    public static string PushFailed(string endpoint, string repository, string reason) =>
        $"The Docker Engine at {endpoint} could not push {repository}: {reason}. Look whether the registry runs, and at its log.";

    public static string PushOfNothing(string endpoint, string repository) =>
        $"The Docker Engine at {endpoint} no longer has the image that was to be pushed to {repository}.";

    public static string PushedWithoutDigest(string endpoint, string repository) =>
        $"The Docker Engine at {endpoint} has pushed {repository}, but does not say under which digest. Look at the engine's log.";

    public static string NotPulled(string endpoint, string image, string reason) =>
        $"The Docker Engine at {endpoint} could not pull {image}: {reason.TrimEnd('.')}. See that the registry runs, that it has the image, and that Registry__Username and Registry__Password are right.";
}
