using System.Text;
using System.Text.RegularExpressions;
using Paas.Gateway.Http;

namespace Paas.Gateway.ConfigVars;

internal static partial class ConfigVarRules
{
    public const int MaxCount = 200;
    public const int MaxValueBytes = 32 * 1024;
    public const int MaxTotalBytes = 256 * 1024;
    private const int ShownCharacters = 4;
    private const int ShownFrom = 12;

    public static void CheckName(string name)
    {
        if (!NamePattern().IsMatch(name))
            throw ProblemException.Invalid(GatewayTexts.Shorten(name), GatewayTexts.ConfigVarNameMalformed(name));
        if (name is "PORT" || name.StartsWith("PAAS_", StringComparison.Ordinal))
            throw ProblemException.Invalid(name, GatewayTexts.ConfigVarReserved(name));
    }

    public static void CheckValue(string name, string value)
    {
        if (value.Contains('\0'))
            throw ProblemException.Invalid(name, GatewayTexts.ConfigVarWithNul(name));
        if (Encoding.UTF8.GetByteCount(value) > MaxValueBytes)
            throw ProblemException.Invalid(name, GatewayTexts.ConfigVarTooLarge(name, MaxValueBytes));
    }

    public static void CheckAll(IReadOnlyDictionary<string, string> variables)
    {
        if (variables.Count > MaxCount)
            throw ProblemException.Malformed(GatewayTexts.ConfigVarsTooMany(variables.Count, MaxCount));
        var bytes = variables.Sum(variable => Encoding.UTF8.GetByteCount(variable.Key) + Encoding.UTF8.GetByteCount(variable.Value));
        if (bytes > MaxTotalBytes)
            throw ProblemException.Malformed(GatewayTexts.ConfigVarsTooLarge(MaxTotalBytes));
    }

    /// <summary>Enough of a value to recognise it, and too little to use it.</summary>
    public static string Preview(string value)
    {
        const string mask = "••••";
        if (value.Length < ShownFrom)
            return mask;
        var shown = value[^ShownCharacters..];
        return mask + (char.IsLowSurrogate(shown[0]) ? shown[1..] : shown);
    }

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_]{0,127}\z")]
    private static partial Regex NamePattern();
}
