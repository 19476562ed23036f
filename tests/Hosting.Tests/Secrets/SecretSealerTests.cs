using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Paas.Hosting.Secrets;

namespace Paas.Hosting.Tests.Secrets;

public sealed class SecretSealerTests
{
    private readonly SecretSealer _sealer = new(new EphemeralDataProtectionProvider());

    [Fact]
    public void What_is_sealed_does_not_show_the_secret_and_opens_again()
    {
        var @sealed = _sealer.Seal("postgres://user:pass@host/db");
        @sealed.ShouldNotContain("pass");
        _sealer.Open(@sealed).ShouldBe("postgres://user:pass@host/db");
    }

    [Fact]
    public void A_set_of_variables_is_sealed_as_one()
    {
        var @sealed = _sealer.SealAll(new Dictionary<string, string> { ["A"] = "1", ["B"] = "ü\n\"" });
        _sealer.OpenAll(@sealed).ShouldBe(new Dictionary<string, string> { ["A"] = "1", ["B"] = "ü\n\"" });
        _sealer.SealAll(new Dictionary<string, string>()).ShouldBeNull();
        _sealer.OpenAll(null).ShouldBeEmpty();
    }

    [Fact]
    public void Another_key_ring_does_not_open_it()
    {
        var @sealed = new SecretSealer(new EphemeralDataProtectionProvider()).Seal("secret");
        Should.Throw<CryptographicException>(() => _sealer.Open(@sealed));
    }
}
