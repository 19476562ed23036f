using System.Net;
using Paas.Contracts.Api;

namespace Paas.EndToEnd.Tests;

/// <summary>Every folder of samples/ is an app that can be deployed as it is.</summary>
public sealed class SampleTests
{
    [Theory]
    [InlineData("python-hello", "python3", "Hello from Python, release v1\n")]
    [InlineData("node-hello", "node", "Hello from Node, release v1\n")]
    [InlineData("dotnet-hello", "dotnet", "Hello from .NET, release v1\n")]
    public async Task A_sample_is_deployed_and_answers(string sample, string runtime, string answer)
    {
        Assert.SkipUnless(sample == "python-hello" || Programs.Find(runtime) is not null, $"{runtime} is not installed");
        await using var platform = await Platform.StartAsync();
        using var repository = new Repository([.. FilesOf(sample)]);
        var app = await platform.CreateAppAsync(sample, repository);

        var deployment = await platform.DeployAsync(app, repository);

        deployment.State.ShouldBe(DeploymentStates.Succeeded, await platform.LogAsync(deployment.Id));
        (await platform.GetAppAsync(sample)).ShouldBe((HttpStatusCode.OK, answer));
    }

    private static IEnumerable<(string Path, string Content)> FilesOf(string sample)
    {
        var folder = Path.Combine(Platform.RepositoryRoot, "samples", sample);
        return Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(file => (Path.GetRelativePath(folder, file), File.ReadAllText(file)))
            .Where(file => !file.Item1.StartsWith("bin/", StringComparison.Ordinal) && !file.Item1.StartsWith("obj/", StringComparison.Ordinal));
    }
}
