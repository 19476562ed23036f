using Microsoft.AspNetCore.Connections;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace Paas.Standalone;

/// <summary>The platform can't start, and what to do about it.</summary>
internal sealed class StartProblem(string message) : Exception(message)
{
    /// <summary>One sentence for what an operator can mend; null for a bug, whose stack trace is needed.</summary>
    public static string? Explain(Exception exception) => exception switch
    {
        StartProblem problem => problem.Message,
        OptionsValidationException options => string.Join(' ', options.Failures),
        SqliteException sqlite => StandaloneTexts.Database(sqlite),
        IOException { InnerException: AddressInUseException } inUse => StandaloneTexts.AddressInUse(inUse.Message),
        IOException or UnauthorizedAccessException => StandaloneTexts.Storage(exception),
        AggregateException { InnerExceptions.Count: 1 } one => Explain(one.InnerExceptions[0]),
        FormatException or UriFormatException => StandaloneTexts.Setting(exception),
        { InnerException: { } inner } => Explain(inner),
        _ => null,
    };
}
