using System.Globalization;
using Paas.Hosting.Source;

namespace Paas.CodeDownloader;

/// <summary>What the developer and the operator are told by this service.</summary>
internal static class CodeDownloaderTexts
{
    private const int MaxNamed = 5;

    // The log.
    public static string Resolving(RepositoryUrl url, string? reference) => $"Looking up {reference ?? "the default branch"} of {url}";

    public static string Fetching(string commit, RepositoryUrl url) => $"Fetching {commit[..7]} from {url}";

    public static string FetchedBefore(string commit, RepositoryUrl url) => $"Taking {commit[..7]} of {url}, fetched before";

    public static string Fetched(long bytes) => $"Received {Size(bytes)}";

    public static string FetchingBranches() => "This server gives out whole branches only; fetching them with their history";

    public static string WaitingForPush(string branch) => $"{branch} does not show the push yet; looking again";

    public static string CommitSubject(string commit, string? message, string? author) =>
        $"Commit {commit[..7]}{(message is null ? "" : $" \"{message}\"")}{(author is null ? "" : $" by {author}")}";

    public static string Contents(int files, long bytes) =>
        $"{files.ToString("N0", CultureInfo.InvariantCulture)} {(files == 1 ? "file" : "files")}, {Size(bytes)}";

    public static string WaitingForOtherDownload() => "Waiting for another download of this app to end";

    public static string CacheDamaged() => "What was fetched before is damaged; fetching everything anew";

    public static string RepositoryMoved(RepositoryUrl url) => $"The repository has moved to {url}. Give the app its new URL.";

    public static string FetchingSubmodule(string path, string commit, RepositoryUrl url) => $"Submodule {Visible(path)}: {commit[..7]} of {url}";

    public static string SubmodulesUnnamed(IReadOnlyList<string> paths) =>
        $"The commit holds submodules whose URL .gitmodules does not say; their folders stay empty: {Some(paths)}. "
        + "Add them with 'git submodule add', or copy what they hold into the repository.";

    public static string SymlinksLeftOut(IReadOnlyList<string> paths) =>
        $"Symlinks that lead out of the repository are left out: {Some(paths)}. "
        + "Let them point, by a relative path, to something within if the app needs them.";

    public static string LfsNotFetched(IReadOnlyList<string> paths) =>
        $"Files kept by Git LFS are not fetched, only their pointers: {Some(paths)}. Commit the files themselves if the app needs them.";

    public static string TokenInClear(RepositoryUrl url) =>
        $"The repository token travels unencrypted to {url.Host}. Use the repository's https URL if it has one.";

    // What the developer can mend.
    public static string CommitMalformed(string commit) =>
        $"'{(commit.Length > 60 ? commit[..60] + "…" : commit)}' is not a commit. Give all 40 hex digits of the commit's SHA, or deploy a branch or tag.";

    public static string RepositoryNotFound(RepositoryUrl url, bool withToken) =>
        $"There is no git repository at {url}. Check the URL"
        + (withToken ? ", and that the app's repository token may read it." : "; if the repository is private, give the app a repository token.");

    public static string CredentialsNeeded(RepositoryUrl url) =>
        $"{url} does not exist or is private: {url.Host} asks for credentials. "
        + "Check the URL; if the repository is private, give the app a repository token.";

    public static string CredentialsRefused(RepositoryUrl url) =>
        $"{url.Host} refused the app's repository token for {url}. "
        + "It may have expired, or may not read this repository: give the app a new one.";

    public static string Forbidden(RepositoryUrl url, bool withToken) =>
        $"{url.Host} denied access to {url} (403). "
        + (withToken ? "Check that the app's repository token may read this repository." : "Give the app a repository token that may read it.");

    public static string TokenMalformed() => "The app's repository token is empty or contains control characters. Give the app a new one.";

    public static string RepositoryEmpty(RepositoryUrl url) => $"The repository {url} is empty. Push a commit to it and deploy again.";

    public static string RefNotFound(RepositoryUrl url, string reference, IReadOnlyList<string> branches) =>
        $"There is no branch or tag '{reference}' in {url}. {Branches(branches)}";

    public static string NoDefaultBranch(RepositoryUrl url, IReadOnlyList<string> branches) =>
        $"The default branch of {url} does not exist. {Branches(branches)}";

    public static string RefGone(RepositoryUrl url) =>
        $"The branch or tag was not found in {url}. It may have been deleted since it was pushed: deploy another one.";

    public static string CommitNotFound(RepositoryUrl url, string commit) =>
        $"The commit {commit} is not in {url}. "
        + "It may have been replaced by a forced push: deploy the branch again to take its newest commit.";

    public static string NotACommit(RepositoryUrl url, string id) =>
        $"{id} in {url} is not a commit but another git object. Deploy a commit, or a branch or tag that stands for one.";

    public static string OtherHash(RepositoryUrl url) =>
        $"The repository {url} uses SHA-256 object names, which are not supported here. Deploy a repository with SHA-1 names.";

    public static string RedirectedNowhere(RepositoryUrl url) =>
        $"{url} redirects to something that is not a git repository. Give the app the repository's present URL.";

    public static string RedirectedElsewhere(RepositoryUrl url, string target) =>
        $"{url} redirects to {target}, which is not followed because it is another host or a less safe address. "
        + "If that is where the repository is now, give the app this URL.";

    public static string FetchTooLarge(RepositoryUrl url, long limit) =>
        $"Fetching the commit from {url} was stopped after {Size(limit)}, the most that may be received. "
        + "Take large files out of the repository, or ask the operator to raise Source__MaxFetchBytes.";

    public static string TooMuchMemory(string repository, string explanation) =>
        $"Reading {repository} needs more memory than git may have ({explanation}). One of its objects, or its list of refs, is too large or made to do harm: "
        + "take large files out of the repository, or ask the operator to raise CodeDownloader__GitMemoryBytes.";

    public static string RefsTooMany(RepositoryUrl url, long limit) =>
        $"The list of branches and tags of {url} has more than {Size(limit)}, the most that is read. Remove those that are no longer needed.";

    public static string RepositoryBroken(string repository, string explanation) =>
        $"What {repository} sends is not a repository that git can unpack: {explanation}. Check that the URL is that of a git repository, and check the repository with 'git fsck'.";

    public static string PathsTooLong(long limit) =>
        $"The paths of the commit have more than {Size(limit)} together. Give files and folders shorter names, or leave out what need not be committed.";

    public static string SubmodulesTooMany(string path, int max, int depth) =>
        $"The commit has more than {max} submodules, or submodules within each other more than {depth} deep, at {Visible(path)}. Copy what they hold into the repository.";

    public static string SubmoduleNotFetched(string path, string why) => $"The submodule {Visible(path)} could not be fetched. {why}";

    public static string TooManyFiles(int limit) =>
        $"The commit has more than {limit.ToString("N0", CultureInfo.InvariantCulture)} files. "
        + "Leave out what need not be committed (such as node_modules), or ask the operator to raise Source__MaxFiles.";

    public static string TooManyFolders(int limit) =>
        $"The commit has more than {limit.ToString("N0", CultureInfo.InvariantCulture)} folders. "
        + "Leave out what need not be committed, or ask the operator to raise Source__MaxFiles.";

    public static string FileTooLarge(string path, long size, long limit) =>
        $"The file {path} has {Size(size)}; a file may have up to {Size(limit)}. "
        + "Take it out of the repository, or ask the operator to raise Source__MaxFileBytes.";

    public static string SourceTooLarge(string path, long limit) =>
        $"The files of the commit have more than {Size(limit)} together (reached at {path}). "
        + "Take large files out of the repository, or ask the operator to raise Source__MaxSourceBytes.";

    public static string PathRefused(string path) =>
        $"The commit holds a path that cannot be unpacked safely: {Visible(path)}. Rename or remove it.";

    public static string PathTwice(string path) => $"The commit holds the path {Visible(path)} twice. Repair the repository with 'git fsck' and push again.";

    public static string SymlinksTooMany(string path) =>
        $"The commit holds too many symlinks, too long ones, or too many that lead to others, at {Visible(path)}. Remove what the app does not need.";

    // What the platform or the network has to mend.
    public static string GitMissing() => "git is not installed where the code-downloader runs. Install it and replay the deployment.";

    public static string TokenNotOpened() =>
        "The app's repository token was sealed with a key this service does not have. "
        + "Share the key ring (the folder 'keys' of the data directory) between the services, or give the app its token again.";

    public static string Unreachable(RepositoryUrl url, string explanation) =>
        $"{(url.Host.Length > 0 ? url.HostAndPort : url.Value)} could not be reached or did not answer properly: {explanation}.";

    public static string NotReached(RepositoryUrl url, string explanation) =>
        $"{(url.Host.Length > 0 ? url.HostAndPort : url.Value)} could not be reached or did not answer as a git server: {explanation}.";

    public static string NotInspected(RepositoryUrl url, TimeSpan limit) =>
        $"{(url.Host.Length > 0 ? url.HostAndPort : url.Value)} did not answer within {limit.TotalSeconds:0} s.";

    public static string TimedOut(RepositoryUrl url, TimeSpan timeout) =>
        $"Fetching from {url} took longer than {timeout.TotalSeconds:0} s. "
        + "If the repository is that large, raise Source__FetchTimeout.";

    public static string DiskFull(string explanation) =>
        $"The platform's disk cannot take the source: {explanation}. The operator has to make room.";

    public static string FetchFailed(RepositoryUrl url, string explanation) => $"Fetching from {url} failed: {explanation}.";

    public static string CacheNotCreated(string explanation) => $"The git cache could not be made: {explanation}. Check the data directory.";

    public static string CacheUnreadable(string explanation) => $"The git cache cannot be read: {explanation}. It is made again.";

    public static string ArchiveBroken() => "git wrote only a part of the archive. The cache is made anew.";

    public static string ArchiveIncomplete(int found, int expected) =>
        $"git wrote an archive with {found} files where the commit has {expected}. The cache is made anew.";

    private static string Branches(IReadOnlyList<string> names) => names.Count == 0
        ? "The repository has no branches: push one and deploy again."
        : $"Deploy one of its branches: {Some(names)}.";

    private static string Some(IReadOnlyList<string> names) =>
        string.Join(", ", names.Take(MaxNamed).Select(Visible)) + (names.Count > MaxNamed ? $" and {names.Count - MaxNamed} more" : "");

    private static string Visible(string text) =>
        string.Concat(text.Take(200).Select(character => char.IsControl(character) ? '?' : character)) + (text.Length > 200 ? "…" : "");

    private static string Size(long bytes) => bytes switch
    {
        < 1_024 => $"{bytes} bytes",
        < 1 << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.#} KiB"),
        < 1L << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 20):0.#} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.#} GiB"),
    };
}
