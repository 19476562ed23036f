using System.Data;
using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;

namespace Paas.Persistence;

/// <summary>Connections to a PostgreSQL that may be away: soon given up, and not used again once one of them is broken.</summary>
internal sealed class PostgresConnections : DbCommandInterceptor
{
    private const int ConnectSeconds = 5;
    private const int ConnectSecondsIfCallersWait = 3;
    private const int CommandSecondsIfCallersWait = 4;
    private const int MaxPoolSizeIfCallersWait = 30;

    public static PostgresConnections Instance { get; } = new();

    /// <summary>Sets what suits the platform better than Npgsql's own, where the operator has set nothing.</summary>
    /// <param name="connectionString">The operator's.</param>
    /// <param name="callersWait">
    /// Whether somebody waits for an answer who is told better soon than never: a database that hangs has failed after
    /// seven seconds then. Npgsql asks the server to cancel a command that took too long, over a new connection, and
    /// blocks a thread while it does: hence the fewer connections, and no more waiting after that.
    /// </param>
    public static string WithDefaults(string connectionString, bool callersWait)
    {
        var asked = new DbConnectionStringBuilder { ConnectionString = connectionString };
        var connection = new NpgsqlConnectionStringBuilder(connectionString);
        if (!Has("Timeout"))
            connection.Timeout = callersWait ? ConnectSecondsIfCallersWait : ConnectSeconds;
        if (callersWait && !Has("Command Timeout"))
            connection.CommandTimeout = CommandSecondsIfCallersWait;
        if (callersWait && !Has("Cancellation Timeout"))
            connection.CancellationTimeout = -1;
        if (callersWait && !Has("GSS Encryption Mode"))
            connection.GssEncryptionMode = GssEncryptionMode.Disable; // one more question to a server that does not answer
        if (callersWait && !Has("Maximum Pool Size") && !Has("Max Pool Size"))
            connection.MaxPoolSize = MaxPoolSizeIfCallersWait;
        // The same few statements come again and again, so each connection prepares them; and nobody leaves anything in
        // its session, so there is nothing to reset.
        if (!Has("Max Auto Prepare"))
            connection.MaxAutoPrepare = 100;
        if (!Has("No Reset On Close"))
            connection.NoResetOnClose = true;
        return connection.ConnectionString;

        bool Has(string key) => asked.ContainsKey(key) || asked.ContainsKey(key.Replace(" ", "", StringComparison.Ordinal));
    }

    public override void CommandFailed(DbCommand command, CommandErrorEventData eventData) => Forget(command, eventData.Exception);

    public override Task CommandFailedAsync(DbCommand command, CommandErrorEventData eventData, CancellationToken cancellationToken = default)
    {
        Forget(command, eventData.Exception);
        return Task.CompletedTask;
    }

    /// <summary>
    /// When one connection is broken, so are the others that were open at that time: without this each of them would
    /// fail somebody once after the database is back.
    /// </summary>
    private static void Forget(DbCommand command, Exception exception)
    {
        if (exception is NpgsqlException && command.Connection is NpgsqlConnection { State: not ConnectionState.Open } connection)
            NpgsqlConnection.ClearPool(connection);
    }
}
