using MassTransit;
using Microsoft.Extensions.Options;
using Paas.Contracts;
using Paas.Hosting.Messaging;

namespace Paas.Gateway.Apps;

/// <summary>Finds out which branch an app deploys, and whether there is one: the code-downloader looks at the repository.</summary>
internal sealed class RepositoryLookup(IBus bus, IOptions<GatewayOptions> options)
{
    private const string UsualBranch = "main";

    /// <param name="app">The app's name, for what to do.</param>
    /// <param name="repository">Its repository.</param>
    /// <param name="sealedToken">The token for it.</param>
    /// <param name="branch">The branch that was asked for; null for the default one.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <returns>The branch to deploy, and what looks wrong. Nothing of it keeps an app from being made: the repository may follow.</returns>
    public async Task<(string Branch, string? Warning)> FindBranchAsync(
        string app, string repository, string? sealedToken, string? branch, CancellationToken cancellation)
    {
        if (options.Value.RepositoryPatience == TimeSpan.Zero)
            return (branch ?? UsualBranch, null);
        var found = await AskAsync(new InspectRepository { Repository = repository, SealedRepositoryToken = sealedToken, Branch = branch }, cancellation);
        return (found, branch) switch
        {
            ({ Problem: { } problem }, _) => (branch ?? UsualBranch, GatewayTexts.RepositoryNotSeen(problem, app, branch ?? UsualBranch)),
            ({ IsEmpty: true }, _) => (branch ?? UsualBranch, GatewayTexts.RepositoryEmpty(repository, branch ?? UsualBranch)),
            ({ BranchExists: true }, { } asked) => (asked, null),
            (_, { } asked) => (asked, GatewayTexts.BranchMissing(repository, asked, found.DefaultBranch, app)),
            ({ DefaultBranch: { } main }, null) => (main, null),
            _ => (UsualBranch, GatewayTexts.DefaultBranchUnknown(repository, UsualBranch, app)),
        };
    }

    private async Task<RepositoryInspected> AskAsync(InspectRepository question, CancellationToken cancellation)
    {
        try
        {
            return await bus.AskAsync<InspectRepository, RepositoryInspected>(Hosting.Messaging.Endpoints.Inspect, question, options.Value.RepositoryPatience, cancellation);
        }
        catch (Exception exception) when (exception is TimeoutException or RequestException)
        {
            return new RepositoryInspected { Problem = GatewayTexts.CodeDownloaderSilent() };
        }
    }
}
