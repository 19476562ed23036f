namespace Paas.Hosting.Artifacts;

/// <summary>Where symbolic links lead.</summary>
public static class SlugLinks
{
    private const int MaxFollowed = 40;

    /// <summary>
    /// Whether a link, followed as the kernel would, ever leaves the folder it belongs to. An absolute one always
    /// does; one that goes round in circles leads nowhere, and so not out.
    /// </summary>
    /// <param name="link">The link, as a path below the folder with <c>/</c> between names.</param>
    /// <param name="targetOf">The target of a link given by such a path; null for what is no link.</param>
    public static bool LeadsOut(string link, Func<string, string?> targetOf)
    {
        var here = new List<string>(link.Split('/'));
        here.RemoveAt(here.Count - 1);
        var ahead = new Stack<string>();
        if (!Push(ahead, targetOf(link)!))
            return true;
        for (var followed = 0; ahead.TryPop(out var part);)
        {
            if (part == ".." && here.Count == 0)
                return true;
            if (part == "..")
            {
                here.RemoveAt(here.Count - 1);
                continue;
            }

            here.Add(part);
            if (targetOf(string.Join('/', here)) is not { } target)
                continue;
            if (++followed > MaxFollowed)
                return false;
            here.RemoveAt(here.Count - 1);
            if (!Push(ahead, target))
                return true;
        }

        return false;
    }

    private static bool Push(Stack<string> ahead, string target)
    {
        if (target.Length == 0 || target.StartsWith('/') || target.Contains('\0'))
            return false;
        foreach (var part in target.Split('/').Where(part => part.Length > 0 && part != ".").Reverse())
            ahead.Push(part);
        return true;
    }
}
