using Paas.Cli.Platform;
using Paas.Contracts;
using Paas.Contracts.Api;

namespace Paas.Cli.Output;

/// <summary>How the instances of all apps are, in a word each; beside other things, so it may be unknown.</summary>
internal sealed class InstanceSummary
{
    private const int Crashes = 3;
    private readonly InstancesResponse? _found;

    private InstanceSummary(InstancesResponse? found) => _found = found;

    public static async Task<InstanceSummary> AskAsync(Session session)
    {
        var answer = await session.Client.TrySendAsync(new HttpRequestMessage(HttpMethod.Get, ApiPaths.Instances), session.Cancellation);
        return new(answer.Status == System.Net.HttpStatusCode.OK ? answer.Read(ApiJson.Default.InstancesResponse) : null);
    }

    /// <summary>Such as <c>2 of 2 running</c>, <c>0 of 1 running, web.1 keeps crashing</c>, <c>unknown</c>.</summary>
    public string Of(AppResponse app)
    {
        if (app.Release is null)
            return "-";
        if (_found is null || _found.Unknown.Any(silent => silent.Target == app.Target))
            return CliTexts.InstancesUnknown();
        var own = _found.Instances.Where(instance => instance.App == app.Name).ToList();
        return own.Count == 0 ? CliTexts.NoneRunning() : CliTexts.InstancesRunning(own.Count(IsUp), own.Count, Worst(own));
    }

    /// <summary>For all apps together, and which are down.</summary>
    public string OfAll()
    {
        if (_found is null)
            return CliTexts.StatusInstances(CliTexts.InstancesUnknown());
        var down = _found.Instances.Where(instance => !IsUp(instance)).GroupBy(instance => instance.App)
            .Select(instances => $"{SafeText.Line(instances.Key)} ({Worst([.. instances])})").ToList();
        var parts = new List<string>();
        if (_found.Instances.Count > 0)
            parts.Add(CliTexts.InstancesRunning(_found.Instances.Count(IsUp), _found.Instances.Count, null));
        if (down.Count > 0)
            parts.Add(CliTexts.NotRunning(down));
        if (_found.Unknown.Count > 0)
            parts.Add(CliTexts.UnknownOn(_found.Unknown.Select(silent => SafeText.Line(silent.Target))));
        return CliTexts.StatusInstances(parts.Count == 0 ? CliTexts.NoneRunning() : string.Join("; ", parts));
    }

    private static bool IsUp(InstanceResponse instance) => instance.State == InstanceState.Running;

    /// <summary>What is to be said of those that do not run; null if all do.</summary>
    private static string? Worst(IReadOnlyList<InstanceResponse> instances) =>
        instances.Where(instance => !IsUp(instance)).OrderByDescending(instance => instance.Restarts).FirstOrDefault() is { } worst
            ? SafeText.Line(worst.State == InstanceState.Restarting && worst.Restarts >= Crashes ? CliTexts.KeepsCrashing(worst.Name) : $"{worst.Name} {worst.State}")
            : null;
}
