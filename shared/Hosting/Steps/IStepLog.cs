namespace Paas.Hosting.Steps;

/// <summary>What a step tells the developer while it works. Safe to use from several threads.</summary>
public interface IStepLog
{
    /// <summary>Writes one line as it is; control characters are taken out and long lines are cut.</summary>
    void Write(string line);
}

/// <summary>The look of the log, after Heroku's.</summary>
public static class StepLogExtensions
{
    /// <summary>A part of the work begins: <c>-----> Installing dependencies</c>.</summary>
    public static void Heading(this IStepLog log, string text) => log.Write("-----> " + text);

    /// <summary>A detail below the last heading.</summary>
    public static void Detail(this IStepLog log, string text) => log.Write("       " + text);

    /// <summary>Something the developer should look at: <c> !     Python 3.12 is not installed here</c>.</summary>
    public static void Warning(this IStepLog log, string text) => log.Write(" !     " + text);
}
