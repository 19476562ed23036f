using System.Text.RegularExpressions;
using Paas.Hosting.Network;

namespace Paas.CodeDownloader.Git;

internal enum GitProblem
{
    NotFound,
    NeedsCredentials,
    Forbidden,
    CommitMissing,
    OnlyBranches,
    Moved,
    OtherHash,
    Unreachable,
    DiskFull,
    TooMuchMemory,

    /// <summary>The server, or the repository, does not keep to what git is.</summary>
    Broken,
    Unknown,
}

/// <summary>Reads from git's own words, in the C locale, what went wrong.</summary>
internal static partial class GitErrors
{
    private static readonly (GitProblem Problem, Regex Words)[] Known =
    [
        (GitProblem.DiskFull, DiskFull()),
        (GitProblem.TooMuchMemory, TooMuchMemory()),
        (GitProblem.NeedsCredentials, NeedsCredentials()),
        (GitProblem.Forbidden, Forbidden()),
        (GitProblem.Moved, Moved()),
        (GitProblem.NotFound, NotFound()),
        (GitProblem.OnlyBranches, OnlyBranches()),
        (GitProblem.CommitMissing, CommitMissing()),
        (GitProblem.OtherHash, OtherHash()),
        (GitProblem.Unreachable, Unreachable()),
    ];

    public static GitProblem Classify(GitResult result)
    {
        foreach (var (problem, words) in Known)
        {
            if (result.Errors.Any(words.IsMatch))
                return problem;
        }

        // What the server says of its own accord begins with "remote: ".
        var network = result.Errors.Where(line => !line.StartsWith("remote: ", StringComparison.Ordinal)).Select(NetworkWords.Read).OfType<NetworkTrouble>().ToList();
        // An answer that ends too early may have been whole: then what was sent is no pack.
        if (network.Exists(trouble => trouble.Problem != NetworkProblem.BrokeOff))
            return GitProblem.Unreachable;
        return result.Errors.Any(Broken().IsMatch) ? GitProblem.Broken : network.Count > 0 ? GitProblem.Unreachable : GitProblem.Unknown;
    }

    /// <summary>The most telling line, without URLs' secrets, for the end of a sentence.</summary>
    public static string Explain(GitResult result, string? secret)
    {
        var line = result.Errors.FirstOrDefault(line => line.StartsWith("fatal: ", StringComparison.Ordinal))
            ?? result.Errors.FirstOrDefault(line => line.StartsWith("error: ", StringComparison.Ordinal))
            ?? $"git ended with exit code {result.ExitCode}";
        line = UnableToAccess().Replace(line, "");
        return Sanitise(Prefix().Replace(line, ""), secret);
    }

    /// <summary>Takes credentials, queries and control characters out of what is shown to people.</summary>
    public static string Sanitise(string text, string? secret)
    {
        if (!string.IsNullOrEmpty(secret))
            text = text.Replace(secret, "[secret]", StringComparison.Ordinal);
        text = UserInfo().Replace(text, "://");
        text = Query().Replace(text, "");
        text = string.Concat(text.Where(character => !char.IsControl(character))).Trim().TrimEnd('.');
        return text.Length > 300 ? text[..300] + "…" : text;
    }

    [GeneratedRegex("No space left on device|Disk quota exceeded|Read-only file system")]
    private static partial Regex DiskFull();

    [GeneratedRegex("Out of memory|over limit [0-9]|Cannot allocate memory|out of memory|too large for this platform|mmap failed")]
    private static partial Regex TooMuchMemory();

    [GeneratedRegex("could not read (Username|Password) for|Authentication failed for|returned error: 401")]
    private static partial Regex NeedsCredentials();

    [GeneratedRegex("returned error: 403")]
    private static partial Regex Forbidden();

    [GeneratedRegex("returned error: 30[12378]|HTTP 30[12378] curl|unable to update url base from redirection")]
    private static partial Regex Moved();

    [GeneratedRegex("^fatal: (repository '.*' not found|'.*' does not appear to be a git repository|.* not valid: is this a git repository\\?)"
        + "|returned error: (404|410)|detected dubious ownership")]
    private static partial Regex NotFound();

    [GeneratedRegex("not allow request for unadvertised object|does not support shallow|Server does not support shallow")]
    private static partial Regex OnlyBranches();

    [GeneratedRegex("not our ref|couldn't find remote ref|no such remote ref")]
    private static partial Regex CommitMissing();

    [GeneratedRegex("mismatched algorithms|unknown object format")]
    private static partial Regex OtherHash();

    // Whatever the reason; those of the network are known to NetworkWords.
    [GeneratedRegex("unable to access|returned error: [0-9]{3}|RPC failed|Could not read from remote repository|Connection reset")]
    private static partial Regex Unreachable();

    // A pack that ends too early although the answer was whole; what is no pack, no list of refs, no tree.
    [GeneratedRegex("early EOF|unexpected disconnect|remote end hung up|expected flush after|pack-objects died|pack has|[Pp]ack is corrupt|bad pack"
        + "|pack signature|index-pack|inflate|unresolved delta|protocol error|bad line length|invalid (ls-refs|server) response|unknown (capability|object format)"
        + "|malformed|did not send all necessary objects|missing necessary objects|bad (object|tree)|too-short tree|empty filename|corrupt|[Nn]ot a (tree|commit)"
        + "|unable to (read|parse)|could not (parse|read)|cannot (read|unpack)|unexpected (line|object|response)|expected '|[Ii]nvalid (object|tree|sha1)|fsck|garbage")]
    private static partial Regex Broken();

    [GeneratedRegex("unable to access '[^']*': ")]
    private static partial Regex UnableToAccess();

    [GeneratedRegex("^(fatal|error): ")]
    private static partial Regex Prefix();

    [GeneratedRegex("://[^/@\\s']*@")]
    private static partial Regex UserInfo();

    [GeneratedRegex("(?<=://[^\\s?']*)\\?[^\\s']*")]
    private static partial Regex Query();
}

/// <summary>Git failed for a reason that lies with the platform, the network or the server: worth another try.</summary>
public sealed class CodeDownloadException(string message) : Exception(message);

/// <summary>Git failed in a way that a damaged cache can explain.</summary>
public sealed class CacheDamagedException(string message) : Exception(message);
