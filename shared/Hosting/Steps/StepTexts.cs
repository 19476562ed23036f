using System.Globalization;

namespace Paas.Hosting.Steps;

/// <summary>What is said to people about every step.</summary>
internal static class StepTexts
{
    public static string Fault(string message, int @try, int maxTries) => $"{message} (try {@try} of {maxTries})";

    public static string NextTry(TimeSpan wait) => string.Create(CultureInfo.InvariantCulture, $"Next try in {wait.TotalSeconds:0.#} s.");

    public static string LinesLeftOut(long count, int maxBytes) =>
        $"{count} more lines were left out: a step may write {maxBytes / 1024 / 1024} MiB of log.";

    public static string SagaSilent(string step) =>
        $"Nobody answered whether this {step} is still wanted. See that the orchestrator runs and reaches the message broker.";

    public static string NotWanted(string step) => $"The deployment does not wait for this {step} any more.";
}
