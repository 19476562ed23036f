using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace Paas.ImageBuilder.Docker.Sources;

/// <summary>
/// Which hosts a Dockerfile may name: those of the internet. An engine reads an address itself, from its own machine, so
/// what only that machine reaches must not be named, in none of the spellings that resolvers understand.
/// </summary>
internal static partial class PublicHosts
{
    private static readonly IPNetwork[] NotPublic =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
            "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
        }.Select(network => IPNetwork.Parse(network)),
    ];

    private static readonly IPNetwork PublicV6 = IPNetwork.Parse("2000::/3");

    // Names of the machine itself, of the network around it, and of what clouds tell their machines.
    private static readonly string[] OfTheNetwork =
        ["localhost", "localdomain", "internal", "local", "lan", "intranet", "private", "corp", "home", "home.arpa", "test", "invalid", "example", "onion"];

    /// <summary>Whether a host may be named.</summary>
    /// <param name="host">A name or an address in any spelling; with brackets or without; no port.</param>
    public static bool Contains(string host)
    {
        string name;
        try
        {
            // As resolvers do: 127。0。0。1 in wide digits is an address, too.
            name = Uri.UnescapeDataString(host).Normalize(NormalizationForm.FormKC).Replace('。', '.').ToLowerInvariant().TrimEnd('.');
        }
        catch (ArgumentException)
        {
            return false;
        }

        if (name.StartsWith('[') || name.Contains(':', StringComparison.Ordinal))
            return IPAddress.TryParse(name.Trim('[', ']').Split('%')[0], out var address) && IsPublic(address);
        if (LooksLikeAnAddress().IsMatch(name))
            return TryParseV4(name, out var four) && IsPublic(four);
        // A name without a dot is one of the engine's own network.
        return Name().IsMatch(name) && name.Contains('.', StringComparison.Ordinal)
            && !OfTheNetwork.Any(suffix => name.EndsWith("." + suffix, StringComparison.Ordinal));
    }

    private static bool IsPublic(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork
        ? !NotPublic.Any(network => network.Contains(address))
        : !address.IsIPv4MappedToIPv6 && PublicV6.Contains(address) && !NotPublic.Any(network => network.Contains(address));

    /// <summary>One to four numbers, each decimal, octal or hexadecimal, the last for all bytes that are left.</summary>
    private static bool TryParseV4(string text, out IPAddress address)
    {
        address = IPAddress.None;
        var parts = text.Split('.');
        if (parts.Length > 4)
            return false;
        var value = 0L;
        for (var i = 0; i < parts.Length; i++)
        {
            if (!TryParseNumber(parts[i], out var number))
                return false;
            var bytes = i == parts.Length - 1 ? 5 - parts.Length : 1;
            if (number >= 1L << (8 * bytes))
                return false;
            value = (value << (8 * bytes)) | number;
        }

        address = new IPAddress([(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value]);
        // 010.0.0.1 is 8.0.0.1 to some and 10.0.0.1 to others.
        return parts.All(part => part.Length == 1 || part[0] != '0');
    }

    private static bool TryParseNumber(string text, out long number)
    {
        number = 0;
        if (text.StartsWith("0x", StringComparison.Ordinal))
            return long.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number) && number >= 0;
        if (text.Length == 0 || text.Length > 12 || !text.All(char.IsAsciiDigit))
            return false;
        if (text[0] != '0')
            return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
        foreach (var digit in text)
        {
            if (digit > '7')
                return false;
            number = (number * 8) + (digit - '0');
        }

        return true;
    }

    [GeneratedRegex(@"\A(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]*))*\z")]
    private static partial Regex LooksLikeAnAddress();

    [GeneratedRegex(@"\A(?=.{1,253}\z)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\z")]
    private static partial Regex Name();
}
