using System.Net;
using System.Text.Json;

namespace Paas.Docker;

public sealed partial class EngineClient
{
    /// <summary>An image that is on the engine, by its id or a name with tag or digest; null if it is not there.</summary>
    /// <exception cref="EngineException">It would not.</exception>
    /// <exception cref="EngineUnreachableException">It does not answer.</exception>
    public Task<RunnableImage?> FindRunnableAsync(string image, CancellationToken cancellation) =>
        FindAsync<RunnableImage>($"images/{Escape(image)}/json", "tell about an image", cancellation);

    /// <summary>Fetches an image from its registry.</summary>
    /// <param name="repository">Without tag and digest.</param>
    /// <param name="reference">A tag, or a digest such as <c>sha256:…</c>.</param>
    /// <param name="credentials">For that registry; null for none.</param>
    /// <param name="cancellation">Ends the pull.</param>
    /// <exception cref="EngineException">The registry does not answer, lets nobody in, or does not have it; the reason is the engine's.</exception>
    /// <exception cref="EngineUnreachableException">The engine does not answer, or has gone away meanwhile.</exception>
    public async Task PullAsync(string repository, string reference, RegistryOptions? credentials, CancellationToken cancellation)
    {
        var name = reference.Contains(':', StringComparison.Ordinal) ? $"{repository}@{reference}" : $"{repository}:{reference}";
        var headers = new Dictionary<string, string> { ["X-Registry-Auth"] = Login(credentials ?? new(), credentials?.PullLogin) };
        var status = HttpStatusCode.OK;
        string? problem = null;
        try
        {
            await foreach (var message in StreamAsync<PullMessage>(
                HttpMethod.Post, $"images/create?fromImage={Escape(repository)}&tag={Escape(reference)}", $"pull {name}", null, headers, cancellation))
                problem = message.Error ?? problem; // of what goes wrong later it has answered 200 before
        }
        catch (EngineException refused)
        {
            (status, problem) = (refused.Status, refused.Reason);
        }

        if (problem is not null)
            throw new EngineException(DockerTexts.NotPulled(Endpoint, name, problem), status, problem);
    }

    private sealed record PullMessage(string? Error);
}

/// <summary>What has to be known of an image to run it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Config">What it brings.</param>
public sealed record RunnableImage(string Id, ImageDefaults? Config);

/// <summary>What an image brings.</summary>
/// <param name="Env"><c>NAME=value</c>.</param>
/// <param name="Cmd">What it starts.</param>
/// <param name="Entrypoint">What it starts that with.</param>
/// <param name="User">As whom: <c>name</c>, <c>1000</c>, <c>1000:1000</c>; empty for root.</param>
/// <param name="ExposedPorts">What it listens on: <c>3000/tcp</c>.</param>
public sealed record ImageDefaults(IReadOnlyList<string>? Env, IReadOnlyList<string>? Cmd, IReadOnlyList<string>? Entrypoint, string? User = null,
    IReadOnlyDictionary<string, object>? ExposedPorts = null)
{
    /// <summary>The TCP port it listens on, if it says exactly one.</summary>
    public int? ExposedPort => ExposedPorts?.Keys.ToList() is [var port] && port.EndsWith("/tcp", StringComparison.Ordinal)
        && int.TryParse(port.AsSpan(0, port.Length - "/tcp".Length), out var number) ? number : null;
}
