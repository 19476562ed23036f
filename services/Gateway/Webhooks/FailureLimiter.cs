using System.Net;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;

namespace Paas.Gateway.Webhooks;

/// <summary>
/// Counts the deliveries that are refused, by the address they come from. What is verified is never counted. An address
/// with too many is still listened to, since a git host may share it, but in a lane of its own: a few at a time, small
/// ones apart from large ones, so that those who wait there wait for each other and for no one else.
/// </summary>
internal sealed class FailureLimiter : IDisposable
{
    private const int SmallAtATime = 2;
    private const int LargeAtATime = 1;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);
    private readonly PartitionedRateLimiter<IPAddress> _failures;
    private readonly SemaphoreSlim _smallLane = new(SmallAtATime);
    private readonly SemaphoreSlim _largeLane = new(LargeAtATime);

    public FailureLimiter(IOptions<GatewayOptions> options)
    {
        var limit = new FixedWindowRateLimiterOptions { PermitLimit = options.Value.FailedDeliveriesPerMinute, Window = Window };
        _failures = PartitionedRateLimiter.Create<IPAddress, IPAddress>(address => RateLimitPartition.GetFixedWindowLimiter(address, _ => limit));
    }

    /// <returns>False if the address has had too many already.</returns>
    public bool Count(IPAddress? address)
    {
        using var lease = _failures.AttemptAcquire(Network(address));
        return lease.IsAcquired;
    }

    public bool IsExhausted(IPAddress? address) => _failures.GetStatistics(Network(address)) is { CurrentAvailablePermits: 0 };

    /// <summary>Waits for a place in the lane if the address has had too many refused.</summary>
    /// <returns>What gives the place to the next one.</returns>
    public async Task<IDisposable?> EnterAsync(IPAddress? address, bool isLarge, CancellationToken cancellation)
    {
        if (!IsExhausted(address))
            return null;
        var lane = isLarge ? _largeLane : _smallLane;
        await lane.WaitAsync(cancellation);
        return new Place(lane);
    }

    public void Dispose()
    {
        _failures.Dispose();
        _smallLane.Dispose();
        _largeLane.Dispose();
    }

    private sealed class Place(SemaphoreSlim lane) : IDisposable
    {
        public void Dispose() => lane.Release();
    }

    /// <summary>Whoever has one IPv6 address has the 2^64 around it too.</summary>
    private static IPAddress Network(IPAddress? address)
    {
        if (address is null)
            return IPAddress.None;
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        var bytes = address.GetAddressBytes();
        if (bytes.Length == 16)
            bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }
}
