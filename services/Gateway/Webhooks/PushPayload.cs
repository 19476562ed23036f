namespace Paas.Gateway.Webhooks;

/// <summary>What is taken from a delivery. All of it is the sender's word: nothing here is checked yet.</summary>
internal sealed class PushPayload
{
    public const int MaxUrlLength = 1_000;

    /// <summary>A repository has five addresses; more come only from those who name each many times.</summary>
    private const int MaxUrls = 10;

    private static readonly string[] UrlNames = ["clone_url", "html_url", "ssh_url", "git_url", "url"];

    private readonly string?[] _urls = new string?[UrlNames.Length];
    private int _urlsSet;

    private const int MaxRefLength = 1_000;
    private const int MaxNameLength = 200;
    private const int MaxMessageLength = 500;

    // GitHub lists so many commits of a push and no more.
    private const int MaxCommits = 2_048;
    private const int MaxPathCharacters = 4 << 20;
    private readonly HashSet<string> _changedPaths = [];
    private int _commits;
    private int _pathCharacters;
    private bool _pathsAreWhole = true;

    public string? Ref { get; private set; }
    public string? Before { get; private set; }
    public string? After { get; private set; }
    public bool Deleted { get; private set; }
    public string? CommitMessage { get; private set; }
    public string? Pusher { get; private set; }

    /// <summary>The branch was put elsewhere, or made.</summary>
    public bool Moved { get; private set; }

    /// <summary>What of the newest commit's message asks not to be deployed.</summary>
    public string? SkipMarker { get; private set; }

    /// <summary>The files that the push has changed; null if the payload does not name all of them.</summary>
    public IReadOnlySet<string>? ChangedPaths => Moved || !_pathsAreWhole || _commits is 0 or >= MaxCommits ? null : _changedPaths;

    public string? RepositoryName { get; private set; }

    /// <summary>What a ping says.</summary>
    public string? Zen { get; private set; }

    /// <summary>The repository under each of its addresses, a handful at most.</summary>
    public IEnumerable<string> RepositoryUrls => _urls.OfType<string>();

    public string? Repository => RepositoryName ?? RepositoryUrls.FirstOrDefault();

    /// <summary>Somebody has named addresses of the repository again and again, as no git host does.</summary>
    public bool HasTooManyUrls => _urlsSet > MaxUrls;

    public static bool Wants(string? parent, string name) => parent switch
    {
        null => name is "ref" or "before" or "after" or "zen",
        "head_commit" => name is "message",
        "pusher" => name is "name",
        "repository" => name is "full_name" || UrlNames.Contains(name),
        _ => false,
    };

    /// <summary>Of a member that comes twice the last one counts, as with every other reader of JSON.</summary>
    public void Forget(string? parent, string name)
    {
        switch (parent, name)
        {
            case (null, "ref"): Ref = null; break;
            case (null, "before"): Before = null; break;
            case (null, "after"): After = null; break;
            case (null, "zen"): Zen = null; break;
            case (null, "deleted"): Deleted = false; break;
            case (null, "head_commit"): CommitMessage = null; break;
            case (null, "pusher"): Pusher = null; break;
            case (null, "repository"):
                RepositoryName = null;
                Array.Clear(_urls);
                break;
            case ("head_commit", "message"): CommitMessage = null; break;
            case ("pusher", "name"): Pusher = null; break;
            case ("repository", "full_name"): RepositoryName = null; break;
            case ("repository", _) when Array.IndexOf(UrlNames, name) is >= 0 and var i: _urls[i] = null; break;
        }
    }

    public void Set(string? parent, string name, string value)
    {
        switch (parent, name)
        {
            case (null, "ref"): Ref = Clean(value, MaxRefLength); break;
            case (null, "before"): Before = Clean(value, MaxNameLength); break;
            case (null, "after"): After = Clean(value, MaxNameLength); break;
            case (null, "zen"): Zen = Clean(value, MaxNameLength); break;
            case ("head_commit", "message"):
                CommitMessage = Clean(value, MaxMessageLength);
                SkipMarker = SkipMarkers.Find(value);
                break;
            case ("pusher", "name"): Pusher = Clean(value, MaxNameLength); break;
            case ("repository", "full_name"): RepositoryName = Clean(value, MaxNameLength); break;
            case ("repository", _):
                _urlsSet++;
                // A URL that was cut would be another one.
                if (value.Length <= MaxUrlLength)
                    _urls[Array.IndexOf(UrlNames, name)] = Clean(value, MaxUrlLength);
                break;
        }
    }

    public void SetFlag(string name, bool value)
    {
        switch (name)
        {
            case "deleted": Deleted = value; break;
            case "forced" or "created": Moved |= value; break;
        }
    }

    public void AddCommit(bool namesFiles)
    {
        _commits++;
        _pathsAreWhole &= namesFiles;
    }

    public void AddChangedPath(string path)
    {
        _pathCharacters += path.Length;
        if (_pathCharacters > MaxPathCharacters)
            _pathsAreWhole = false;
        else
            _changedPaths.Add(path);
    }

    /// <summary>Without what a database or a terminal would stumble over, and not longer than it may be.</summary>
    public static string Clean(string text, int maxLength) => string.Create(Math.Min(text.Length, maxLength), text, (span, from) =>
    {
        for (var i = 0; i < span.Length; i++)
        {
            var whole = char.IsHighSurrogate(from[i]) ? i + 1 < span.Length && char.IsLowSurrogate(from[i + 1])
                : !char.IsLowSurrogate(from[i]) || (i > 0 && char.IsHighSurrogate(from[i - 1]));
            span[i] = !whole ? '\uFFFD' : char.IsControl(from[i]) && from[i] != '\n' ? ' ' : from[i];
        }
    });
}
