using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Paas.Deployer;

/// <summary>How releases are started, watched and stopped. Section <c>Deployer</c>.</summary>
public sealed class DeployerOptions
{
    public const string Section = "Deployer";

    private const string Hours = "01:00:00";

    /// <summary>
    /// The host name at which a router on another machine, or in another container, reaches the instances of the
    /// <c>local</c> target. If it is not set, they are reached on the loopback address, and by nobody else.
    /// </summary>
    [RegularExpression("^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$", ErrorMessage = "Deployer__InstanceHost has to be a host name or an IPv4 address, such as deployer.")]
    public string? InstanceHost { get; set; }

    /// <summary>How long an app may take to end after SIGTERM before it is killed.</summary>
    [Range(typeof(TimeSpan), "00:00:00", Hours, ErrorMessage = "Deployer__StopGrace has to be a duration such as 00:00:10.")]
    public TimeSpan StopGrace { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long requests on the old instances may take to end when a new release takes over.</summary>
    [Range(typeof(TimeSpan), "00:00:00", Hours, ErrorMessage = "Deployer__DrainTimeout has to be a duration such as 00:00:10.")]
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the router may take to answer, besides the time it waits for old requests.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", Hours, ErrorMessage = "Deployer__RouterTimeout has to be a duration such as 00:00:15.")]
    public TimeSpan RouterTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>A process that serves no HTTP is healthy when it has run for this long.</summary>
    [Range(typeof(TimeSpan), "00:00:00", Hours, ErrorMessage = "Deployer__StaysUpFor has to be a duration such as 00:00:01.")]
    public TimeSpan StaysUpFor { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The wait before a process that has exited is started again; doubles with every exit.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", Hours, ErrorMessage = "Deployer__RestartDelay has to be a duration such as 00:00:00.5.")]
    public TimeSpan RestartDelay { get; set; } = TimeSpan.FromSeconds(0.5);

    [Range(typeof(TimeSpan), "00:00:00.01", Hours, ErrorMessage = "Deployer__MaxRestartDelay has to be a duration such as 00:00:30.")]
    public TimeSpan MaxRestartDelay { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>A process that has run for this long starts again from the shortest wait.</summary>
    [Range(typeof(TimeSpan), "00:00:00", Hours, ErrorMessage = "Deployer__StableAfter has to be a duration such as 00:01:00.")]
    public TimeSpan StableAfter { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long ResolveUrl waits for the new release to answer at its URL.</summary>
    [Range(typeof(TimeSpan), "00:00:00", Hours, ErrorMessage = "Deployer__UrlTimeout has to be a duration such as 00:00:15.")]
    public TimeSpan UrlTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How much a slug may hold when it is unpacked.</summary>
    [Range(1, long.MaxValue, ErrorMessage = "Deployer__MaxSlugBytes has to be a number of bytes.")]
    public long MaxSlugBytes { get; set; } = 8L * 1024 * 1024 * 1024;

    [Range(1, int.MaxValue, ErrorMessage = "Deployer__MaxSlugEntries has to be a number of files.")]
    public int MaxSlugEntries { get; set; } = 1_000_000;
}

[OptionsValidator]
public sealed partial class DeployerOptionsValidator : IValidateOptions<DeployerOptions>;

/// <summary>Where the router is reached, from here and from outside. Section <c>Router</c>.</summary>
public sealed class RouterOptions
{
    public const string Section = "Router";

    /// <summary>Where this service reaches the router.</summary>
    [Required(ErrorMessage = "Set Router__Address to the URL at which the router is reached, such as http://gateway:8080.")]
    public Uri Address { get; set; } = new("http://127.0.0.1:8080");

    /// <summary>The scheme of the URLs shown; the one of <see cref="Address"/> if not set, https behind a TLS proxy.</summary>
    [RegularExpression("^https?$", ErrorMessage = "Router__PublicScheme has to be http or https.")]
    public string? PublicScheme { get; set; }

    /// <summary>The port of the URLs shown; the one of <see cref="Address"/> if neither this nor the scheme is set.</summary>
    [Range(1, 65535, ErrorMessage = "Router__PublicPort has to be a port, from 1 to 65535.")]
    public int? PublicPort { get; set; }
}

[OptionsValidator]
public sealed partial class RouterOptionsValidator : IValidateOptions<RouterOptions>;
