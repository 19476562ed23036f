using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Gateway.Apps;
using Paas.Gateway.Http;
using Paas.Gateway.Releases;
using Paas.Persistence;
using Paas.Persistence.Entities;
using Paas.Persistence.Messaging;

namespace Paas.Gateway.Formations;

/// <summary>Changes how many instances an app has, and makes the deployment that brings that about.</summary>
internal sealed class FormationChanges(PaasDbContext db, BusOutbox outbox, LiveRelease live, IOptions<GatewayOptions> options)
{
    private static readonly Dictionary<string, int> None = [];

    public async Task<FormationResponse> ShowAsync(string appName, CancellationToken cancellation)
    {
        var app = await db.FindAppAsync(appName, cancellation);
        var environment = app.MainEnvironment();
        return Show((await live.FindAsync(environment, cancellation))?.RunPlan, environment.Formation ?? None, null);
    }

    /// <param name="appName">The app.</param>
    /// <param name="asked">Instances by process type; null for what the manifest says. Others stay as they are.</param>
    /// <param name="requestedBy">A token's name.</param>
    /// <param name="cancellation">Cancels it.</param>
    public async Task<FormationResponse> ApplyAsync(
        string appName, IReadOnlyDictionary<string, int?> asked, string requestedBy, CancellationToken cancellation)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        var app = await db.FindAppAsync(appName, cancellation);
        var environment = await db.LockEnvironmentAsync(app.MainEnvironment().Id, cancellation)
            ?? throw ProblemException.NotFound(GatewayTexts.AppUnknown(appName)); // removed meanwhile
        var before = environment.Formation ?? None;
        var plan = (await live.FindAsync(environment, cancellation))?.RunPlan;
        var after = new Dictionary<string, int>(before, StringComparer.Ordinal);
        foreach (var (written, instances) in asked)
        {
            var process = ProcessName.Of(written) ?? written;
            Check(app.Name, process, instances, plan, before);
            if (instances is { } number)
                after[process] = number;
            else
                after.Remove(process);
        }

        if (after.Count > FormationRules.MaxProcessTypes)
            throw ProblemException.Malformed(GatewayTexts.FormationTooLarge(after.Count, FormationRules.MaxProcessTypes));
        environment.Formation = after.Count > 0 ? after : null;
        Guid? deploymentId = null;
        if (await ChangesAsync(environment, plan, before, after, cancellation))
        {
            var description = GatewayTexts.ScaleChange(asked);
            deploymentId = (await live.DeployAsync(app, environment, DeploymentTriggers.Scale, description, requestedBy, cancellation)).CorrelationId;
        }

        await outbox.SaveChangesAsync(cancellation);
        return Show(plan, after, deploymentId);
    }

    private void Check(string app, string process, int? instances, RunPlan? plan, IReadOnlyDictionary<string, int> before)
    {
        if (instances is { } number)
            FormationRules.CheckInstances(process, number, options.Value.MaxInstances);
        if (plan is null)
            FormationRules.CheckName(process);
        // What was set once and is in no manifest any more can be taken back.
        else if (plan.Processes.All(type => type.Name != process) && (instances is not null || !before.ContainsKey(process)))
            throw ProblemException.Invalid(GatewayTexts.Shorten(process), GatewayTexts.ProcessTypeUnknown(process, app, plan.Processes.Select(type => type.Name)));
    }

    private async Task<bool> ChangesAsync(
        AppEnvironment environment, RunPlan? plan, IReadOnlyDictionary<string, int> before, IReadOnlyDictionary<string, int> after, CancellationToken cancellation)
    {
        if (plan is not null)
        {
            // What is live may lag behind what was asked for: the deployment is under way, or came to nothing.
            var wanted = ScalesOf(plan.With(after));
            return !wanted.SequenceEqual(ScalesOf(plan)) || !wanted.SequenceEqual(ScalesOf(plan.With(before)));
        }

        // The first release has been made already, and is not live yet: it has the formation of before.
        return environment.LastRelease > 0 && !before.OrderBy(x => x.Key).SequenceEqual(after.OrderBy(x => x.Key))
            && await db.Releases.AnyAsync(x => x.EnvironmentId == environment.Id && x.State == ReleaseStates.Pending, cancellation);
    }

    private static IEnumerable<int> ScalesOf(RunPlan plan) => plan.Processes.Select(type => type.Scale);

    private static FormationResponse Show(RunPlan? plan, IReadOnlyDictionary<string, int> formation, Guid? deploymentId)
    {
        var ofPlan = (plan?.With(formation).Processes ?? []).Select(type => new ProcessScaleResponse
        {
            Process = type.Name,
            Instances = type.Scale,
            IsSet = formation.ContainsKey(type.Name),
            ManifestInstances = type.ManifestScale ?? type.Scale,
        }).ToList();
        var others = formation.Where(set => ofPlan.All(type => type.Process != set.Key)).OrderBy(set => set.Key, StringComparer.Ordinal)
            .Select(set => new ProcessScaleResponse { Process = set.Key, Instances = set.Value, IsSet = true });
        return new FormationResponse { Items = [.. ofPlan, .. others], DeploymentId = deploymentId };
    }
}
