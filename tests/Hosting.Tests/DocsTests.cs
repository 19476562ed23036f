using System.Text.RegularExpressions;
using Shouldly;
using Xunit;

namespace Paas.Hosting.Tests;

/// <summary>What the docs refer to is there.</summary>
public sealed partial class DocsTests
{
    private static readonly string Root = FindRoot();

    private static IEnumerable<string> Pages => Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories).Append(Path.Combine(Root, "README.md"));

    [Fact]
    public void Every_test_that_a_page_names_is_there()
    {
        var tests = Directory.EnumerateFiles(Path.Combine(Root, "tests"), "*Tests.cs", SearchOption.AllDirectories).Select(Path.GetFileNameWithoutExtension).ToHashSet();

        var missing = Pages.SelectMany(page => TestName().Matches(File.ReadAllText(page)).Select(match => match.Groups[1].Value).Where(name => !tests.Contains(name)).Select(name => $"{Path.GetFileName(page)}: {name}"));

        missing.ShouldBeEmpty();
    }

    [Fact]
    public void Every_page_and_heading_that_a_page_links_to_is_there()
    {
        var missing = Pages.SelectMany(page => Link().Matches(File.ReadAllText(page)).Select(match => match.Groups[1].Value).Where(link => !Exists(page, link)).Select(link => $"{Path.GetFileName(page)}: {link}"));

        missing.ShouldBeEmpty();
    }

    private static bool Exists(string page, string link)
    {
        var parts = link.Split('#', 2);
        var path = parts[0].Length == 0 ? page : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(page)!, parts[0]));
        if (!File.Exists(path))
            return Directory.Exists(path) && parts.Length == 1;
        return parts.Length == 1 || Heading().Matches(File.ReadAllText(path)).Any(heading => Anchor(heading.Groups[1].Value) == parts[1]);
    }

    /// <summary>As GitHub makes it of a heading: in small letters, without punctuation, with hyphens for blanks.</summary>
    private static string Anchor(string heading) =>
        new([.. heading.Trim().ToLowerInvariant().Where(sign => char.IsLetterOrDigit(sign) || sign is ' ' or '-' or '_').Select(sign => sign == ' ' ? '-' : sign)]);

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Paas.sln")))
            folder = folder.Parent ?? throw new InvalidOperationException("The tests are not in a clone.");
        return folder.FullName;
    }

    [GeneratedRegex(@"`(\w+Tests)`")]
    private static partial Regex TestName();

    [GeneratedRegex(@"\]\((?!https?:|mailto:)([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^#+ (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();
}
