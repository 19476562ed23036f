using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Hosting.Secrets;
using Paas.Persistence;
using Paas.Persistence.Entities;

namespace Paas.Orchestrator.Deployments;

/// <summary>Makes the command of a deployment's current step, the same one however often it is asked.</summary>
internal sealed class StepCommands(PaasDbContext db, SecretSealer sealer)
{
    public async Task<IStepCommand> ForAsync(DeploymentState deployment, CancellationToken cancellation) => deployment.Step switch
    {
        Step.DownloadCode => await DownloadCodeAsync(deployment, cancellation),
        Step.ValidateConfiguration => await ValidateConfigurationAsync(deployment, cancellation),
        Step.BuildImage => await BuildImageAsync(deployment, cancellation),
        Step.PublishImage => new PublishImage
        {
            DeploymentId = deployment.CorrelationId,
            Attempt = deployment.Attempt,
            AppId = deployment.AppId,
            App = deployment.AppName,
            Target = deployment.Target,
            Commit = deployment.Commit!,
            ImageId = deployment.ImageId!,
            Builder = deployment.Builder!,
        },
        Step.DeployRelease => await DeployReleaseAsync(deployment, cancellation),
        Step.ResolveUrl => new ResolveUrl
        {
            DeploymentId = deployment.CorrelationId,
            Attempt = deployment.Attempt,
            AppId = deployment.AppId,
            App = deployment.AppName,
            Environment = deployment.EnvironmentName,
            Target = deployment.Target,
            Release = deployment.Release!.Value,
            ImageDigest = deployment.ImageDigest!,
            Run = deployment.RunPlan!,
        },
        _ => throw new InvalidOperationException($"Deployment {deployment.CorrelationId} has no step to send a command for."),
    };

    private async Task<DownloadCode> DownloadCodeAsync(DeploymentState deployment, CancellationToken cancellation)
    {
        // A removed app has canceled its deployments; one that is just being sent finds an empty URL and is dropped.
        var app = await db.Apps.AsNoTracking().SingleOrDefaultAsync(x => x.Id == deployment.AppId, cancellation);
        return new DownloadCode
        {
            DeploymentId = deployment.CorrelationId,
            Attempt = deployment.Attempt,
            AppId = deployment.AppId,
            Repository = app?.Repository ?? "",
            SealedRepositoryToken = app?.SealedRepositoryToken,
            Commit = deployment.Commit,
            Ref = deployment.Ref,
            OnlyIfHead = deployment.HeadUnconfirmed,
            PushedFrom = deployment.HeadUnconfirmed
                ? await db.Deliveries.Where(x => x.DeploymentId == deployment.CorrelationId && x.Decision == DeliveryDecisions.Deployed)
                    .Select(x => x.Before).FirstOrDefaultAsync(cancellation)
                : null,
        };
    }

    private async Task<ValidateConfiguration> ValidateConfigurationAsync(DeploymentState deployment, CancellationToken cancellation) => new()
    {
        DeploymentId = deployment.CorrelationId,
        Attempt = deployment.Attempt,
        SourceDigest = deployment.SourceDigest!,
        Target = deployment.Target,
        Root = await db.Apps.Where(x => x.Id == deployment.AppId).Select(x => x.Root).SingleOrDefaultAsync(cancellation),
        ConfigVarNames = await db.ConfigVars.Where(x => x.AppId == deployment.AppId).Select(x => x.Name).ToListAsync(cancellation),
    };

    private async Task<BuildImage> BuildImageAsync(DeploymentState deployment, CancellationToken cancellation)
    {
        var variables = await db.ConfigVars.AsNoTracking().Where(x => x.AppId == deployment.AppId && x.RunOnly != true).ToListAsync(cancellation);
        return new BuildImage
        {
            DeploymentId = deployment.CorrelationId,
            Attempt = deployment.Attempt,
            AppId = deployment.AppId,
            App = deployment.AppName,
            Target = deployment.Target,
            Commit = deployment.Commit!,
            SourceDigest = deployment.SourceDigest!,
            Plan = deployment.BuildPlan!,
            NoCache = deployment.NoCache,
            Env = deployment.RunPlan?.Env,
            SealedConfigVars = sealer.SealAll(variables.Select(variable => (variable.Name, Value: Open(variable.SealedValue)))
                .Where(variable => variable.Value is not null).ToDictionary(variable => variable.Name, variable => variable.Value!)),
        };
    }

    /// <returns>Null if the key is gone: making the release says so.</returns>
    private string? Open(string value)
    {
        try
        {
            return sealer.Open(value);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private async Task<DeployRelease> DeployReleaseAsync(DeploymentState deployment, CancellationToken cancellation)
    {
        var release = await db.Releases.FindAsync([deployment.EnvironmentId, deployment.Release!.Value], cancellation)
            ?? throw new InvalidOperationException($"Release v{deployment.Release} of {deployment.AppName} is not stored.");
        return new DeployRelease
        {
            DeploymentId = deployment.CorrelationId,
            Attempt = deployment.Attempt,
            AppId = deployment.AppId,
            App = deployment.AppName,
            Environment = deployment.EnvironmentName,
            Target = deployment.Target,
            Release = release.Version,
            ImageDigest = release.ImageDigest,
            Run = release.RunPlan,
            Commit = release.Commit,
            SealedConfigVars = release.SealedConfigVars,
        };
    }
}
