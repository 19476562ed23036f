using System.Net;
using System.Net.Http.Json;
using Paas.Contracts.Api;

namespace Paas.EndToEnd.Tests.BadInput;

/// <summary>One platform for all tests of a class; in the end nothing may be left of what they did to it.</summary>
public sealed class SharedPlatform : IAsyncLifetime
{
    private readonly DirectoryInfo _temp = Directory.CreateTempSubdirectory("paas-temp-");

    internal Platform Platform { get; private set; } = null!;

    /// <summary>Where the platform keeps what it needs for a moment only.</summary>
    internal string TempFolder => _temp.FullName;

    public async ValueTask InitializeAsync() =>
        Platform = await Platform.StartAsync(("TMPDIR", TempFolder), ("Deployer__StopGrace", "00:00:01"));

    public async ValueTask DisposeAsync()
    {
        try
        {
            await Leftovers.ShouldBeNoneAsync(Platform);
            TempFiles().ShouldBeEmpty();
            (await Platform.StopAsync()).ShouldBe(0, Platform.Output);
        }
        finally
        {
            await Platform.DisposeAsync();
            _temp.Delete(recursive: true);
        }
    }

    /// <summary>What the platform has in its temporary folder; the runtime's own files are not meant.</summary>
    internal IReadOnlyList<string> TempFiles() =>
        [.. Directory.GetFileSystemEntries(TempFolder).Select(Path.GetFileName).Where(name => !name!.StartsWith("clr-debug", StringComparison.Ordinal)
            && !name.StartsWith("dotnet-diagnostic", StringComparison.Ordinal) && name != ".dotnet")!];
}

internal static class Leftovers
{
    /// <summary>Removes all apps; then there is no process, no half-made file and no folder of any.</summary>
    public static async Task ShouldBeNoneAsync(Platform platform)
    {
        foreach (var app in (await platform.Http.GetFromJsonAsync<Page<AppResponse>>("/v1/apps?limit=100"))!.Items)
            (await platform.Http.DeleteAsync($"/v1/apps/{app.Name}")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        await Platform.UntilAsync(() => Task.FromResult(platform.Processes().Count == 0), "no process of an app was left");
        await Platform.UntilAsync(() => Task.FromResult(!ReleasesOf(platform).Any()), "no release of a removed app was left");
        HalfMade(platform).ShouldBeEmpty();
    }

    private static IEnumerable<string> ReleasesOf(Platform platform) => Below(platform, "local").Where(path => path.Contains("/releases/"));

    private static IEnumerable<string> HalfMade(Platform platform) =>
    [
        .. Below(platform, "artifacts/incoming"),
        // A note of what was published stays for a day, in case that it is asked for again.
        .. Below(platform, "builds").Where(path => !path.EndsWith(".digest", StringComparison.Ordinal)),
        .. Below(platform, "").Where(path => Path.GetFileName(path) is var name
            && (name.StartsWith("probe-", StringComparison.Ordinal) || name.StartsWith("tmp_pack", StringComparison.Ordinal) || name.EndsWith(".lock.new", StringComparison.Ordinal))),
    ];

    private static IEnumerable<string> Below(Platform platform, string folder)
    {
        var path = Path.Combine(platform.DataDirectory, folder);
        return Directory.Exists(path) ? Directory.EnumerateFileSystemEntries(path, "*", SearchOption.AllDirectories) : [];
    }
}

internal static class BadInputAssertions
{
    /// <summary>The user is told, at the right step, with a reason for programs and a sentence with these words.</summary>
    public static async Task ShouldHaveFailedAsync(this DeploymentResponse deployment, Platform platform, string step, string reason, params string[] words)
    {
        deployment.State.ShouldBe(DeploymentStates.Failed, await platform.LogAsync(deployment.Id));
        var failure = deployment.Failure.ShouldNotBeNull();
        (failure.Kind, failure.Step, failure.Reason).ShouldBe(("failed", step, reason), failure.Message);
        foreach (var word in words)
            failure.Message.ShouldContain(word, Case.Insensitive);
        failure.Message.ShouldNotContain("   at ");
        failure.Message.ShouldNotContain("Exception");
        var first = failure.Message.Split('\n')[0];
        await Platform.UntilAsync(async () => (await platform.LogAsync(deployment.Id)).Contains(first), $"the log has '{first}'");
    }

    /// <summary>Deploys a ref or a commit, as a user asks for it, and waits until it has ended.</summary>
    public static async Task<DeploymentResponse> DeployAsync(this Platform platform, string app, CreateDeploymentRequest request)
    {
        using var response = await platform.Http.PostAsJsonAsync($"/v1/apps/{app}/deployments", request);
        response.StatusCode.ShouldBe(HttpStatusCode.Accepted, await response.Content.ReadAsStringAsync());
        return await platform.EndOfAsync((await response.Content.ReadFromJsonAsync<DeploymentResponse>())!.Id);
    }
}
