using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace Paas.Hosting;

/// <summary>A process can't start, and what to do about it.</summary>
/// <param name="message">One sentence for the operator.</param>
public sealed partial class StartException(string message) : Exception(message)
{
    /// <summary>One sentence for what an operator can mend; null for a bug, whose stack trace is needed.</summary>
    public static string? Explain(Exception exception) => exception switch
    {
        StartException problem => problem.Message,
        OptionsValidationException options => string.Join(' ', options.Failures),
        IOException { InnerException: AddressInUseException } inUse => StartTexts.AddressInUse(inUse.Message),
        IOException or UnauthorizedAccessException => StartTexts.Storage(exception),
        AggregateException { InnerExceptions.Count: 1 } one => Explain(one.InnerExceptions[0]),
        InvalidOperationException { InnerException: not null } when SettingPattern().Match(exception.Message) is { Success: true } setting =>
            StartTexts.SettingNotOfType(setting.Groups["name"].Value, setting.Groups["type"].Value),
        FormatException or UriFormatException => StartTexts.Setting(exception),
        { InnerException: { } inner } => Explain(inner),
        _ => null,
    };

    /// <summary>What the configuration binder says: <c>Failed to convert configuration value 'yes' at 'Source:AllowFile' to type 'System.Boolean'.</c></summary>
    [GeneratedRegex(@"at '(?<name>[A-Za-z0-9_.:-]+)' to type '(?<type>[^']+)'")]
    private static partial Regex SettingPattern();
}
