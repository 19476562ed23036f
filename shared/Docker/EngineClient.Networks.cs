using System.Net;

namespace Paas.Docker;

public sealed partial class EngineClient
{
    /// <summary>Makes a network of containers' own; no effect if there is one of that name.</summary>
    /// <exception cref="EngineException">It would not.</exception>
    /// <exception cref="EngineUnreachableException">It does not answer.</exception>
    public async Task EnsureNetworkAsync(string name, IReadOnlyDictionary<string, string> labels, CancellationToken cancellation)
    {
        if (await FindAsync<Network>($"networks/{Escape(name)}", "tell about a network", cancellation) is not null)
            return;
        try
        {
            await AskAsync<Created>(
                HttpMethod.Post, "networks/create", $"make the network {name}", new { Name = name, CheckDuplicate = true, Driver = "bridge", Labels = labels }, cancellation);
        }
        catch (EngineException exception) when (exception.Status == HttpStatusCode.Conflict)
        {
            // Somebody else was faster.
        }
    }

    /// <summary>Removes the networks that have a label and a name that begins as the platform's do; no container may be on them.</summary>
    /// <inheritdoc cref="EnsureNetworkAsync"/>
    public async Task RemoveNetworksAsync(string label, string names, CancellationToken cancellation)
    {
        foreach (var network in (await GetAsync<List<Network>>($"networks?filters={LabelFilter(label)}", "list its networks", cancellation)).Where(network => network.Name.StartsWith(names, StringComparison.Ordinal)))
            await DoAsync(HttpMethod.Delete, $"networks/{Escape(network.Id)}", $"remove the network {network.Name}", null, cancellation, HttpStatusCode.NotFound);
    }

    /// <summary>A volume; null if there is none of that name.</summary>
    /// <inheritdoc cref="EnsureNetworkAsync"/>
    public Task<Volume?> FindVolumeAsync(string name, CancellationToken cancellation) =>
        FindAsync<Volume>($"volumes/{Escape(name)}", "tell about a volume", cancellation);

    /// <summary>Makes a volume, or finds the one of that name as it is.</summary>
    /// <inheritdoc cref="EnsureNetworkAsync"/>
    public Task<Volume> EnsureVolumeAsync(string name, IReadOnlyDictionary<string, string> labels, CancellationToken cancellation) =>
        AskAsync<Volume>(HttpMethod.Post, "volumes/create", $"make the volume {name}", new { Name = name, Labels = labels }, cancellation);

    /// <summary>Removes the volumes that have a label and a name that begins as the platform's do, with what is in them; no container may use them.</summary>
    /// <inheritdoc cref="EnsureNetworkAsync"/>
    public async Task RemoveVolumesAsync(string label, string names, CancellationToken cancellation)
    {
        foreach (var volume in (await GetAsync<VolumeList>($"volumes?filters={LabelFilter(label)}", "list its volumes", cancellation)).Volumes?.Where(volume => volume.Name.StartsWith(names, StringComparison.Ordinal)) ?? [])
            await DoAsync(HttpMethod.Delete, $"volumes/{Escape(volume.Name)}", $"remove the volume {volume.Name}", null, cancellation, HttpStatusCode.NotFound);
    }

    private sealed record Network(string Id, string Name);

    private sealed record VolumeList(IReadOnlyList<Volume>? Volumes);
}

/// <summary>A volume.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Labels">See <see cref="ImageLabels"/>.</param>
public sealed record Volume(string Name, IReadOnlyDictionary<string, string>? Labels);
