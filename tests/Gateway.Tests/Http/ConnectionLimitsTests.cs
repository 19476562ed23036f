using Paas.Gateway.Http;

namespace Paas.Gateway.Tests.Http;

public sealed class ConnectionLimitsTests
{
    private const long Plenty = 1L << 40;

    [Theory]
    [InlineData(64)]
    [InlineData(256)]
    [InlineData(1_024)]
    [InlineData(65_536)]
    [InlineData(1_048_576)]
    public void Visitors_and_apps_together_have_fewer_connections_than_there_are_descriptors(int descriptors)
    {
        var limits = ConnectionLimits.For(null, descriptors, Plenty);
        // One to an app for each visitor, and those kept for later.
        (limits.Visitors + limits.IdleToApps).ShouldBeLessThan(descriptors - Math.Min(200, descriptors / 3));
        limits.Visitors.ShouldBeGreaterThan(descriptors / 8 - 1);
        limits.Upgraded.ShouldBeLessThan(limits.Visitors);
    }

    [Fact]
    public void Memory_and_the_operator_lower_the_limit()
    {
        ConnectionLimits.For(null, 1_048_576, 288L << 20).Visitors.ShouldBe(2_304);
        ConnectionLimits.For(100, 1_048_576, 288L << 20).Visitors.ShouldBe(100);
        ConnectionLimits.For(5_000, 1_048_576, 288L << 20).Visitors.ShouldBe(2_304);
        ConnectionLimits.For(null, null, Plenty).Visitors.ShouldBeGreaterThan(1_000);
    }
}
