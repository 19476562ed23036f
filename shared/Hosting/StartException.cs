using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace Paas.Hosting;

/// <summary>A process can't start, and what to do about it.</summary>
/// <param name="message">One sentence for the operator.</param>
public sealed class StartException(string message) : Exception(message)
{
    /// <summary>One sentence for what an operator can mend; null for a bug, whose stack trace is needed.</summary>
    public static string? Explain(Exception exception) => exception switch
    {
        StartException problem => problem.Message,
        OptionsValidationException options => string.Join(' ', options.Failures),
        IOException { InnerException: AddressInUseException } inUse => StartTexts.AddressInUse(inUse.Message),
        IOException or UnauthorizedAccessException => StartTexts.Storage(exception),
        AggregateException { InnerExceptions.Count: 1 } one => Explain(one.InnerExceptions[0]),
        FormatException or UriFormatException => StartTexts.Setting(exception),
        { InnerException: { } inner } => Explain(inner),
        _ => null,
    };
}
