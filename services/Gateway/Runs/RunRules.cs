using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Paas.Contracts.Api;
using Paas.Gateway.ConfigVars;
using Paas.Gateway.Http;

namespace Paas.Gateway.Runs;

/// <summary>What may be asked of a run.</summary>
internal static partial class RunRules
{
    private const int MaxWords = 500;
    private const int MaxCommandBytes = 32 * 1024;
    private static readonly TimeSpan DefaultLimit = TimeSpan.FromHours(1), LongestLimit = TimeSpan.FromHours(24);

    public static IReadOnlyList<string> Command(IReadOnlyList<string>? words)
    {
        if (words is not [{ Length: > 0 }, ..])
            throw ProblemException.Invalid("command", GatewayTexts.CommandMissing());
        if (words.Any(word => word is null || word.Contains('\0')))
            throw ProblemException.Invalid("command", GatewayTexts.CommandWithNul());
        if (words.Count > MaxWords || words.Sum(word => Encoding.UTF8.GetByteCount(word) + 1) > MaxCommandBytes)
            throw ProblemException.Invalid("command", GatewayTexts.CommandTooLong(MaxWords, MaxCommandBytes));
        return words;
    }

    public static IReadOnlyDictionary<string, string> Variables(CreateRunRequest asked)
    {
        var variables = asked.Env ?? new Dictionary<string, string>();
        foreach (var (name, value) in variables)
        {
            ConfigVarRules.CheckName(name);
            ConfigVarRules.CheckValue(name, value ?? throw ProblemException.Invalid(name, GatewayTexts.MemberOfWrongType(name)));
        }

        ConfigVarRules.CheckAll(variables);
        return variables;
    }

    public static TimeSpan TimeLimit(string? text)
    {
        if (text is null)
            return DefaultLimit;
        var match = DurationPattern().Match(text);
        if (!match.Success)
            throw ProblemException.Invalid("timeout", GatewayTexts.TimeoutMalformed(text));
        var number = int.Parse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);
        var limit = TimeSpan.FromSeconds(number * (match.Groups[2].Value switch { "h" => 3600, "m" => 60, _ => 1 }));
        return limit > TimeSpan.Zero && limit <= LongestLimit ? limit : throw ProblemException.Invalid("timeout", GatewayTexts.TimeoutMalformed(text));
    }

    [GeneratedRegex(@"^([0-9]{1,5})([smh])\z")]
    private static partial Regex DurationPattern();
}
