using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace Paas.Docker;

public sealed partial class EngineClient
{
    private static readonly TimeSpan StopAnswer = TimeSpan.FromSeconds(30);

    /// <summary>Makes a container, and does not start it.</summary>
    /// <returns>Its id.</returns>
    /// <exception cref="EngineException">It would not: 404 if the image is not there, 409 if the name is taken.</exception>
    /// <exception cref="EngineUnreachableException">It does not answer.</exception>
    public async Task<string> CreateContainerAsync(string name, ContainerSpec spec, CancellationToken cancellation)
    {
        var isLimited = HasDiskLimits;
        try
        {
            return (await AskAsync<Created>(HttpMethod.Post, $"containers/create?name={Escape(name)}", $"make the container {name}", Body(spec, isLimited), cancellation)).Id;
        }
        catch (EngineException exception) when (isLimited && spec.DiskBytes is not null && NoDiskLimits().IsMatch(exception.Reason))
        {
            // Most storage drivers have no such limit: the engine's machine would need XFS with project quotas.
            HasDiskLimits = false;
            return await CreateContainerAsync(name, spec, cancellation);
        }
    }

    /// <summary>Whether the engine limits what containers write, as far as is known: it tells when it makes the first one.</summary>
    public bool HasDiskLimits { get; private set; } = true;

    /// <summary>Lists running containers that have a label, with what each has written; the engine counts files for it.</summary>
    /// <inheritdoc cref="StartContainerAsync"/>
    public Task<IReadOnlyList<ContainerSummary>> MeasureContainersAsync(string label, CancellationToken cancellation) =>
        GetAsync<IReadOnlyList<ContainerSummary>>($"containers/json?size=1&filters={LabelFilter(label)}", "tell what containers have written", cancellation);

    /// <summary>Starts a container; no effect if it runs.</summary>
    /// <exception cref="EngineException">It would not.</exception>
    /// <exception cref="EngineUnreachableException">It does not answer.</exception>
    public Task StartContainerAsync(string id, CancellationToken cancellation) =>
        DoAsync(HttpMethod.Post, $"containers/{Escape(id)}/start", "start a container", null, cancellation);

    /// <summary>Ends a container with SIGTERM, and with SIGKILL when it takes too long; no effect if it does not run or is gone.</summary>
    /// <inheritdoc cref="StartContainerAsync"/>
    public Task StopContainerAsync(string id, TimeSpan grace, CancellationToken cancellation) => DoAsync(
        HttpMethod.Post, $"containers/{Escape(id)}/stop?t={(int)Math.Ceiling(grace.TotalSeconds)}", "stop a container", grace + StopAnswer, cancellation, HttpStatusCode.NotFound);

    /// <summary>Removes a container with what it has written, at once even if it runs; no effect if it is gone.</summary>
    /// <inheritdoc cref="StartContainerAsync"/>
    public Task RemoveContainerAsync(string id, CancellationToken cancellation) =>
        DoAsync(HttpMethod.Delete, $"containers/{Escape(id)}?force=true&v=true", "remove a container", null, cancellation, HttpStatusCode.NotFound);

    /// <summary>Lets the engine start a container again whenever it ends, and after a restart of its own.</summary>
    /// <inheritdoc cref="StartContainerAsync"/>
    public Task KeepContainerRunningAsync(string id, CancellationToken cancellation) => AskAsync<Updated>(
        HttpMethod.Post, $"containers/{Escape(id)}/update", "keep a container running", new { RestartPolicy = new { Name = RestartPolicy.UnlessStopped } }, cancellation);

    /// <summary>All there is to know of a container, by its id or name; null if there is none.</summary>
    /// <inheritdoc cref="StartContainerAsync"/>
    public Task<Container?> FindContainerAsync(string idOrName, CancellationToken cancellation) =>
        FindAsync<Container>($"containers/{Escape(idOrName)}/json", "tell about a container", cancellation);

    /// <summary>The containers that have a label, whether they run or not.</summary>
    /// <param name="label"><c>name=value</c>, or <c>name</c> for any value.</param>
    /// <param name="cancellation">Ends the request.</param>
    /// <inheritdoc cref="StartContainerAsync"/>
    public async Task<IReadOnlyList<ContainerSummary>> ListContainersAsync(string label, CancellationToken cancellation) =>
        await GetAsync<List<ContainerSummary>>($"containers/json?all=true&filters={LabelFilter(label)}", "list its containers", cancellation);

    /// <summary>Waits until a container does not run.</summary>
    /// <returns>Its exit code; 128 + n if signal n ended it.</returns>
    /// <exception cref="EngineException">It is gone.</exception>
    /// <exception cref="EngineUnreachableException">The engine does not answer, or has gone away meanwhile.</exception>
    public async Task<int> WaitForExitAsync(string id, CancellationToken cancellation)
    {
        using var response = await SendAsync(
            HttpMethod.Post, $"containers/{Escape(id)}/wait?condition=not-running", "wait for a container", null, null, cancellation);
        return (await AwayAsync(response.Content.ReadFromJsonAsync<Exit>(Json, cancellation), cancellation))!.StatusCode;
    }

    /// <summary>Runs a program of the container's image within the container, to its end.</summary>
    /// <returns>What it has printed, cut at 1 MiB; null if there is no such program, or the container does not run.</returns>
    /// <exception cref="EngineUnreachableException">It does not answer.</exception>
    public async Task<string?> ReadWithinAsync(string id, IReadOnlyList<string> command, CancellationToken cancellation)
    {
        const int MaxBytes = 1024 * 1024;
        try
        {
            var exec = await AskAsync<Created>(
                HttpMethod.Post, $"containers/{Escape(id)}/exec", "run a program in a container", new { Cmd = command, AttachStdout = true }, cancellation);
            using var response = await SendAsync(
                HttpMethod.Post, $"exec/{Escape(exec.Id)}/start", "run a program in a container", JsonContent.Create(new { Detach = false, Tty = false }), null, cancellation);
            var lines = new System.Text.StringBuilder();
            await foreach (var line in LogFrames.ReadLinesAsync(await response.Content.ReadAsStreamAsync(cancellation), cancellation))
            {
                if (lines.Length < MaxBytes)
                    lines.Append(line).Append('\n');
            }

            return lines.ToString();
        }
        catch (EngineException)
        {
            return null;
        }
        catch (Exception exception) when (IsAway(exception, cancellation))
        {
            throw new EngineUnreachableException(DockerTexts.WentAway(Endpoint), exception);
        }
    }

    private static string LabelFilter(string label) => EscapeJson(new Dictionary<string, string[]> { ["label"] = [label] });

    /// <summary>What <see cref="ContainerSpec"/> promises is here, for all containers: there is no way to make another one.</summary>
    private static object Body(ContainerSpec spec, bool hasDiskLimits) => new
    {
        spec.Image,
        Cmd = spec.Command,
        Env = spec.Variables.Select(variable => $"{variable.Key}={variable.Value}"),
        spec.Labels,
        ExposedPorts = spec.Ports.Count > 0 ? spec.Ports.ToDictionary(port => $"{port}/tcp", _ => new object()) : null,
        HostConfig = new
        {
            Init = true,
            Privileged = false,
            CapDrop = new[] { "ALL" },
            CapAdd = spec.Capabilities,
            SecurityOpt = new[] { "no-new-privileges" },
            Memory = spec.MemoryBytes,
            MemorySwap = spec.MemoryBytes, // both together: no swap beyond it
            NanoCpus = (long)(spec.Cpus * 1_000_000_000),
            PidsLimit = spec.Processes,
            StorageOpt = hasDiskLimits && spec.DiskBytes is { } disk ? new Dictionary<string, string> { ["size"] = disk.ToString(CultureInfo.InvariantCulture) } : null,
            NetworkMode = spec.Network,
            PortBindings = spec.Ports.Count > 0
                ? spec.Ports.ToDictionary(port => $"{port}/tcp", _ => new[] { new { HostIp = spec.PublishAddress, HostPort = "" } })
                : null,
            Mounts = spec.Volumes?.Select(volume => new { Type = "volume", Source = volume.Name, Target = volume.Path }),
            RestartPolicy = new { Name = spec.KeepRunning ? RestartPolicy.UnlessStopped : RestartPolicy.No },
            LogConfig = new { Type = "json-file", Config = new Dictionary<string, string> { ["max-size"] = "10m", ["max-file"] = "3" } },
        },
        NetworkingConfig = spec.Alias is null
            ? null
            : new { EndpointsConfig = new Dictionary<string, object> { [spec.Network] = new { Aliases = new[] { spec.Alias } } } },
    };

    private async Task<T?> FindAsync<T>(string path, string what, CancellationToken cancellation)
        where T : class
    {
        try
        {
            return await GetAsync<T>(path, what, cancellation);
        }
        catch (EngineException exception) when (exception.Status == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    [GeneratedRegex("storage-opt|storage option|pquota|project quota", RegexOptions.IgnoreCase)]
    private static partial Regex NoDiskLimits();

    private sealed record Created(string Id);

    private sealed record Updated(IReadOnlyList<string>? Warnings);

    private sealed record Exit(int StatusCode);
}

/// <summary>
/// A container to be made. Every one is without privileges and capabilities but those named, can't gain any, sees
/// nothing of the machine's files, has an init process, and keeps at most 30 MB of what it prints.
/// </summary>
public sealed record ContainerSpec
{
    /// <summary>An id, or a name with tag or digest, of an image that is on the engine.</summary>
    public required string Image { get; init; }

    /// <summary>In place of the image's <c>CMD</c>; null for that one. The image's <c>ENTRYPOINT</c> stays.</summary>
    public IReadOnlyList<string>? Command { get; init; }

    /// <summary>Besides those of the image.</summary>
    public required IReadOnlyDictionary<string, string> Variables { get; init; }

    /// <summary>See <see cref="ImageLabels"/>.</summary>
    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    /// <summary>The name of its only network.</summary>
    public required string Network { get; init; }

    /// <summary>A name by which others on the network find it.</summary>
    public string? Alias { get; init; }

    /// <summary>Memory, and as much together with swap.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Of the machine's processors.</summary>
    public required double Cpus { get; init; }

    /// <summary>How many processes and threads it may have.</summary>
    public required int Processes { get; init; }

    /// <summary>TCP ports to be published, each on a free port of <see cref="PublishAddress"/>.</summary>
    public IReadOnlyList<int> Ports { get; init; } = [];

    /// <summary>An address of the engine's machine.</summary>
    public string PublishAddress { get; init; } = "127.0.0.1";

    /// <summary>Such as <c>CHOWN</c>; null for none.</summary>
    public IReadOnlyList<string>? Capabilities { get; init; }

    /// <summary>The most it may write into its own file system; null for no limit. See <see cref="EngineClient.HasDiskLimits"/>.</summary>
    public long? DiskBytes { get; init; }

    /// <summary>Volumes that are there, and where the container has them; null for none.</summary>
    public IReadOnlyList<(string Name, string Path)>? Volumes { get; init; }

    /// <summary>See <see cref="EngineClient.KeepContainerRunningAsync"/>.</summary>
    public bool KeepRunning { get; init; }
}

/// <summary>A container in a list.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Labels">See <see cref="ImageLabels"/>.</param>
/// <param name="Names">With a slash in front.</param>
/// <param name="State">Such as <c>created</c>, <c>running</c>, <c>exited</c>.</param>
/// <param name="SizeRw">What it has written into its own file system, in bytes, if that was asked for.</param>
public sealed record ContainerSummary(string Id, IReadOnlyDictionary<string, string> Labels, IReadOnlyList<string>? Names, string? State, long? SizeRw = null);

/// <summary>A container as the engine tells of it.</summary>
public sealed record Container
{
    /// <summary>Its id.</summary>
    public required string Id { get; init; }

    /// <summary>Its name, with a slash in front.</summary>
    public required string Name { get; init; }

    /// <summary>The id of its image.</summary>
    public required string Image { get; init; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset Created { get; init; }

    /// <summary>How it is.</summary>
    public required ContainerState State { get; init; }

    /// <summary>How often the engine has started it again, since it was last started by somebody.</summary>
    public int RestartCount { get; init; }

    /// <summary>What it was made with.</summary>
    public required ContainerConfig Config { get; init; }

    /// <summary>What it was made with, of the machine's side.</summary>
    public required ContainerHostConfig HostConfig { get; init; }

    /// <summary>Its ports.</summary>
    public required ContainerNetworks NetworkSettings { get; init; }

    /// <summary>Whether the engine starts it again.</summary>
    [JsonIgnore]
    public bool IsKeptRunning => HostConfig.RestartPolicy?.Name == RestartPolicy.UnlessStopped;

    /// <summary>The TCP ports of the container that are published.</summary>
    [JsonIgnore]
    public IEnumerable<int> PublishedPorts => (NetworkSettings.Ports ?? new Dictionary<string, IReadOnlyList<PortBinding>?>())
        .Where(port => port.Value is { Count: > 0 } && port.Key.EndsWith("/tcp", StringComparison.Ordinal))
        .Select(port => int.TryParse(port.Key.AsSpan(0, port.Key.Length - "/tcp".Length), out var number) ? number : 0).Where(port => port > 0);

    /// <summary>The port of the engine's machine at which a port of the container is published; null while it is not.</summary>
    public int? PublishedPort(int port) =>
        NetworkSettings.Ports?.GetValueOrDefault($"{port}/tcp")?.Select(binding => int.TryParse(binding.HostPort, out var number) ? number : (int?)null).FirstOrDefault();
}

/// <summary>How a container is.</summary>
/// <param name="Running">Whether its process runs.</param>
/// <param name="OOMKilled">Whether it ended because it needed more memory than it may have.</param>
/// <param name="ExitCode">Of its last run.</param>
/// <param name="StartedAt">When it was started the last time.</param>
/// <param name="Status">Such as <c>created</c>, <c>running</c>, <c>restarting</c>, <c>exited</c>.</param>
/// <param name="FinishedAt">When its last run ended; the year 1 if it never has.</param>
public sealed record ContainerState(bool Running, bool OOMKilled, int ExitCode, DateTimeOffset StartedAt, string Status, DateTimeOffset FinishedAt);

/// <summary>What a container was made with.</summary>
/// <param name="Labels">See <see cref="ImageLabels"/>.</param>
/// <param name="Env"><c>NAME=value</c>, with those of the image.</param>
/// <param name="Cmd">What was given in place of the image's <c>CMD</c>, or that one.</param>
public sealed record ContainerConfig(IReadOnlyDictionary<string, string>? Labels, IReadOnlyList<string>? Env, IReadOnlyList<string>? Cmd);

/// <summary>What a container was made with, of the machine's side.</summary>
/// <param name="RestartPolicy">Whether the engine starts it again.</param>
public sealed record ContainerHostConfig(RestartPolicy? RestartPolicy);

/// <summary>Whether the engine starts a container again.</summary>
/// <param name="Name">One of the constants, or what others have set.</param>
public sealed record RestartPolicy(string? Name)
{
    internal const string UnlessStopped = "unless-stopped";
    internal const string No = "no";
}

/// <summary>The ports of a container.</summary>
/// <param name="Ports">By port and protocol: <c>8080/tcp</c>.</param>
public sealed record ContainerNetworks(IReadOnlyDictionary<string, IReadOnlyList<PortBinding>?>? Ports);

/// <summary>Where a port is published.</summary>
/// <param name="HostIp">An address of the engine's machine.</param>
/// <param name="HostPort">The port there.</param>
public sealed record PortBinding(string? HostIp, string? HostPort);
