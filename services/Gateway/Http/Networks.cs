using System.ComponentModel.DataAnnotations;
using System.Net;

namespace Paas.Gateway.Http;

/// <summary>Networks in settings: <c>10.0.0.0/8</c>, or one address.</summary>
internal static class Networks
{
    public static bool TryParse(string text, out IPNetwork network)
    {
        if (IPNetwork.TryParse(text, out network))
            return true;
        if (!IPAddress.TryParse(text, out var address))
            return false;
        network = new IPNetwork(address, address.GetAddressBytes().Length * 8);
        return true;
    }
}

/// <summary>Each of the texts is an address, or a network in CIDR notation.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class NetworksAttribute : ValidationAttribute
{
    public override bool IsValid(object? value) => value is not IEnumerable<string> texts || texts.All(text => Networks.TryParse(text, out _));
}
