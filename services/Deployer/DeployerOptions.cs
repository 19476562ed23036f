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

    /// <summary>How often it is looked how the instances are, to tell of those that crash again and again.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", Hours, ErrorMessage = "Deployer__InstanceWatch has to be a duration such as 00:00:15.")]
    public TimeSpan InstanceWatch { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long ResolveUrl waits for the new release to answer at its URL.</summary>
    [Range(typeof(TimeSpan), "00:00:00", Hours, ErrorMessage = "Deployer__UrlTimeout has to be a duration such as 00:00:15.")]
    public TimeSpan UrlTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How many runs of an app there may be at the same time.</summary>
    [Range(1, 1000, ErrorMessage = "Deployer__MaxRuns has to be a number of runs, from 1 to 1000.")]
    public int MaxRuns { get; set; } = 5;

    /// <summary>How long what a run has printed is kept once it has ended.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "7.00:00:00", ErrorMessage = "Deployer__KeepRuns has to be a duration such as 01:00:00.")]
    public TimeSpan KeepRuns { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How much a slug may hold when it is unpacked.</summary>
    [Range(1, long.MaxValue, ErrorMessage = "Deployer__MaxSlugBytes has to be a number of bytes.")]
    public long MaxSlugBytes { get; set; } = 8L * 1024 * 1024 * 1024;

    [Range(1, int.MaxValue, ErrorMessage = "Deployer__MaxSlugEntries has to be a number of files.")]
    public int MaxSlugEntries { get; set; } = 1_000_000;

    /// <summary>
    /// The address of the engine's machine at which the <c>docker</c> target publishes the ports of web containers.
    /// With <see cref="PublishHost"/>, one that is reached under that name, and by as few others as can be.
    /// </summary>
    [RegularExpression(@"^[0-9]{1,3}(\.[0-9]{1,3}){3}$", ErrorMessage = "Deployer__PublishAddress has to be an IPv4 address of the Docker Engine's machine, such as 127.0.0.1.")]
    public string PublishAddress { get; set; } = "127.0.0.1";

    /// <summary>
    /// The host name at which router and deployer reach <see cref="PublishAddress"/>; <see cref="InstanceHost"/> if it is
    /// not set, and the loopback address if neither is.
    /// </summary>
    [RegularExpression("^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$", ErrorMessage = "Deployer__PublishHost has to be a host name or an IPv4 address of the Docker Engine's machine.")]
    public string? PublishHost { get; set; }

    /// <summary>What a container of an app may use, in MiB.</summary>
    [Range(6, int.MaxValue, ErrorMessage = "Deployer__AppMemory has to be a number of MiB, at least 6.")]
    public int AppMemory { get; set; } = 512;

    /// <summary>The processors a container may keep busy.</summary>
    [Range(0.01, 1024, ErrorMessage = "Deployer__AppCpus has to be a number of processors, such as 1 or 0.5.")]
    public double AppCpus { get; set; } = 1;

    /// <summary>The processes and threads a container of an app may have.</summary>
    [Range(2, int.MaxValue, ErrorMessage = "Deployer__AppProcesses has to be a number of processes, at least 2.")]
    public int AppProcesses { get; set; } = 256;

    /// <summary>What a container of an app may write into its own file system, in MiB; volumes are apart.</summary>
    [Range(1, int.MaxValue, ErrorMessage = "Deployer__AppDisk has to be a number of MiB, at least 1.")]
    public int AppDisk { get; set; } = 2048;

    /// <summary>How often it is looked how much containers have written, where the engine has no limit for it.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", Hours, ErrorMessage = "Deployer__DiskInterval has to be a duration such as 00:00:30.")]
    public TimeSpan DiskInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>What the container of an add-on may use, in MiB.</summary>
    [Range(6, int.MaxValue, ErrorMessage = "Deployer__AddOnMemory has to be a number of MiB, at least 6.")]
    public int AddOnMemory { get; set; } = 512;

    /// <summary>How long an add-on may take to start.</summary>
    [Range(typeof(TimeSpan), "00:00:00", Hours, ErrorMessage = "Deployer__AddOnTimeout has to be a duration such as 00:02:00.")]
    public TimeSpan AddOnTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Images in place of the usual ones, by the add-on's name; a version in the manifest replaces the tag.</summary>
    public Dictionary<string, string> AddOnImages { get; } = new(StringComparer.OrdinalIgnoreCase);
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
