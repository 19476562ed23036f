using System.Data.Common;
using System.Net;
using Microsoft.Extensions.Options;
using Paas.Gateway.Http;

namespace Paas.Gateway.Router;

/// <summary>
/// Where instances of apps can be. A message that says otherwise is not from a deployer: its route would show visitors
/// whatever the gateway can reach.
/// </summary>
internal sealed class InstanceAddresses
{
    /// <summary>No target gives an app one of those.</summary>
    private const int MinPort = 1_024;

    private readonly List<string> _hosts;
    private readonly List<IPNetwork> _networks = [];
    private readonly HashSet<(string Host, int Port)> _ofPlatform = [];

    public InstanceAddresses(IConfiguration configuration, IOptions<GatewayOptions> options)
    {
        // The deployer's settings are those of the same process in a standalone platform.
        _hosts = [.. new[] { "localhost", configuration["Deployer:InstanceHost"], configuration["Deployer:PublishHost"] }
            .OfType<string>().Concat(options.Value.InstanceHosts).Select(Plain)];
        foreach (var host in _hosts)
        {
            if (Networks.TryParse(host, out var network))
                _networks.Add(network);
        }

        Own(configuration["Docker:Endpoint"]);
        Own(configuration["RabbitMq:Uri"]);
        Own(configuration["Registry:Url"]);
        Own(configuration["Artifacts:Registry"]);
        foreach (var url in (configuration[WebHostDefaults.ServerUrlsKey] ?? "").Split(';'))
            Own(url.Replace("*", "localhost", StringComparison.Ordinal).Replace("+", "localhost", StringComparison.Ordinal));
        OwnDatabase(configuration.GetConnectionString("Paas"));
    }

    /// <returns>Null if the URL may be an instance's, else why not.</returns>
    public string? Check(string url)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var parsed) || parsed.Scheme is not ("http" or "https")
            || parsed.PathAndQuery != "/" || parsed.UserInfo.Length > 0 || parsed.Fragment.Length > 0)
            return GatewayTexts.InstanceUrlMalformed(url);
        var host = Plain(parsed.DnsSafeHost);
        var isAddress = IPAddress.TryParse(host, out var address);
        if (!(isAddress ? IsInstanceNetwork(address!) : _hosts.Contains(host)))
            return GatewayTexts.InstanceHostUnknown(parsed.Host);
        return parsed.Port < MinPort || _ofPlatform.Contains((isAddress && IPAddress.IsLoopback(address!) ? "localhost" : host, parsed.Port))
            ? GatewayTexts.InstancePortUnknown(parsed.Authority)
            : null;
    }

    private bool IsInstanceNetwork(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return plain.Equals(IPAddress.Loopback) || plain.Equals(IPAddress.IPv6Loopback) || _networks.Exists(network => network.Contains(plain));
    }

    private void Own(string? url)
    {
        if (Uri.TryCreate(url, UriKind.Absolute, out var parsed) && parsed.Port > 0)
            Own(parsed.DnsSafeHost, parsed.Port);
    }

    private void OwnDatabase(string? connection)
    {
        if (string.IsNullOrEmpty(connection))
            return;
        var settings = new DbConnectionStringBuilder { ConnectionString = connection };
        if (settings.TryGetValue("Host", out var hosts))
        {
            var port = settings.TryGetValue("Port", out var given) && int.TryParse(given.ToString(), out var number) ? number : 5432;
            foreach (var host in hosts.ToString()!.Split(','))
                Own(host.Split(':')[0], host.Split(':') is [_, var own] && int.TryParse(own, out var its) ? its : port);
        }
    }

    private void Own(string host, int port)
    {
        var isHere = Plain(host) is "localhost" or "0.0.0.0" or "::" || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
        _ofPlatform.Add((isHere ? "localhost" : Plain(host), port));
    }

    private static string Plain(string host) => host.Trim('[', ']').TrimEnd('.').ToLowerInvariant();
}
