using Microsoft.Data.Sqlite;
using Paas.Hosting;

namespace Paas.Standalone;

/// <summary>What the standalone platform says to people.</summary>
internal static class StandaloneTexts
{
    private const int DiskFull = 28; // ENOSPC
    private const int ReadOnly = 30; // EROFS

    public static string Starting(string dataDirectory) => $"Starting the platform with the data in {dataDirectory}: its database, then its apps…";

    public static string Listening(string url, string dataDirectory) => $"The platform is ready at {url}; its data is in {dataDirectory}.";

    public static string OnlyThisMachine(Uri example) =>
        $"It listens to other machines, too, but apps have URLs such as {example}, which lead to the visitor's own machine. "
        + "Set Paas__Domain to a domain of which all names (*.DOMAIN) lead to this machine.";

    public static string AdminToken(string token) => $"""
        The operator's token, shown only this once:

            {token}

        'paas login' stores it on another machine; on this one the command finds its way without it.
        Lost it? Set another one: Paas__AdminToken=... before the next start.
        """;

    public static string DataDirectory(string path, Exception exception) => (exception.HResult & 0xffff) switch
    {
        DiskFull => $"The disk with the data directory {path} is full: make room there, or set Paas__DataDirectory to another disk. Nothing stored was changed.",
        ReadOnly => $"The data directory {path} is on a read-only file system: mount it writable, or set Paas__DataDirectory to another folder.",
        _ when exception is UnauthorizedAccessException =>
            $"The data directory {path} can't be written to by this user: change its owner, or set Paas__DataDirectory to another folder.",
        _ => $"The data directory {path} can't be used: {exception.Message} Set Paas__DataDirectory to another folder.",
    };

    public static string DataDirectoryOpen(string path) =>
        $"The data directory {path} can be read by other users and is not this user's to close: change its owner, or set Paas__DataDirectory to another folder.";

    public static string DataDirectoryInUse(string path) =>
        $"Another platform uses the data directory {path}: stop that one, or set Paas__DataDirectory to another folder.";

    /// <inheritdoc cref="StartException.Explain"/>
    public static string? Explain(Exception exception)
    {
        for (var inner = exception; inner is not null; inner = inner.InnerException)
        {
            if (inner is SqliteException sqlite)
                return Database(sqlite);
        }

        return StartException.Explain(exception);
    }

    private static string Database(SqliteException exception) => exception.SqliteErrorCode switch
    {
        SQLitePCL.raw.SQLITE_FULL => "The disk with the data directory is full: make room there and start again. Nothing stored was changed.",
        SQLitePCL.raw.SQLITE_READONLY or SQLitePCL.raw.SQLITE_CANTOPEN or SQLitePCL.raw.SQLITE_PERM =>
            "The database paas.db in the data directory can't be written to: look at its owner and at the file system, and start again.",
        SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_NOTADB =>
            "The database paas.db in the data directory is damaged: restore it from a backup, or move it away to begin anew.",
        _ => $"The database paas.db in the data directory can't be used: {exception.Message}",
    };
}
