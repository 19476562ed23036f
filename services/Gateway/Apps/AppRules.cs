using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;
using Paas.Contracts.Api;
using Paas.Gateway.Http;
using Paas.Gateway.Webhooks;
using Paas.Hosting.Source;

namespace Paas.Gateway.Apps;

/// <summary>What an app's properties may be.</summary>
internal sealed partial class AppRules(IOptions<GatewayOptions> gateway, IOptions<SourceOptions> source)
{
    private const int MinSecretLength = 16;
    private const int MaxSecretLength = 500;
    private const int MaxTokenLength = 2_000;
    private const int MaxRootLength = 200;

    /// <summary>Host names the platform, or whoever runs it, may need under its domain; or that visitors would trust.</summary>
    private static readonly HashSet<string> ReservedNames =
    [
        "admin", "api", "app", "apps", "auth", "autoconfig", "autodiscover", "console", "dashboard", "ftp", "gateway", "git", "health", "imap", "localhost",
        "login", "mail", "metrics", "mta-sts", "ns1", "ns2", "openapi", "paas", "platform", "pop", "registry", "root", "router", "smtp", "status", "system",
        "webhook", "webhooks", "wpad", "www",
    ];

    public static string Name(string? name)
    {
        if (string.IsNullOrEmpty(name))
            throw ProblemException.Invalid("name", GatewayTexts.NameMissing());
        if (!NamePattern().IsMatch(name))
            throw ProblemException.Invalid("name", GatewayTexts.NameMalformed(name));
        if (name.Length >= 4 && name[2] == '-' && name[3] == '-')
            throw ProblemException.Invalid("name", GatewayTexts.NameLikePunycode(name));
        return ReservedNames.Contains(name) ? throw ProblemException.Invalid("name", GatewayTexts.NameReserved(name)) : name;
    }

    public (string Url, string Key) Repository(string? url)
    {
        if (!RepositoryUrl.TryParse(url, source.Value, out var parsed, out var error))
            throw ProblemException.Invalid("repository", error);
        return (parsed.Value, RepositoryUrl.Key(parsed.Value) ?? throw ProblemException.Invalid("repository", GatewayTexts.RepositoryWithoutName(parsed.Value)));
    }

    public static string Branch(string branch)
    {
        const string prefix = "refs/heads/";
        var name = branch.StartsWith(prefix, StringComparison.Ordinal) ? branch[prefix.Length..] : branch;
        return RefName.Check(name) is { } error ? throw ProblemException.Invalid("branch", error) : name;
    }

    /// <summary>A folder of the repository as git has it; null for the whole repository.</summary>
    public static string? Root(string? root)
    {
        var parts = (root ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".").ToArray();
        return root is { Length: > MaxRootLength } || parts.Contains("..") || root?.StartsWith('/') is true || parts.Any(part => part.Any(c => char.IsControl(c) || c == '\\'))
            ? throw ProblemException.Invalid("root", GatewayTexts.RootMalformed(root!))
            : parts.Length == 0 ? null : string.Join('/', parts);
    }

    public string AppTarget(string target) => gateway.Value.AvailableTargets.Contains(target)
        ? target
        : throw ProblemException.Invalid("target", GatewayTexts.TargetUnavailable(target, gateway.Value.AvailableTargets));

    public static string Policy(string policy) => ConcurrencyPolicy.All.Contains(policy)
        ? policy
        : throw ProblemException.Invalid("policy", GatewayTexts.PolicyUnknown(policy, ConcurrencyPolicy.All));

    /// <returns>Null for none: all pushes are deployed.</returns>
    public static IReadOnlyList<string>? WatchPaths(IReadOnlyList<string> patterns)
    {
        if (patterns.Count > WatchedPaths.MaxPatterns || !patterns.All(WatchedPaths.IsValid))
            throw ProblemException.Invalid("watchPaths", GatewayTexts.WatchPathMalformed(WatchedPaths.MaxPatterns, WatchedPaths.MaxLength));
        return patterns.Count == 0 ? null : patterns;
    }

    public static string WebhookSecret(string secret) => secret.Length is >= MinSecretLength and <= MaxSecretLength && !secret.Any(char.IsControl)
        ? secret
        : throw ProblemException.Invalid("webhookSecret", GatewayTexts.SecretLength(MinSecretLength, MaxSecretLength));

    public static string RepositoryToken(string token) => token.Length <= MaxTokenLength && token.All(character => character is > ' ' and < '\x7f')
        ? token
        : throw ProblemException.Invalid("repositoryToken", GatewayTexts.RepositoryTokenMalformed());

    [GeneratedRegex(@"^[a-z][a-z0-9-]{0,38}[a-z0-9]\z")]
    private static partial Regex NamePattern();
}
