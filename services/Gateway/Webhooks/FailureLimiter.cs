using System.Net;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;

namespace Paas.Gateway.Webhooks;

/// <summary>
/// Counts the deliveries that are refused, by the address they come from. What is verified is never counted, so a
/// git host is listened to however much it sends.
/// </summary>
internal sealed class FailureLimiter : IDisposable
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);
    private readonly PartitionedRateLimiter<IPAddress> _failures;

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

    public void Dispose() => _failures.Dispose();

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
