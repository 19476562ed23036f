using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Paas.Hosting.Telemetry;

namespace Paas.Hosting;

/// <summary>
/// One line for each event, for people: time, level, category, the deployment it is about, and the message. What else
/// the scopes hold is for machines, and in the <c>json</c> format.
/// </summary>
internal sealed class PaasConsoleFormatter(TimeProvider clock) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "paas";
    private static readonly bool UsesColor = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("NO_COLOR") is null or "";

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var message = logEntry.Formatter(logEntry.State, logEntry.Exception);
        textWriter.Write(clock.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.fff'Z '", System.Globalization.CultureInfo.InvariantCulture));
        var (level, color) = Describe(logEntry.LogLevel);
        textWriter.Write(UsesColor ? $"{color}{level}\e[0m: " : $"{level}: ");
        textWriter.Write($"{logEntry.Category} ");
        if (DeploymentOf(scopeProvider) is { } deployment && !message.Contains(deployment, StringComparison.OrdinalIgnoreCase))
            textWriter.Write($"{deployment} ");
        WriteOnOneLine(textWriter, message);
        if (logEntry.Exception is { } exception)
        {
            textWriter.Write(' ');
            WriteOnOneLine(textWriter, exception.ToString());
        }

        textWriter.WriteLine();
    }

    private static void WriteOnOneLine(TextWriter writer, string text) => writer.Write(text.ReplaceLineEndings(" "));

    private static string? DeploymentOf(IExternalScopeProvider? scopes)
    {
        var found = new Found();
        scopes?.ForEachScope(
            static (scope, found) =>
            {
                if (scope is DeploymentScope deployment)
                    found.Id = deployment.DeploymentId;
            },
            found);
        return found.Id?.ToString();
    }

    private static (string Text, string Color) Describe(LogLevel level) => level switch
    {
        LogLevel.Trace => ("trce", "\e[90m"),
        LogLevel.Debug => ("dbug", "\e[90m"),
        LogLevel.Information => ("info", "\e[32m"),
        LogLevel.Warning => ("warn", "\e[33m"),
        LogLevel.Error => ("fail", "\e[31m"),
        _ => ("crit", "\e[31m"),
    };

    private sealed class Found
    {
        public Guid? Id { get; set; }
    }
}
