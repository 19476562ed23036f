using System.Text.RegularExpressions;

namespace Paas.Hosting.Network;

/// <summary>How the output of a tool that fetches things looks when it fails.</summary>
/// <param name="Name">The tool, for people.</param>
/// <param name="Own">Every line the tool writes around a failure. A line that does not match was written by something else.</param>
/// <param name="Error">Those of them that say why.</param>
internal sealed partial record ToolShape(string Name, Regex Own, Regex Error)
{
    /// <summary>A line without which the lines are not of this tool, or not of a failed fetch; null if there is none.</summary>
    public Regex? Needs { get; init; }

    /// <summary>A line that shows that the tool got what it asked for, and that something else was wrong.</summary>
    public Regex? Excuse { get; init; }

    /// <summary>Whether a host within the machine, or without a domain, may be where the tool fetches from. Of curl it is rather the app itself.</summary>
    public bool TakesLocalHosts { get; init; } = true;

    /// <summary>Where the tool fetches from if it says nothing of it.</summary>
    public string? DefaultHost { get; init; }

    /// <summary>Whether 403 means that this user may not see it, as it does for git.</summary>
    public bool DeniesByUser { get; init; }

    /// <summary>Whether the tool breaks sentences into several lines at a fixed width.</summary>
    public bool WrapsLines { get; init; }

    /// <summary>All tools that are known.</summary>
    public static IReadOnlyList<ToolShape> All { get; } =
    [
        new("pip", PipOwn(), PipError()) { Needs = PipNeeds(), Excuse = PipExcuse(), DefaultHost = "pypi.org" },
        new("uv", UvOwn(), UvError()) { Needs = UvNeeds() },
        new("Poetry", PoetryOwn(), PoetryError()),
        new("npm", NpmOwn(), NpmError()) { Needs = NpmNeeds() },
        new("pnpm", PnpmOwn(), PnpmError()),
        new("yarn", YarnOwn(), YarnError()) { Needs = YarnNeeds() },
        new("yarn", BerryOwn(), BerryError()),
        new("NuGet", NuGetOwn(), NuGetError()),
        new("go", GoOwn(), GoError()),
        new("Composer", ComposerOwn(), ComposerError()) { Needs = ComposerNeeds(), WrapsLines = true },
        new("cargo", CargoOwn(), CargoError()) { Needs = CargoNeeds() },
        new("Bundler", BundlerOwn(), BundlerError()),
        new("Maven", MavenOwn(), MavenError()),
        new("Gradle", GradleOwn(), GradleError()) { Needs = GradleNeeds() },
        new("apt", AptOwn(), AptError()),
        new("apk", ApkOwn(), ApkError()),
        new("dnf", DnfOwn(), DnfError()) { Needs = DnfNeeds() },
        new("git", GitOwn(), GitError()) { TakesLocalHosts = false, DeniesByUser = true },
        new("curl", CurlOwn(), CurlError()) { TakesLocalHosts = false },
        new("wget", WgetOwn(), WgetError()) { TakesLocalHosts = false },
    ];

    // Its subprocesses' output is indented. https://github.com/pypa/pip/blob/main/src/pip/_internal/cli/base_command.py
    [GeneratedRegex(@"^(\s|ERROR: |WARNING: |DEPRECATION: |NOTE: |Looking in |Collecting |Requirement already |Downloading |Using cached |Obtaining |Processing |Preparing |Getting |Installing |Building |Could not |Exception:|Traceback|During handling|The above exception|error: |note: |hint: |\[notice\]|\[end of output\]|×|╰|│|pip\._vendor\.|INFO: )")]
    private static partial Regex PipOwn();

    [GeneratedRegex(@"^\s*(WARNING: Retrying \(Retry\(total=\d+|ERROR: (Could not install|HTTP error)|Could not fetch URL |pip\._vendor\.(urllib3|requests)\.exceptions\.|fatal: unable to access |WARNING: Connection timed out while downloading)")]
    private static partial Regex PipError();

    [GeneratedRegex(@"^\s*(ERROR: |error: |pip\._vendor\.)")]
    private static partial Regex PipNeeds();

    [GeneratedRegex(@"\(from versions: (?!none\))|ResolutionImpossible|requires a different Python|from Requires-Python")]
    private static partial Regex PipExcuse();

    [GeneratedRegex(@"^(\s|error: |warning: |Resolved |Prepared |Downloading |Using |Creating |Activate|Building |Updating |hint: |×|├|╰|│)")]
    private static partial Regex UvOwn();

    [GeneratedRegex(@"^\s*(error: (Request failed|Failed to)|(×|├─▶|╰─▶|│|Caused by:)\s|warning: .*(retry|fetch))", RegexOptions.IgnoreCase)]
    private static partial Regex UvError();

    [GeneratedRegex(@"Failed to (fetch|download)|Request failed after|error sending request|for url \(")]
    private static partial Regex UvNeeds();

    [GeneratedRegex(@"^(\s|Cannot install|Installing |Updating |Resolving |Package operations|All attempts to connect|HTTPSConnectionPool|Probable Causes|- )|^$")]
    private static partial Regex PoetryOwn();

    [GeneratedRegex(@"^\s*(All attempts to connect to \S+ failed|HTTPS?ConnectionPool\(host=')")]
    private static partial Regex PoetryError();

    [GeneratedRegex(@"^npm (ERR!|error|WARN|warn|notice|info|http)( |$)")]
    private static partial Regex NpmOwn();

    [GeneratedRegex(@"^npm (ERR!|error) (code |errno |FetchError|network |request to |\d{3} |.*(getaddrinfo|FetchError|failed, reason: |ECONNRE|ETIMEDOUT))")]
    private static partial Regex NpmError();

    [GeneratedRegex(@"^npm (ERR!|error) (network|request to|FetchError|\d{3} |code E\d{3}|.*(https?://|getaddrinfo E))")]
    private static partial Regex NpmNeeds();

    [GeneratedRegex(@"^(\s*(ERR_PNPM_|WARN|ELIFECYCLE|\[?ERR_)|\s{4}at |This error happened while|No authorization|Try to log in|or add the auth|An authorization header|.* is not in the npm registry|Progress: |Packages: |\+|\s*\[[\w ]+\]|The latest release|Lockfile is up to date|Scope: )")]
    private static partial Regex PnpmOwn();

    [GeneratedRegex(@"^\s*\[?(ERR_PNPM_(META_FETCH_FAIL|FETCH_\d{3}|TARBALL_\w+|BROKEN_METADATA\w*)|(ERR_SOCKET_TIMEOUT|ECONN\w+|ETIMEDOUT|EAI_AGAIN|ENOTFOUND)\b)")]
    private static partial Regex PnpmError();

    [GeneratedRegex(@"^(error |info |warning |\[\d/\d\] |yarn (install|add) v|\s{4}at |success |If you think this is a bug)")]
    private static partial Regex YarnOwn();

    [GeneratedRegex(@"^(error (Error: |An unexpected error occurred: |https?://)|info There appears to be trouble with)")]
    private static partial Regex YarnError();

    [GeneratedRegex(@"^info Visit https://yarnpkg\.com/(en|lang)?/?docs/cli/(install|add) |^info There appears to be trouble")]
    private static partial Regex YarnNeeds();

    [GeneratedRegex(@"^(➤ YN\d{4}: |\s{4}at |\s{2}(code|errno|syscall|address|port|hostname|host|timings|name|response|events)\b|})")]
    private static partial Regex BerryOwn();

    [GeneratedRegex(@"^➤ YN(0001|0035|0066|0018): ")]
    private static partial Regex BerryError();

    [GeneratedRegex(@"^(\s*(Determining projects|Restored |Failed to restore|Retrying '|All projects are|\d+ of \d+ projects|An error occurred while|Response status code|Build FAILED|Build failed|\d+ (Warning|Error)\(s\)|Time Elapsed)|.*: (error|warning) [A-Z]{2,}\d+ ?: |.*: error : |\s{4}\S|MSBuild version|Restore (failed|succeeded)|\s*$)")]
    private static partial Regex NuGetOwn();

    [GeneratedRegex(@": error (NU1301|NU1900|NU1101|MSB4236)? ?: ")]
    private static partial Regex NuGetError();

    [GeneratedRegex(@"^(go: |\S+\.go:\d+:\d+: |go\.mod:|\t(fatal|remote|error|ssh)|\tServer response|\tgo: |If this is a private repository|exit status \d+$)")]
    private static partial Regex GoOwn();

    [GeneratedRegex(@"^(go: |\S+\.go:\d+:\d+: )\S+.*((Get|Head) ""?https?://|reading https?://|sum\.golang\.org)|^\t(fatal: unable to access |ssh: )")]
    private static partial Regex GoError();

    [GeneratedRegex(@"^(\s{2,}|(install|update|require|create-project)( \[|$)|In \w+\.php line \d+:|(Loading|Installing|Updating|Verifying|Lock|Package operations|Generating|Nothing to|No (composer\.lock|security)|Composer (is|could)|Failed to download|Warning: )|\s*$|https?://)")]
    private static partial Regex ComposerOwn();

    [GeneratedRegex(@"^\s*(.*could not be (fully )?(downloaded|accessed|loaded)|curl error \d+ while downloading|Failed to download |.*Failed to (clone|execute git))")]
    private static partial Regex ComposerError();

    [GeneratedRegex(@"^(In \w+\.php line \d+:|(install|update|require|create-project) \[|\s+(Failed to download|\[Composer))")]
    private static partial Regex ComposerNeeds();

    [GeneratedRegex(@"^(\s|error: |warning: |Caused by:|$)")]
    private static partial Regex CargoOwn();

    [GeneratedRegex(@"^\s*(error: failed to (download|get|fetch|load|query|update)|\[\d+\] |warning: spurious network error|curl failed|failed to download|network failure|download of )")]
    private static partial Regex CargoError();

    [GeneratedRegex(@"^error: (failed to (download|get|fetch|load source|query)|.*registry)|spurious network error")]
    private static partial Regex CargoNeeds();

    [GeneratedRegex(@"^(Fetching |Retrying |Could not (fetch|reach|verify)|Network error|Bundler::|Gem::|An error occurred while installing|\s|There was|Net::|SocketError|Errno::|due to underlying error)")]
    private static partial Regex BundlerOwn();

    [GeneratedRegex(@"^\s*(Could not (fetch specs from|reach host)|Network error while fetching|Retrying (fetcher|download)|Bundler::(HTTPError|Fetcher)|Gem::RemoteFetcher|due to underlying error)")]
    private static partial Regex BundlerError();

    [GeneratedRegex(@"^\[(ERROR|INFO|WARNING|FATAL|Help [12])\]|^(Downloading|Progress)")]
    private static partial Regex MavenOwn();

    [GeneratedRegex(@"^\[(ERROR|FATAL)\] .*(Could not transfer|Failed to (collect|read artifact)|Unknown host|Non-resolvable|transferring)")]
    private static partial Regex MavenError();

    [GeneratedRegex(@"^(\s|> |\* |FAILURE: |BUILD FAILED|A problem occurred|Could not |Execution failed|Caused by|Exception in thread|Downloading https|Deprecated|You can use|For more|Required by:|$|\d+ actionable|To honour|Starting a)")]
    private static partial Regex GradleOwn();

    [GeneratedRegex(@"^\s*(> )?(Could not (GET|HEAD|get resource|resolve all)|Exception in thread ""main"" java\.(net|io)|> ?\S+: )|^\s+> ")]
    private static partial Regex GradleError();

    [GeneratedRegex(@"Could not (GET|HEAD) '|Could not get resource '|Exception in thread ""main"" java\.(net|io)")]
    private static partial Regex GradleNeeds();

    [GeneratedRegex(@"^([EWN]: |(Err|Ign|Get|Hit):\d+ |Reading |Building |Fetched |Need to get |After this operation|The following |Suggested packages|Recommended packages|Note, |\s|\d+ upgraded|\d+%|WARNING: apt|Package |However |E$|is only available|This may mean|is not available|Do you want|debconf: )")]
    private static partial Regex AptOwn();

    // Without lists, apt only warns, and then does not know any package.
    [GeneratedRegex(@"^([EW]: Failed to fetch |E: The repository '.*|W: Some index files|\s{2}(Temporary failure|Could not|Connection|Something wicked|Unable to connect|\d{3}  ))")]
    private static partial Regex AptError();

    [GeneratedRegex(@"^(fetch |WARNING: |ERROR: |\s{2}|\(\d+/\d+\) |v?\d+\.\d+.*\[http|OK: |\d+ errors?[;:]|\d+ unavailable)")]
    private static partial Regex ApkOwn();

    [GeneratedRegex(@"^(WARNING: (Ignoring|fetching|opening|updating( and opening)?) |ERROR: (https?://|.*: (network|temporary|DNS|remote|operation|could not|IO|connection)))")]
    private static partial Regex ApkError();

    [GeneratedRegex(@"^(Error: |Errors during downloading|\s|Last metadata|Updating and loading|Repositories loaded|Failed to |>>> |http|[\w.-]+ +\d|- |Warning: |\[MIRROR\]|The downloaded packages|You can remove|Cannot )")]
    private static partial Regex DnfOwn();

    [GeneratedRegex(@"^\s*(- |>>> )?(Curl error \(\d+\)|Status code: \d+ for|Error: Failed to download|Librepo error|\[MIRROR\])")]
    private static partial Regex DnfError();

    [GeneratedRegex(@"^(Error: |Failed to )|repomd\.xml|\[MIRROR\]")]
    private static partial Regex DnfNeeds();

    [GeneratedRegex(@"^(fatal: |error: |remote: |hint: |warning: |ssh: |Cloning into|Receiving objects|Resolving deltas|Please make sure|and the repository exists|Fetched in submodule|Failed to clone|Submodule |\s*$|fetch-pack: |kex_exchange|Connection (closed|reset|timed))")]
    private static partial Regex GitOwn();

    [GeneratedRegex(@"^(fatal: (unable to access |early EOF|the remote end hung up|unable to connect to|protocol error|expected )|error: RPC failed|error: \d+ bytes of body|ssh: |kex_exchange|Connection (closed|reset|timed)|fetch-pack: )")]
    private static partial Regex GitError();

    [GeneratedRegex(@"^(curl: \(\d+\) |\s+% Total|\s+Dload|\s*\d+\s+\S+\s+\d+\s|\s*0\s|More details here: |curl (failed|performs|could)|establish a secure|how to fix it|Warning: |$)")]
    private static partial Regex CurlOwn();

    // https://curl.se/libcurl/c/libcurl-errors.html
    [GeneratedRegex(@"^curl: \((5|6|7|16|18|22|28|35|52|55|56|60|92|95)\) ")]
    private static partial Regex CurlError();

    [GeneratedRegex(@"^(--\d{4}-|wget: |Connecting to |Resolving |HTTP request sent|\d{4}-\d\d-\d\d \S+ ERROR |Giving up|Retrying|Unable to establish|GnuTLS: |OpenSSL: |Read error|Saving to|Length: |Reusing |Proxy request|Location: |ERROR: |\s|failed: |To connect to|$)")]
    private static partial Regex WgetOwn();

    [GeneratedRegex(@"^(wget: (unable to resolve|bad address|can't connect|server returned error|download timed out|error getting response|note: TLS)|Connecting to .*failed: |HTTP request sent, .*(error|timed|Read error)|\d{4}-\d\d-\d\d \S+ ERROR \d{3}|Unable to establish|Read error|ERROR: cannot verify)")]
    private static partial Regex WgetError();
}
