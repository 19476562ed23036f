using System.Data.Common;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Paas.Persistence;

/// <summary>
/// Brings the database to the newest schema before anything of the process uses it. Waits for a database that is not
/// there yet, for as long as it takes.
/// </summary>
internal sealed partial class DatabasePreparation(IServiceProvider services, TimeProvider clock, ILogger<DatabasePreparation> logger) : IHostedLifecycleService
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(2);

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await PersistenceSetup.MigrateAsync(services, cancellationToken);
                return;
            }
            catch (Exception exception) when (IsPassing(exception))
            {
                Log.Waiting(logger, exception.GetBaseException().Message);
            }

            await Task.Delay(RetryDelay, clock, cancellationToken);
        }
    }

    /// <summary>
    /// Not there, still starting, gone in the middle, or just being made by another process: nothing that would stay so.
    /// </summary>
    private static bool IsPassing(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (exception is DbException { IsTransient: true } or System.Net.Sockets.SocketException or TimeoutException
                or PostgresException { SqlState: PostgresErrorCodes.DuplicateDatabase or PostgresErrorCodes.DuplicateTable or PostgresErrorCodes.UniqueViolation })
                return true;
        }

        return false;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The database can't be used yet: {Reason}")]
        public static partial void Waiting(ILogger logger, string reason);
    }
}
