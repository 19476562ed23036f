using System.Globalization;
using System.Text.RegularExpressions;
using Paas.Contracts;

namespace Paas.Hosting.Versions;

/// <summary>Whose rules a range is written by.</summary>
public enum VersionDialect
{
    /// <summary>npm: <c>18.x || 16.x</c>, <c>&gt;=16 &lt;19</c>, <c>^18.2</c>, <c>~18.2</c> (18.2 alone).</summary>
    Npm,

    /// <summary>Composer: as npm's, with <c>,</c> and <c>|</c> as well; <c>~8.1</c> is all of 8 from 8.1.</summary>
    Composer,

    /// <summary>Python: <c>&gt;=3.9,&lt;3.13</c>, <c>~=3.11</c>, <c>==3.11.*</c>, and Poetry's <c>^3.11</c>.</summary>
    Python,
}

/// <summary>A version of up to three numbers.</summary>
public readonly record struct VersionNumber(int Major, int Minor, int Patch) : IComparable<VersionNumber>
{
    public int CompareTo(VersionNumber other) => (Major, Minor, Patch).CompareTo((other.Major, other.Minor, other.Patch));

    public static bool operator <(VersionNumber left, VersionNumber right) => left.CompareTo(right) < 0;

    public static bool operator >(VersionNumber left, VersionNumber right) => left.CompareTo(right) > 0;

    public static bool operator <=(VersionNumber left, VersionNumber right) => left.CompareTo(right) <= 0;

    public static bool operator >=(VersionNumber left, VersionNumber right) => left.CompareTo(right) >= 0;

    /// <summary>The version that a tool tells of itself, such as <c>v18.20.4</c>; null if it is none.</summary>
    public static VersionNumber? Parse(string text)
    {
        var parts = text.Trim().TrimStart('v').Split('-', '+', ' ')[0].Split('.');
        var numbers = new int[3];
        for (var i = 0; i < 3 && i < parts.Length; i++)
        {
            if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]))
                return null;
        }

        return new(numbers[0], numbers[1], numbers[2]);
    }
}

/// <summary>The versions an app allows: those within any of some bounds.</summary>
public sealed partial class VersionRange
{
    private const int MaxLength = 256;
    private const int MaxNumber = 99_999;
    private static readonly VersionNumber Lowest = new(0, 0, 0);
    private static readonly VersionNumber Beyond = new(int.MaxValue, 0, 0);

    private readonly List<(VersionNumber From, VersionNumber Before)> _bounds;

    private VersionRange(List<(VersionNumber, VersionNumber)> bounds) => _bounds = bounds;

    /// <summary>Whether a version is the one, or within the range, that an app asks for; where nothing is asked for, any is.</summary>
    /// <param name="runtime">One of <see cref="RuntimeName"/>.</param>
    /// <param name="range">The range; null if there is none.</param>
    /// <param name="version">What is there.</param>
    public static bool? IsAllowed(string runtime, string? range, string version) =>
        range is not null && VersionNumber.Parse(version) is { } number && Parse(range, DialectOf(runtime)) is { } parsed ? parsed.Allows(number) : null;

    public static VersionDialect DialectOf(string runtime) => runtime switch
    {
        RuntimeName.Node => VersionDialect.Npm,
        RuntimeName.Php => VersionDialect.Composer,
        _ => VersionDialect.Python,
    };

    /// <returns>Null if the text can't be told.</returns>
    public static VersionRange? Parse(string text, VersionDialect dialect)
    {
        if (text.Length > MaxLength)
            return null;
        var bounds = new List<(VersionNumber, VersionNumber)>();
        foreach (var alternative in Alternatives().Split(text.Trim()))
        {
            var (from, before) = (Lowest, Beyond);
            var rest = Hyphen().Replace(alternative.Trim(), ">=$1 <=$2");
            foreach (var comparator in Separators().Split(Operators().Replace(rest, "$1")).Where(part => part.Length > 0))
            {
                if (Bounds(comparator, dialect) is not { } bound)
                    return null;
                (from, before) = (bound.From > from ? bound.From : from, bound.Before < before ? bound.Before : before);
            }

            if (from < before)
                bounds.Add((from, before));
        }

        return bounds.Count > 0 ? new(bounds) : null;
    }

    public bool Allows(VersionNumber version) => _bounds.Exists(bound => version >= bound.From && version < bound.Before);

    /// <summary>
    /// The newest version that fits, as precise as it has to be: <c>18</c> for all of 18, <c>18.2</c> for <c>~18.2</c>.
    /// </summary>
    /// <param name="known">The releases there are, the one to prefer first: majors, or majors and minors.</param>
    /// <returns>Null if none fits.</returns>
    public string? Newest(IReadOnlyList<string> known)
    {
        foreach (var release in known)
        {
            var isMajor = !release.Contains('.', StringComparison.Ordinal);
            var first = VersionNumber.Parse(release)!.Value;
            var next = isMajor ? first with { Major = first.Major + 1 } : first with { Minor = first.Minor + 1 };
            foreach (var (from, before) in _bounds.OrderByDescending(bound => bound.Before))
            {
                if (from >= next || before <= first)
                    continue;
                if (before >= next)
                    return release;
                // The bound ends within the release: the last number before it.
                return before.Patch > 0 ? Text(before.Major, before.Minor, before.Patch - 1)
                    : isMajor && before.Minor > 0 ? Text(before.Major, before.Minor - 1)
                    : null;
            }
        }

        // One that nobody here knows yet may be there all the same.
        var last = known.Select(release => VersionNumber.Parse(release)!.Value).Max();
        var newer = _bounds.Where(bound => bound.From > last && bound.Before != Beyond).Select(bound => bound.From).DefaultIfEmpty(Lowest).Max();
        return newer == Lowest ? null : known[0].Contains('.', StringComparison.Ordinal) ? Text(newer.Major, newer.Minor) : Text(newer.Major);
    }

    private static (VersionNumber From, VersionNumber Before)? Bounds(string comparator, VersionDialect dialect)
    {
        var match = Comparator().Match(comparator);
        if (!match.Success)
            return null;
        var (sign, count) = (match.Groups["sign"].Value, 0);
        var numbers = new int[3];
        foreach (var name in new[] { "major", "minor", "patch" })
        {
            var part = match.Groups[name].Value;
            if (part is "" or "x" or "X" or "*")
                break;
            if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out numbers[count]) || numbers[count] > MaxNumber)
                return null;
            count++;
        }

        var version = new VersionNumber(numbers[0], numbers[1], numbers[2]);
        if (count == 0)
            return sign is "" or "=" or "==" or ">=" or "^" or "~" ? (Lowest, Beyond) : null;
        // What comes after all that the numbers leave open.
        var next = After(version, count);
        return sign switch
        {
            ">=" => (version, Beyond),
            ">" => (next, Beyond),
            "<" => (Lowest, version),
            "<=" => (Lowest, next),
            "^" => (version, version.Major > 0 || count == 1 ? After(version, 1) : After(version, version.Minor > 0 || count == 2 ? 2 : 3)),
            "~=" => count == 1 ? null : (version, After(version, count - 1)),
            "~" => (version, After(version, dialect == VersionDialect.Composer ? Math.Max(1, count - 1) : Math.Min(count, 2))),
            "" or "=" or "==" or "===" => (version, next),
            _ => null,
        };
    }

    private static VersionNumber After(VersionNumber version, int count) => count switch
    {
        1 => new(version.Major + 1, 0, 0),
        2 => new(version.Major, version.Minor + 1, 0),
        _ => version with { Patch = version.Patch + 1 },
    };

    private static string Text(params ReadOnlySpan<int> numbers)
    {
        var parts = new List<string>();
        foreach (var number in numbers)
            parts.Add(number.ToString(CultureInfo.InvariantCulture));
        return string.Join('.', parts);
    }

    [GeneratedRegex(@"\s*\|\|?\s*")]
    private static partial Regex Alternatives();

    [GeneratedRegex(@"^(\S+)\s+-\s+(\S+)$")]
    private static partial Regex Hyphen();

    [GeneratedRegex(@"(\^|~=|~>?|[<>]=?|={1,3})\s+")]
    private static partial Regex Operators();

    [GeneratedRegex(@"[\s,]+")]
    private static partial Regex Separators();

    [GeneratedRegex(@"^(?<sign>\^|~=|~|[<>]=?|={1,3})?v?(?<major>[0-9]{1,5}|[xX*])(\.(?<minor>[0-9]{1,5}|[xX*])(\.(?<patch>[0-9]{1,5}|[xX*]))?)?(-[0-9A-Za-z.-]+)?\z")]
    private static partial Regex Comparator();
}
