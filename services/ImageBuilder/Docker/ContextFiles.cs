using Paas.Contracts;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Steps;

namespace Paas.ImageBuilder.Docker;

/// <summary>Which files of the repository the build may read: those of <c>build.context</c>, less <c>.dockerignore</c>.</summary>
internal sealed class ContextFiles
{
    private const int MaxLinksTold = 20;
    private readonly SourceTree _tree;
    private readonly string _prefix;
    private readonly DockerIgnore _ignore;
    private readonly HashSet<string> _always = new(StringComparer.Ordinal);
    private readonly HashSet<string> _leftOut = new(StringComparer.Ordinal);

    private ContextFiles(SourceTree tree, string prefix, DockerIgnore ignore)
    {
        (_tree, _prefix, _ignore) = (tree, prefix, ignore);
        Names = tree.Files.Select(Within).OfType<string>().ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>The files, from the root of the context.</summary>
    public IReadOnlySet<string> Names { get; }

    /// <param name="tree">The repository.</param>
    /// <param name="plan">Says what is built.</param>
    /// <param name="dockerfile">The repository's own Dockerfile; null if one is made.</param>
    /// <param name="log">Is told of links that are left out.</param>
    /// <exception cref="StepFailedException">There is no such folder, or <c>.dockerignore</c> can't be read.</exception>
    public static ContextFiles Of(SourceTree tree, BuildPlan plan, string? dockerfile, IStepLog log)
    {
        var context = Normalize(plan.Context);
        if (!tree.HasFolder(context))
            throw new StepFailedException(FailureReason.BuildFailed, ImageBuilderTexts.NoSuchContext(plan.Context!));
        var prefix = context.Length == 0 ? "" : context + "/";
        // A file beside the Dockerfile, named after it, counts instead of the context's.
        var file = dockerfile is not null && tree.Text(dockerfile + ".dockerignore") is not null ? dockerfile + ".dockerignore" : prefix + ".dockerignore";
        var ignore = tree.Text(file) is { } text ? DockerIgnore.Parse(file, text) : DockerIgnore.Nothing;
        var files = new ContextFiles(tree, prefix, ignore);
        if (dockerfile is not null)
        {
            files._always.Add(dockerfile);
            files._always.Add(file);
        }

        files.LeaveOutLinks(log);
        return files;
    }

    /// <summary>The path in the context of something in the repository; null if the build is not to see it.</summary>
    public string? Within(string path)
    {
        if (!path.StartsWith(_prefix, StringComparison.Ordinal))
            return null;
        var within = path[_prefix.Length..];
        return within.Length > 0 && !_leftOut.Contains(within) && (_always.Contains(path) || !_ignore.Excludes(within)) ? within : null;
    }

    public bool Has(string path) => Names.Contains(path);

    public bool HasFolder(string path) => _tree.HasFolder((_prefix + path).TrimEnd('/'));

    public string? Text(string path) => Names.Contains(path) ? _tree.Text(_prefix + path) : null;

    /// <summary>A path without what changes nothing in it.</summary>
    public static string Normalize(string? path) =>
        string.Join('/', (path ?? "").Split('/').Where(part => part.Length > 0 && part != "."));

    private void LeaveOutLinks(IStepLog log)
    {
        var links = _tree.Links.Where(link => link.Key.StartsWith(_prefix, StringComparison.Ordinal))
            .ToDictionary(link => link.Key[_prefix.Length..], link => link.Value, StringComparer.Ordinal);
        foreach (var link in links.Keys.Where(link => SlugLinks.LeadsOut(link, links.GetValueOrDefault)).Order(StringComparer.Ordinal))
        {
            _leftOut.Add(link);
            if (_leftOut.Count <= MaxLinksTold)
                log.Detail(ImageBuilderTexts.LinkLeftOut(link, links[link]));
        }

        if (_leftOut.Count > MaxLinksTold)
            log.Detail(ImageBuilderTexts.MoreLinksLeftOut(_leftOut.Count - MaxLinksTold));
    }
}
