using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Gateway.Http;

namespace Paas.Gateway;

/// <summary>Section <c>Gateway</c>.</summary>
public sealed class GatewayOptions
{
    public const string Section = "Gateway";
    public const string XForwardedFor = "X-Forwarded-For";
    public const string Forwarded = "Forwarded";

    /// <summary>Where the platform is reached from outside, if that is not where a request comes to.</summary>
    [RegularExpression("^https?://[^/?#]+/?$", ErrorMessage = "Gateway__PublicUrl has to be an http or https URL without a path, such as https://paas.example.com.")]
    public string? PublicUrl { get; set; }

    /// <summary>The targets an app can be made for; if none is named, <c>local</c>, <c>docker</c> where an engine is configured, and
    /// <c>kubernetes</c> where a cluster is.</summary>
    public string[] Targets { get; set; } = [];

    public IReadOnlyList<string> AvailableTargets =>
        Targets.Length > 0 ? Targets : [Target.Local, .. HasEngine ? [Target.Docker] : Array.Empty<string>(), .. HasCluster ? [Target.Kubernetes] : Array.Empty<string>()];

    /// <summary>Whether <c>Docker__Endpoint</c> is set: not for the gateway itself, but for the services it stands before.</summary>
    internal bool HasEngine { get; set; }

    /// <summary>Whether <c>Kubernetes__Kubeconfig</c> is set; a platform that itself runs in a cluster names its targets.</summary>
    internal bool HasCluster { get; set; }

    /// <summary>How long to wait for what a new app's repository looks like; not at all for zero.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00", ErrorMessage = "Gateway__RepositoryPatience has to be between nothing and a minute.")]
    public TimeSpan RepositoryPatience { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How many deliveries one address may have refused in a minute before its deliveries wait for each other.</summary>
    [Range(1, 1_000_000, ErrorMessage = "Gateway__FailedDeliveriesPerMinute has to be between 1 and 1000000.")]
    public int FailedDeliveriesPerMinute { get; set; } = 60;

    /// <summary>How many deliveries too large for memory are received at the same time; more wait.</summary>
    [Range(1, 1_000, ErrorMessage = "Gateway__LargeDeliveries has to be between 1 and 1000.")]
    public int LargeDeliveries { get; set; } = 4;

    /// <summary>How long a delivery may take to come in. GitHub itself gives up after 10 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00", ErrorMessage = "Gateway__DeliveryTimeout has to be between a second and 10 minutes.")]
    public TimeSpan DeliveryTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How many may follow logs at the same time.</summary>
    [Range(1, 100_000, ErrorMessage = "Gateway__LogFollowers has to be between 1 and 100000.")]
    public int LogFollowers { get; set; } = 200;

    /// <summary>How many instances a process type may be scaled to.</summary>
    [Range(1, 10_000, ErrorMessage = "Gateway__MaxInstances has to be between 1 and 10000.")]
    public int MaxInstances { get; set; } = 100;

    /// <summary>How many connections of visitors are taken at the same time; by default as many as the process can serve.</summary>
    [Range(8, 1_000_000, ErrorMessage = "Gateway__MaxConnections has to be between 8 and 1000000.")]
    public int? MaxConnections { get; set; }

    /// <summary>The proxies whose word on a visitor's address is believed, by address or network: <c>10.0.0.0/8</c>.</summary>
    [Networks(ErrorMessage = "Gateway__TrustedProxies__0 and the following have to be addresses or networks, such as 10.0.0.5 or 10.0.0.0/8.")]
    public string[] TrustedProxies { get; set; } = [];

    /// <summary>The header in which they say it. Only the one that they set themselves: the other one can be a visitor's.</summary>
    [AllowedValues(XForwardedFor, Forwarded, ErrorMessage = "Gateway__ForwardedHeader has to be X-Forwarded-For or Forwarded.")]
    public string ForwardedHeader { get; set; } = XForwardedFor;

    /// <summary>Where instances of apps may be, besides the loopback address: host names, addresses or networks.</summary>
    public string[] InstanceHosts { get; set; } = [];

    /// <summary>How long a connection to an app may be silent before it is cut.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00", ErrorMessage = "Gateway__AppTimeout has to be between a second and a day.")]
    public TimeSpan AppTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long requests to apps may still take once the gateway was asked to stop.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:40", ErrorMessage = "Gateway__StopTimeout has to be between 0 and 40 seconds.")]
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(20);
}

[OptionsValidator]
public sealed partial class GatewayOptionsValidator : IValidateOptions<GatewayOptions>;
