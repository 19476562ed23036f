using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Paas.Contracts;

/// <summary>
/// Names of process types. Procfiles have capitals, digits and underscores in them; containers, Kubernetes and host names
/// do not. So an instance goes by a name made of the one written, always the same, and either is understood.
/// </summary>
public static partial class ProcessName
{
    public const int MaxLength = 30;
    private const int HashLength = 8;

    /// <summary>The name that the process type runs under; null if what is written can be none.</summary>
    public static string? Of(string written)
    {
        if (Valid().IsMatch(written))
            return written;
        if (!Written().IsMatch(written))
            return null;
        var name = written.ToLowerInvariant().Replace('_', '-').Trim('-');
        if (name.Length == 0)
            return null;
        if (char.IsAsciiDigit(name[0]))
            name = "p-" + name;
        if (name.Length <= MaxLength)
            return name;
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(written)))[..HashLength];
        return $"{name[..(MaxLength - HashLength - 1)].TrimEnd('-')}-{hash}";
    }

    /// <summary>The same for a process type or an instance of one: <c>celery-beat.1</c> for <c>celery_beat.1</c>. What is neither stays as it is.</summary>
    public static string OfInstance(string written)
    {
        var dot = written.IndexOf('.', StringComparison.Ordinal);
        return dot < 0 ? Of(written) ?? written : (Of(written[..dot]) ?? written[..dot]) + written[dot..];
    }

    [GeneratedRegex(@"^[a-z][a-z0-9-]{0,29}\z")]
    private static partial Regex Valid();

    [GeneratedRegex(@"^[A-Za-z0-9_-]{1,100}\z")]
    private static partial Regex Written();
}
