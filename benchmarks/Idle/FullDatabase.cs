using MassTransit;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Hosting;
using Paas.Persistence;
using Paas.Persistence.Entities;

namespace Paas.Bench.Idle;

/// <summary>Fills a database as years of use would: deployments with their deliveries, releases and logs.</summary>
internal static class FullDatabase
{
    private const int BatchOfApps = 100;

    public static async Task FillAsync(IReadOnlyDictionary<string, string> settings, int apps, int deployments)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key.Replace("__", ":", StringComparison.Ordinal), (string?)setting.Value)));
        builder.Services.AddPaasPlatform(builder.Configuration);
        builder.Services.AddPaasPersistence(builder.Configuration);
        using var host = builder.Build();
        var each = deployments / apps;
        var begun = DateTime.UtcNow.AddDays(-400);
        for (var first = 0; first < apps; first += BatchOfApps)
        {
            await using var scope = host.Services.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<PaasDbContext>();
            db.ChangeTracker.AutoDetectChangesEnabled = false;
            for (var i = first; i < Math.Min(first + BatchOfApps, apps); i++)
                AddApp(db, i, each, begun.AddMinutes(i));
            await db.SaveChangesAsync();
        }

        await using var last = host.Services.CreateAsyncScope();
        var database = last.ServiceProvider.GetRequiredService<PaasDbContext>().Database;
        await database.ExecuteSqlRawAsync(database.IsNpgsql() ? "VACUUM ANALYZE" : "PRAGMA wal_checkpoint(TRUNCATE)");
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Npgsql.NpgsqlConnection.ClearAllPools();
    }

    private static void AddApp(PaasDbContext db, int number, int deployments, DateTime at)
    {
        var environment = new AppEnvironment
        {
            Id = NewId.NextGuid(),
            Name = AppEnvironment.Production,
            Branch = "main",
            Policy = ConcurrencyPolicy.Latest,
            LastSequence = deployments,
        };
        var app = new App
        {
            Id = NewId.NextGuid(),
            Name = $"app-{number}",
            Repository = $"https://git.example/acme/app-{number}.git",
            RepositoryKey = $"git.example/acme/app-{number}",
            SealedWebhookSecret = new string('s', 180),
            Target = Target.Local,
            CreatedAt = at,
            Environments = [environment],
            ConfigVars = [new ConfigVar { Name = "GREETING", SealedValue = new string('s', 180), UpdatedAt = at }],
        };
        db.Apps.Add(app);
        for (var i = 1; i <= deployments; i++)
        {
            // One of ten fails.
            var fails = (number + i) % 10 == 0;
            AddDeployment(db, app, environment, i, fails, isNewest: i == deployments, at.AddDays(400.0 / deployments * (i - 1)).AddMinutes(1));
        }
    }

    private static void AddDeployment(PaasDbContext db, App app, AppEnvironment environment, int sequence, bool fails, bool isNewest, DateTime at)
    {
        var commit = Guid.NewGuid().ToString("N") + "00000000";
        var digest = "sha256:" + new string('2', 64);
        var steps = fails ? Step.InOrder.Take(3).ToList() : Step.InOrder;
        var plan = new RunPlan
        {
            Runtime = RuntimeName.Python,
            RuntimeVersion = "3.12",
            Processes = [new ProcessType { Name = ProcessType.Web, Command = new CommandLine { Words = ["python", "app.py"] } }],
        };
        var deployment = new DeploymentState
        {
            CorrelationId = NewId.NextGuid(),
            CurrentState = fails ? DeploymentStates.Failed : DeploymentStates.Succeeded,
            AppId = app.Id,
            AppName = app.Name,
            EnvironmentId = environment.Id,
            EnvironmentName = environment.Name,
            Target = app.Target,
            Sequence = sequence,
            Trigger = DeploymentTriggers.Push,
            RequestedBy = "ada",
            Ref = "refs/heads/main",
            Commit = commit,
            CommitMessage = "Say hello in more languages",
            CreatedAt = at,
            FinishedAt = at.AddSeconds(40),
            Step = steps[^1],
            Attempt = 1,
            Steps = [.. steps.Select((step, i) => new StepRecord
            {
                Name = step,
                State = fails && i == 2 ? StepStates.Failed : StepStates.Succeeded,
                Attempt = 1,
                StartedAt = at.AddSeconds(i),
                FinishedAt = at.AddSeconds(i + 1),
            })],
            SourceDigest = "sha256:" + new string('1', 64),
            BuildPlan = new BuildPlan { Runtime = RuntimeName.Python, RuntimeVersion = "3.12" },
            RunPlan = plan,
            FailureKind = fails ? "failed" : null,
            FailureStep = fails ? Step.BuildImage : null,
            FailureReason = fails ? FailureReason.BuildFailed : null,
            FailureMessage = fails ? "pip could not install the requirements." : null,
        };
        db.Deployments.Add(deployment);
        if (!fails)
        {
            (deployment.ImageDigest, deployment.Release, deployment.Url) = (digest, ++environment.LastRelease, $"http://{app.Name}.localhost/");
            environment.LiveRelease = deployment.Release;
            db.Releases.Add(new Release
            {
                EnvironmentId = environment.Id,
                Version = environment.LastRelease,
                AppId = app.Id,
                DeploymentId = deployment.CorrelationId,
                Commit = commit,
                ImageDigest = digest,
                RunPlan = plan,
                SealedConfigVars = new string('s', 240),
                Description = $"Deploy {commit[..7]}",
                State = isNewest ? ReleaseStates.Live : ReleaseStates.Retired,
                CreatedAt = at.AddSeconds(30),
            });
        }

        db.Deliveries.Add(new Delivery
        {
            Id = NewId.NextGuid(),
            DeliveryId = Guid.NewGuid().ToString(),
            AppId = app.Id,
            AppName = app.Name,
            Event = "push",
            Repository = app.Repository,
            Ref = "refs/heads/main",
            After = commit,
            CommitMessage = deployment.CommitMessage,
            Pusher = "ada",
            ReceivedAt = at,
            Decision = DeliveryDecisions.Deployed,
            Reason = $"Deploys {commit[..7]} to production.",
            DeploymentId = deployment.CorrelationId,
        });
        foreach (var step in steps)
        {
            db.LogBatches.Add(new LogBatch
            {
                DeploymentId = deployment.CorrelationId,
                Step = step,
                Attempt = 1,
                LogId = Guid.NewGuid(),
                Batch = 1,
                At = at,
                Text = string.Join('\n', Enumerable.Range(0, 10).Select(line => $"       {step} says line {line} of what it does")),
            });
        }
    }
}
