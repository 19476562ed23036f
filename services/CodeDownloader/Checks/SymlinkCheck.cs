using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.CodeDownloader.Checks;

/// <summary>
/// Finds symlinks that lead out of the tree, be it by way of other symlinks: neither as a path is read, name by
/// name, nor as the kernel follows it may one leave.
/// </summary>
internal sealed class SymlinkCheck(CancellationToken cancellation)
{
    public const int MaxLinks = 10_000;
    public const int MaxTargetBytes = 4_000;

    // The kernel gives up after 40; what it cannot follow leads nowhere.
    private const int MaxFollowed = 40;

    // For all links together: how many names are looked at, and how much is put together of them to look it up.
    private const int MaxSteps = 2_000_000;
    private const long MaxCharacters = 64L << 20;
    private readonly Dictionary<string, string> _links = [];
    private int _steps;
    private long _characters;

    public void Add(string path, string target) => _links[path] = target;

    /// <returns>The links that lead out.</returns>
    /// <exception cref="StepFailedException">Finding out would take too long.</exception>
    public IReadOnlySet<string> FindEscaping() => _links
        .Where(link => link.Value.Length == 0 || link.Value[0] == '/' || link.Value.Any(char.IsControl)
            || LeavesAsRead(link.Key, link.Value) || LeavesAsFollowed(link.Key, link.Value))
        .Select(link => link.Key).ToHashSet();

    private bool LeavesAsRead(string path, string target)
    {
        var depth = path.Count(character => character == '/');
        foreach (var name in target.AsSpan().Split('/'))
        {
            Spend(path, 1);
            depth += target.AsSpan(name) switch { "" or "." => 0, ".." => -1, _ => 1 };
            if (depth < 0)
                return true;
        }

        return false;
    }

    private bool LeavesAsFollowed(string path, string target)
    {
        var at = new List<string>(path.Split('/')[..^1]);
        var length = at.Sum(name => name.Length + 1);
        var ahead = new Stack<string>(target.Split('/').Reverse());
        var followed = 0;
        while (ahead.TryPop(out var name))
        {
            Spend(path, length + name.Length);
            if (name is "" or ".")
                continue;
            if (name == "..")
            {
                if (at.Count == 0)
                    return true;
                length -= at[^1].Length + 1;
                at.RemoveAt(at.Count - 1);
                continue;
            }

            at.Add(name);
            length += name.Length + 1;
            if (!_links.TryGetValue(string.Join('/', at), out var next))
                continue;
            // An absolute target leads out wherever it is met.
            if (next.StartsWith('/'))
                return true;
            if (++followed > MaxFollowed)
                return false;
            at.RemoveAt(at.Count - 1);
            length -= name.Length + 1;
            Spend(path, next.Length);
            foreach (var part in next.Split('/').Reverse())
                ahead.Push(part);
        }

        return false;
    }

    private void Spend(string path, int characters)
    {
        cancellation.ThrowIfCancellationRequested();
        _characters += characters;
        if (++_steps > MaxSteps || _characters > MaxCharacters)
            throw new StepFailedException(FailureReason.SourceRefused, CodeDownloaderTexts.SymlinksTooMany(path));
    }
}
