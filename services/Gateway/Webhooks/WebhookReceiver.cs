using System.Security.Cryptography;
using System.Text.Json;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts.Api;
using Paas.Gateway.Http;
using Paas.Hosting.Secrets;
using Paas.Hosting.Source;
using Paas.Hosting.Telemetry;
using Paas.Persistence;
using Paas.Persistence.Entities;

namespace Paas.Gateway.Webhooks;

/// <summary>Takes a delivery from its first byte to its answer.</summary>
internal sealed partial class WebhookReceiver(
    PaasDbContext db, DeliveryBodies bodies, DeliveryStore store, RejectedDeliveries rejected, FailureLimiter failures,
    SecretSealer sealer, TimeProvider clock, ILogger<WebhookReceiver> logger)
{
    private const int MaxHeaderLength = 100;

    private const int MaxTries = 3;

    /// <summary>What has failed so soon was not slow: it is worth another try.</summary>
    private static readonly TimeSpan FailedSoon = TimeSpan.FromSeconds(3);

    public async Task<DeliveryAccepted> ReceiveAsync(HttpContext context, string? appName)
    {
        var known = new Known
        {
            App = appName is null ? null : PushPayload.Clean(appName, App.MaxNameLength),
            Event = Header("X-GitHub-Event"),
            DeliveryId = Header("X-GitHub-Delivery"),
        };
        try
        {
            var incoming = IncomingDelivery.From(context.Request);
            await using var body = await bodies.ReceiveAsync(context.Request, context.RequestAborted);
            using var place = await failures.EnterAsync(
                context.Connection.RemoteIpAddress, body.Bytes.Length > DeliveryBodies.InMemoryBytes, context.RequestAborted);
            var stored = await StoreAsync(incoming, body.Bytes, appName, known);
            return new DeliveryAccepted { Id = stored[0].Id, Decision = stored[0].Decision, Reason = stored[0].Reason };
        }
        catch (ProblemException refused) when (refused.Status is 400 or 401 or 404 or 413 or 415)
        {
            if (!failures.Count(context.Connection.RemoteIpAddress))
                throw DeliveryBodies.TooManyFailures();
            Log.Refused(logger, known.DeliveryId, context.Connection.RemoteIpAddress, refused.Message);
            rejected.Add(ToRejected(known, refused.Message));
            PaasMetrics.DeliveryDecided(DeliveryDecisions.Rejected);
            throw;
        }
        catch (Exception) when (!known.IsVerified)
        {
            // Work that a stranger has caused, and that came to nothing, counts as well.
            failures.Count(context.Connection.RemoteIpAddress);
            throw;
        }

        string? Header(string name) =>
            context.Request.Headers[name] is [{ Length: > 0 } value, ..] ? PushPayload.Clean(value, MaxHeaderLength) : null;
    }

    /// <summary>Not ended by a caller who hangs up: what is verified should not be lost.</summary>
    private async Task<IReadOnlyList<Delivery>> StoreAsync(IncomingDelivery incoming, Stream body, string? appName, Known known)
    {
        var began = clock.GetTimestamp();
        using var timeout = new CancellationTokenSource(DeliveryStore.MaxTime, clock);
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await ReceiveAsync(incoming, body, appName, known, timeout.Token);
            }
            catch (Exception exception)
                when (ProblemHandler.IsStorageFault(exception) && tries < MaxTries && clock.GetElapsedTime(began) < FailedSoon)
            {
                // The same delivery has come twice at once, or a connection has broken since it was last used.
                Log.Again(logger, incoming.DeliveryId, exception.Message);
            }
            catch (OperationCanceledException exception) when (timeout.IsCancellationRequested)
            {
                throw new TimeoutException("The database took too long to store a delivery.", exception);
            }
        }
    }

    private async Task<IReadOnlyList<Delivery>> ReceiveAsync(IncomingDelivery incoming, Stream body, string? appName, Known known, CancellationToken cancellation)
    {
        if (appName is not null)
        {
            var app = await db.Apps.AsNoTracking().SingleOrDefaultAsync(x => x.Name == appName, cancellation)
                ?? throw ProblemException.NotFound(GatewayTexts.WebhookOfUnknownApp(appName));
            var signed = await SignedByAsync([app], incoming, body, cancellation);
            known.IsVerified = true;
            known.Payload = await ReadAsync(incoming, body, cancellation);
            return await store.StoreAsync(incoming, known.Payload, signed, cancellation);
        }

        // Whose secret to verify with is only in the payload: it is read for that, and believed afterwards.
        var payload = known.Payload = await ReadAsync(incoming, body, cancellation);
        var keys = payload.RepositoryUrls.Select(RepositoryUrl.Key).OfType<string>().Distinct().ToList();
        if (keys.Count == 0)
            throw ProblemException.NotFound(GatewayTexts.DeliveryWithoutRepository());
        var apps = await db.Apps.AsNoTracking().Where(x => keys.Contains(x.RepositoryKey)).OrderBy(x => x.CreatedAt).ToListAsync(cancellation);
        if (apps.Count == 0)
            throw ProblemException.NotFound(GatewayTexts.RepositoryUnknown(payload.Repository!));
        known.App = apps[0].Name;
        var signers = await SignedByAsync(apps, incoming, body, cancellation);
        known.IsVerified = true;
        return await store.StoreAsync(incoming, payload, signers, cancellation);
    }

    private async Task<List<App>> SignedByAsync(List<App> apps, IncomingDelivery incoming, Stream body, CancellationToken cancellation)
    {
        var secrets = new List<string>();
        var openable = new List<App>();
        foreach (var app in apps)
        {
            try
            {
                secrets.Add(sealer.Open(app.SealedWebhookSecret));
                openable.Add(app);
            }
            catch (CryptographicException exception)
            {
                Log.SecretLost(logger, exception, app.Name);
            }
        }

        var fits = await Signature.VerifyAsync(body, incoming.Signature, secrets, cancellation);
        var signed = openable.Where((_, i) => fits[i]).ToList();
        if (signed.Count > 0)
            return signed;
        throw openable.Count < apps.Count
            ? ProblemException.Unavailable(GatewayTexts.SecretLost(apps.Except(openable).First().Name))
            : IncomingDelivery.Unauthorized(GatewayTexts.SignatureWrong(apps[0].Name));
    }

    private static async Task<PushPayload> ReadAsync(IncomingDelivery incoming, Stream body, CancellationToken cancellation)
    {
        try
        {
            body.Position = 0;
            var payload = await PushPayloadReader.ReadAsync(incoming.IsForm ? new FormPayloadStream(body) : body, cancellation);
            return payload.HasTooManyUrls ? throw ProblemException.Malformed(GatewayTexts.TooManyRepositoryUrls()) : payload;
        }
        catch (JsonException exception)
        {
            throw ProblemException.Malformed(GatewayTexts.PayloadMalformed(exception.LineNumber, exception.BytePositionInLine));
        }
        catch (FormatException)
        {
            throw ProblemException.Malformed(GatewayTexts.FormMalformed());
        }
    }

    private Delivery ToRejected(Known known, string reason) => new()
    {
        Id = NewId.NextGuid(),
        DeliveryId = known.DeliveryId,
        AppName = known.App,
        Event = known.Event ?? "unknown",
        Repository = known.Payload?.Repository,
        Ref = known.Payload?.Ref,
        After = known.Payload?.After,
        ReceivedAt = clock.GetUtcNow().UtcDateTime,
        Decision = DeliveryDecisions.Rejected,
        Reason = reason,
    };

    /// <summary>What had become clear of a delivery until it was refused.</summary>
    private sealed class Known
    {
        public string? App { get; set; }
        public string? Event { get; init; }
        public string? DeliveryId { get; init; }
        public PushPayload? Payload { get; set; }
        public bool IsVerified { get; set; }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Refused delivery {DeliveryId} from {Address}: {Reason}")]
        public static partial void Refused(ILogger logger, string? deliveryId, System.Net.IPAddress? address, string reason);

        [LoggerMessage(Level = LogLevel.Information, Message = "Delivery {DeliveryId} is tried to be stored again: {Reason}")]
        public static partial void Again(ILogger logger, string deliveryId, string reason);

        [LoggerMessage(Level = LogLevel.Error, Message = "The webhook secret of the app {App} cannot be opened with the platform's keys")]
        public static partial void SecretLost(ILogger logger, Exception exception, string app);
    }
}
