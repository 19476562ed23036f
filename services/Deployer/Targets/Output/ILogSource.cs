namespace Paas.Deployer.Targets.Output;

/// <summary>
/// Something that is printed to: the log of a container, or a file. It may be read again and again, keeps its order, and
/// loses nothing but from its beginning.
/// </summary>
internal interface ILogSource
{
    /// <summary>Of this log and no other one of the app: up to 32 lower-case letters and digits.</summary>
    string Id { get; }

    /// <summary>Whether more may come.</summary>
    bool IsLive { get; }

    /// <summary>What is there, oldest first.</summary>
    /// <param name="last">How many of the last records; null for all.</param>
    /// <param name="cancellation">Ends the reading.</param>
    IAsyncEnumerable<LogRecord> ReadAsync(int? last, CancellationToken cancellation);

    /// <summary>Listens for what comes from now on. What is missed by that is only told later: it is a signal, nothing is read by it.</summary>
    /// <returns>When it listens, a task for what happens first: true when something was printed, false when no more will be.</returns>
    Task<Task<bool>> ListenAsync(CancellationToken cancellation);
}

/// <summary>A record of a log.</summary>
/// <param name="Time">When it was printed, in nanoseconds since 1970.</param>
/// <param name="Source">Who has printed it, such as <c>web.1</c>.</param>
/// <param name="IsError">Whether to standard error.</param>
/// <param name="Text">The line; null if the record is the rest of a line that was too long.</param>
internal readonly record struct LogRecord(long Time, string Source, bool IsError, string? Text);
