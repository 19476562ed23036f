using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Gateway.Http;
using Paas.Persistence;
using Paas.Persistence.Entities;

namespace Paas.Gateway.Apps;

internal static class AppLookup
{
    private const int MostCompared = 1_000;

    /// <summary>The app of that name, with its environments, to be changed.</summary>
    /// <exception cref="ProblemException">There is none.</exception>
    public static async Task<App> FindAppAsync(this PaasDbContext db, string name, CancellationToken cancellation) =>
        await db.Apps.Include(app => app.Environments).SingleOrDefaultAsync(app => app.Name == name, cancellation)
        ?? throw await UnknownAsync(db, name, cancellation);

    public static async Task<Guid> FindAppIdAsync(this PaasDbContext db, string name, CancellationToken cancellation) =>
        await db.Apps.Where(app => app.Name == name).Select(app => (Guid?)app.Id).SingleOrDefaultAsync(cancellation)
        ?? throw await UnknownAsync(db, name, cancellation);

    private static async Task<ProblemException> UnknownAsync(PaasDbContext db, string name, CancellationToken cancellation)
    {
        var names = await db.Apps.OrderByDescending(app => app.CreatedAt).Select(app => app.Name).Take(MostCompared).ToListAsync(cancellation);
        return ProblemException.NotFound(GatewayTexts.AppUnknown(name, Nearest.Of(name, names)));
    }

    /// <summary>Every app has one environment so far.</summary>
    public static AppEnvironment MainEnvironment(this App app) => app.Environments.Single(environment => environment.Name == AppEnvironment.Production);
}
