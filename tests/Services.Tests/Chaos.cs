using System.Collections.Concurrent;
using System.Globalization;

namespace Paas.Services.Tests;

/// <summary>Kills one process of a cluster after the other, in an order that a seed decides, and starts it again.</summary>
internal sealed class Chaos(Cluster cluster, Random random)
{
    private const string Broker = "RabbitMQ";
    private const string Database = "PostgreSQL";
    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestAbsence = TimeSpan.FromSeconds(2);

    /// <summary>How often each was killed.</summary>
    public ConcurrentDictionary<string, int> Kills { get; } = new();

    /// <summary>Goes on until all have been killed once and the time is over; then everything runs.</summary>
    public async Task RunAsync(TimeSpan time)
    {
        var end = DateTime.UtcNow + time;
        var victims = new Queue<string>();
        var isFirstRound = true;
        while (true)
        {
            if (victims.Count == 0)
            {
                if (!isFirstRound && DateTime.UtcNow >= end)
                    break;
                var all = cluster.Services.Select(service => service.Name).Append(Broker).Append(Database).ToArray();
                random.Shuffle(all);
                victims = new Queue<string>(all);
            }

            await Task.Delay(Between(ShortestPause, LongestPause));
            var victim = victims.Dequeue();
            await KillAsync(victim);
            Kills.AddOrUpdate(victim, 1, (_, count) => count + 1);
            if (victims.Count == 0)
                isFirstRound = false;
            if (!isFirstRound && DateTime.UtcNow >= end)
                break;
        }

        await cluster.WaitUntilReadyAsync();
    }

    private async Task KillAsync(string victim)
    {
        var absence = Between(TimeSpan.Zero, LongestAbsence);
        switch (victim)
        {
            case Broker:
                cluster.Broker.Kill();
                await Task.Delay(absence);
                await cluster.Broker.StartAsync();
                break;
            case Database:
                cluster.Postgres.Kill();
                await Task.Delay(absence);
                await cluster.Postgres.StartAsync();
                break;
            default:
                var service = cluster.Service(victim);
                await service.KillAsync();
                await Task.Delay(absence);
                service.Start();
                break;
        }
    }

    public override string ToString() => string.Join('\n', Kills.OrderBy(kill => kill.Key, StringComparer.Ordinal)
        .Select(kill => string.Create(CultureInfo.InvariantCulture, $"  {kill.Key,-28}{kill.Value,6}")));

    private TimeSpan Between(TimeSpan shortest, TimeSpan longest) => shortest + random.NextDouble() * (longest - shortest);
}
