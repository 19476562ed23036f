using System.Globalization;
using Paas.Kubernetes.Access;

namespace Paas.Kubernetes;

/// <summary>What is said to people about the cluster.</summary>
internal static class KubernetesTexts
{
    public const string AuthorityFile = "the certificate of the cluster's authority";
    public const string TokenFile = "the token";
    public const string KubeconfigFile = "the kubeconfig";

    public static string ClientFile(string field) => field == "client-key" ? "the key of the client certificate" : "the client certificate";

    // Settings.
    public static string ContextWithoutKubeconfig(string context) =>
        $"Kubernetes__Context is '{context}', but Kubernetes__Kubeconfig is not set. A context is one of a kubeconfig: set the file too, or leave out both to use the pod's service account.";

    public static string WrongTimeout(TimeSpan given) =>
        $"Kubernetes__RequestTimeout is {given}. It has to be more than nothing, and 10 minutes at most.";

    // Ways in.
    public static string Cluster(string path, string name) => $"of the cluster '{name}' in {path}";

    public static string User(string path, string name) => $"of the user '{name}' in {path}";

    public static string OfServiceAccount(string folder) => $"of the service account in {folder}";

    public static string NotInCluster(string variable) =>
        $"This does not run in a pod of Kubernetes: {variable} is not set. Set Kubernetes__Kubeconfig to a kubeconfig file.";

    public static string WrongServiceAddress(string hostVariable, string portVariable, string host, string port) =>
        $"{hostVariable} is '{host}' and {portVariable} is '{port}', and that is no address of an API server. Kubernetes sets both in every pod; see what has changed them.";

    public static string FileUnreadable(string path, string what, bool isMissing) => isMissing
        ? $"There is no file {path}; it should hold {what}. Correct the path, or put the file there."
        : $"{path}, which should hold {what}, can't be read. See that it is a file and that the platform's user may read it.";

    public static string FileTooLarge(string path, string what, int limit) =>
        $"{path} is larger than {limit / 1024} KiB, and so it is not {what}. Correct the path.";

    public static string NotYaml(string path, long line) =>
        $"{path} is no kubeconfig: it can't be read as YAML at line {line}. Anchors, tags and keys given twice are not read either. Try kubectl config view --kubeconfig with it.";

    public static string NoMapping(string path) =>
        $"{path} is no kubeconfig: it has no clusters, contexts and users in it. Correct Kubernetes__Kubeconfig.";

    public static string NoCurrentContext(string path, string[] names) =>
        $"{path} has no current-context. Set Kubernetes__Context{Choice(names)}.";

    public static string NoContext(string path, string name, string[] names) =>
        $"{path} has no context '{name}'. Set Kubernetes__Context{Choice(names)}.";

    public static string NoCluster(string path, string context, string name) =>
        $"The context '{context}' in {path} is of the cluster '{name}', which is not there. Correct the file.";

    public static string NoUser(string path, string context, string name) =>
        $"The context '{context}' in {path} is of the user '{name}', who is not there. Correct the file.";

    public static string WrongServer(string where) =>
        $"The server {where} is no address. It has to be https://host:port, without a user or a query.";

    public static string WrongProxy(string where) => $"The proxy-url {where} is no address. It has to be http://, https:// or socks5:// with a host and a port.";

    public static string WrongTlsName(string where) => $"The tls-server-name {where} is no name of a host.";

    public static string NotAFlag(string name, string where) => $"{name} {where} has to be true or false.";

    public static string NotBase64(string where) => $"The {where} is not Base64. Copy the field again, in one piece.";

    public static string NoCertificate(string where) => $"There is no certificate in {where}. It has to be PEM, beginning with -----BEGIN CERTIFICATE-----.";

    public static string NoClientCertificate(string where) =>
        $"The client certificate {where} can't be used. Certificate and key have to be PEM, belong together, and the key must have no password.";

    public static string HalfACertificate(string where) =>
        $"There is a client certificate without a key {where}, or a key without a certificate. Give client-certificate and client-key, or their -data, both.";

    public static string NotAToken(string where) => $"{where} holds no token: one line without blanks.";

    public static string NotSupported(string where, string field) =>
        $"'{field}' {where} is not supported. Use a token, a client certificate or an exec plugin.";

    public static string SecretsInPlain(string where) =>
        $"The server is http://, and what stands with the user {where} would be sent for all to read. Use https:// or a user without credentials.";

    // Exec plugins.
    public static string ExecWithoutCommand(string where) => $"The exec plugin {where} has no command.";

    public static string ExecVersion(string where, string command) =>
        $"The exec plugin {command} {where} has an apiVersion other than client.authentication.k8s.io/v1 or v1beta1. Renew the kubeconfig with the cluster's own tool.";

    public static string ExecInteractive(string where, string command) =>
        $"The exec plugin {command} {where} always asks at a terminal, and the platform has none. Use a service account or a plugin that needs no answers.";

    public static string ExecMissing(ExecPlugin plugin) =>
        $"The exec plugin {plugin.Command} {plugin.Where} is not installed where the platform runs.{(plugin.InstallHint is { Length: > 0 } hint ? $" The kubeconfig says: {Line(hint, 300)}" : "")}";

    public static string ExecNotStarted(ExecPlugin plugin, string reason) => $"The exec plugin {plugin.Command} {plugin.Where} can't be started: {reason}";

    public static string ExecFailed(ExecPlugin plugin, int code, IReadOnlyList<string> errors) =>
        $"The exec plugin {plugin.Command} {plugin.Where} ended with {code}{Printed(errors)}";

    public static string ExecSlow(ExecPlugin plugin, TimeSpan limit, IReadOnlyList<string> errors) =>
        string.Create(CultureInfo.InvariantCulture, $"The exec plugin {plugin.Command} {plugin.Where} had not ended after {limit.TotalSeconds:0} s{Printed(errors)}");

    public static string ExecTooMuch(ExecPlugin plugin, int limit) =>
        $"The exec plugin {plugin.Command} {plugin.Where} printed more than {limit / 1024} KiB; it should print one ExecCredential.";

    public static string ExecOtherAnswer(ExecPlugin plugin) =>
        $"The exec plugin {plugin.Command} {plugin.Where} printed something other than an ExecCredential of {plugin.ApiVersion}. See that the kubeconfig's apiVersion is one the plugin speaks.";

    public static string ExecNothing(ExecPlugin plugin) =>
        $"The exec plugin {plugin.Command} {plugin.Where} printed an ExecCredential with neither a token nor a client certificate with its key.";

    public static string ExecAnswer(ExecPlugin plugin) => $"the answer of the exec plugin {plugin.Command} {plugin.Where}";

    // The API.
    public static string Unreachable(Uri server, string reason) =>
        $"The Kubernetes API at {server} does not answer ({reason}). See that it runs, and that this service may reach it.";

    public static string NotTrusted(Uri server, string reason) =>
        $"The Kubernetes API at {server} shows a certificate that is not trusted ({reason}). Correct certificate-authority or tls-server-name in the kubeconfig.";

    public static string Silent(Uri server, TimeSpan limit) =>
        string.Create(CultureInfo.InvariantCulture, $"The Kubernetes API at {server} has not answered within {limit.TotalSeconds:0.#} s.");

    public static string WentAway(Uri server) => $"The Kubernetes API at {server} has gone away in the middle of its answer.";

    public static string NotAnApi(Uri server, string what) =>
        $"What answers at {server} is not a Kubernetes API: asked to {what}, it sent no JSON object. Correct the server of the kubeconfig.";

    public static string TooMuch(Uri server, string what, long limit) =>
        $"Asked to {what}, the Kubernetes API at {server} sent more than {limit / (1024 * 1024)} MiB.";

    public static string TooMany(Uri server, string what, int limit) => $"Asked to {what}, the Kubernetes API at {server} sent more than {limit} objects.";

    public static string KeepsExpiring(Uri server, string what) => $"Asked to {what}, the Kubernetes API at {server} forgot the list before it was complete, several times.";

    public static string Refused(Uri server, string what, int code, string said) => $"The Kubernetes API at {server} would not {what} ({code}): {said}";

    public static string Unauthorized(Uri server, string what, string origin) =>
        $"The Kubernetes API at {server} would not {what} (401): it does not accept the credentials {origin}. Renew them.";

    public static string TooLarge => "the object is too large; the cluster takes about 3 MiB in a request, and 1 MiB in a Secret or a ConfigMap";

    public static string Withheld(string reason) => $"{(reason.Length == 0 ? "the server gives a reason" : reason)}; its words are left out, because they may quote a secret";

    public static string UnknownKind(string apiVersion, string kind) => $"Objects of the kind '{kind}' in '{apiVersion}' are not among those the platform handles.";

    public static string NoName(string name) => $"'{name}' can't be the name of an object.";

    // What the API was asked to do.
    public static string ToApply(KubernetesObject thing) => $"apply {thing}";

    public static string ToCreate(KubernetesObject thing) => $"create {thing}";

    public static string To(string verb, KubernetesResource type, string? @namespace, string name) => $"{verb} {type.Kind} {(type.IsNamespaced ? $"{@namespace}/" : "")}{name}";

    public static string ToAll(string verb, KubernetesResource type, string? @namespace) =>
        $"{verb} {type.Plural}{(type.IsNamespaced ? @namespace is null ? " of all namespaces" : $" of the namespace {@namespace}" : "")}";

    public const string ToTellItsVersion = "tell its version";

    public static string Line(string text, int limit)
    {
        var line = string.Concat(text.Select(character => char.IsControl(character) ? ' ' : character)).Trim();
        return line.Length <= limit ? line : line[..limit] + "…";
    }

    private static string Choice(string[] names) => names.Length == 0 ? "" : $" to one of {string.Join(", ", names)}";

    private static string Printed(IReadOnlyList<string> errors) => errors.Count == 0 ? " and printed no error." : $": {Line(string.Join(' ', errors), 1500)}";
}
