using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts.Api;
using Paas.Gateway.Apps;
using Paas.Gateway.Http;
using Paas.Gateway.Releases;
using Paas.Hosting.Secrets;
using Paas.Persistence;
using Paas.Persistence.Entities;
using Paas.Persistence.Messaging;

namespace Paas.Gateway.ConfigVars;

/// <summary>Changes an app's config vars, and makes the deployment that brings them to the running app.</summary>
internal sealed class ConfigVarChanges(PaasDbContext db, BusOutbox outbox, LiveRelease live, SecretSealer sealer, TimeProvider clock)
{
    public async Task<ConfigVarsResponse> ApplyAsync(
        string appName, IReadOnlyDictionary<string, string?> asked, bool replaceAll, bool? runOnly, string requestedBy, CancellationToken cancellation)
    {
        foreach (var (name, value) in asked)
        {
            ConfigVarRules.CheckName(name);
            if (value is not null)
                ConfigVarRules.CheckValue(name, value);
        }

        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        var app = await db.FindAppAsync(appName, cancellation);
        // Two changes at once must not be mixed, nor pass the limits together.
        var environment = await db.LockEnvironmentAsync(app.MainEnvironment().Id, cancellation)
            ?? throw ProblemException.NotFound(GatewayTexts.AppUnknown(appName)); // removed meanwhile
        var stored = await db.ConfigVars.Where(variable => variable.AppId == app.Id).ToDictionaryAsync(variable => variable.Name, cancellation);
        var values = stored.ToDictionary(variable => variable.Key, variable => Open(variable.Value) ?? "");
        var set = asked.Where(variable => variable.Value is { } value && (!stored.TryGetValue(variable.Key, out var old) || Open(old) != value))
            .ToDictionary(variable => variable.Key, variable => variable.Value!);
        var unset = stored.Keys.Where(name => asked.TryGetValue(name, out var value) ? value is null : replaceAll).ToList();

        var now = clock.GetUtcNow().UtcDateTime;
        foreach (var name in unset)
        {
            db.ConfigVars.Remove(stored[name]);
            stored.Remove(name);
            values.Remove(name);
        }

        foreach (var (name, value) in set)
        {
            values[name] = value;
            if (!stored.TryGetValue(name, out var variable))
                db.ConfigVars.Add(stored[name] = variable = new ConfigVar { AppId = app.Id, Name = name, SealedValue = "" });
            (variable.SealedValue, variable.UpdatedAt) = (sealer.Seal(value), now);
        }

        // Builds look at this, and nothing that runs.
        if (runOnly is not null)
        {
            foreach (var name in asked.Keys.Where(stored.ContainsKey))
                stored[name].RunOnly = runOnly;
        }

        ConfigVarRules.CheckAll(values);
        Guid? deploymentId = null;
        if (set.Count + unset.Count > 0 && environment.LiveRelease is not null)
        {
            var description = GatewayTexts.ConfigChange([.. set.Keys.Order(StringComparer.Ordinal)], unset);
            deploymentId = (await live.DeployAsync(app, environment, DeploymentTriggers.ConfigChange, description, requestedBy, cancellation)).CorrelationId;
        }

        await outbox.SaveChangesAsync(cancellation);
        return new ConfigVarsResponse
        {
            Items = Show(stored.Values),
            DeploymentId = deploymentId,
            Changed = [.. set.Keys.Concat(unset).Order(StringComparer.Ordinal)],
            IsLive = environment.LiveRelease is not null,
        };
    }

    public async Task<ConfigVarsResponse> ListAsync(string appName, bool withValues, CancellationToken cancellation)
    {
        var id = await db.FindAppIdAsync(appName, cancellation);
        var variables = await db.ConfigVars.AsNoTracking().Where(variable => variable.AppId == id).ToListAsync(cancellation);
        return new ConfigVarsResponse { Items = Show(variables, withValues) };
    }

    private List<ConfigVarResponse> Show(IEnumerable<ConfigVar> variables, bool withValues = false) =>
    [
        .. variables.OrderBy(variable => variable.Name, StringComparer.Ordinal).Select(variable => new ConfigVarResponse
        {
            Name = variable.Name,
            Preview = Open(variable) is { } value ? ConfigVarRules.Preview(value) : GatewayTexts.ConfigVarLost(),
            Value = withValues ? Open(variable) : null,
            RunOnly = variable.RunOnly is true,
            UpdatedAt = variable.UpdatedAt,
        }),
    ];

    /// <returns>Null if the key it was sealed with is gone: it can be set anew.</returns>
    private string? Open(ConfigVar variable)
    {
        try
        {
            return sealer.Open(variable.SealedValue);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
