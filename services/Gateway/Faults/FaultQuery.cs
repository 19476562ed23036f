using System.ComponentModel;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Gateway.Apps;
using Paas.Gateway.Http;
using Paas.Persistence;
using Paas.Persistence.Entities;

namespace Paas.Gateway.Faults;

/// <summary>Which faults are asked for.</summary>
internal sealed class FaultQuery
{
    [Description("Only those of this step.")]
    public string? Step { get; set; }

    [Description("Only those of this app.")]
    public string? App { get; set; }

    [Description("Only those that faulted then or later, such as 2026-01-31T08:00:00Z.")]
    public DateTimeOffset? Since { get; set; }

    [Description("Only those that faulted then or earlier.")]
    public DateTimeOffset? Until { get; set; }

    public static FaultQuery From(ReplayManyRequest asked) => new() { Step = asked.Step, App = asked.App, Since = Utc(asked.Since), Until = Utc(asked.Until) };

    public static void CheckStep(string field, string step)
    {
        if (!Contracts.Step.InOrder.Contains(step))
            throw ProblemException.Invalid(field, GatewayTexts.StepUnknown(step, Contracts.Step.InOrder));
    }

    /// <summary>All faults of apps that are there.</summary>
    public static IQueryable<DeploymentState> All(PaasDbContext db) => db.Deployments.AsNoTracking()
        .Where(deployment => deployment.CurrentState == DeploymentStates.Faulted && db.Apps.Any(app => app.Id == deployment.AppId));

    public async Task<IQueryable<DeploymentState>> FindAsync(PaasDbContext db, CancellationToken cancellation)
    {
        if (Step is not null)
            CheckStep("step", Step);
        if (Since > Until)
            throw ProblemException.Invalid("until", GatewayTexts.UntilBeforeSince());
        var faults = All(db);
        if (Step is not null)
            faults = faults.Where(x => (x.FailureStep ?? x.Step) == Step);
        if (App is not null && await db.FindAppIdAsync(App, cancellation) is var id)
            faults = faults.Where(x => x.AppId == id);
        if (Since?.UtcDateTime is { } since)
            faults = faults.Where(x => (x.FinishedAt ?? x.CreatedAt) >= since);
        if (Until?.UtcDateTime is { } until)
            faults = faults.Where(x => (x.FinishedAt ?? x.CreatedAt) <= until);
        return faults;
    }

    private static DateTimeOffset? Utc(DateTime? time) =>
        time is { } given ? given.Kind == DateTimeKind.Unspecified ? new DateTimeOffset(given, TimeSpan.Zero) : given.ToUniversalTime() : null;
}
