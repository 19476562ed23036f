using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;
using Paas.Gateway.Http;

namespace Paas.Gateway.Webhooks;

/// <summary>A delivery's raw bytes: in memory if they are few, in a temporary file if not.</summary>
internal sealed class DeliveryBody(Stream bytes, IDisposable? place) : IAsyncDisposable
{
    public Stream Bytes { get; } = bytes;

    public async ValueTask DisposeAsync()
    {
        await Bytes.DisposeAsync();
        place?.Dispose();
    }
}

/// <summary>
/// Receives bodies. Only a few large ones at a time, the others wait; small ones pass them by, and so do those of addresses
/// that have had none refused.
/// </summary>
internal sealed class DeliveryBodies(IOptions<GatewayOptions> options, FailureLimiter failures) : IDisposable
{
    public const int MaxBytes = 25 * 1024 * 1024;
    public const int InMemoryBytes = 256 * 1024;

    private readonly SemaphoreSlim _large = new(options.Value.LargeDeliveries);
    private readonly SemaphoreSlim _largeOfSuspects = new(options.Value.LargeDeliveries);

    public async Task<DeliveryBody> ReceiveAsync(HttpRequest request, CancellationToken cancellation)
    {
        if (request.ContentLength > MaxBytes)
            throw TooLarge();
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(options.Value.DeliveryTimeout);
        Place? place = null;
        FileBufferingReadStream? bytes = null;
        try
        {
            if (request.ContentLength is not <= InMemoryBytes)
                place = await Place.TakeAsync(failures.IsExhausted(request.HttpContext.Connection.RemoteIpAddress) ? _largeOfSuspects : _large, deadline.Token);
            bytes = new FileBufferingReadStream(request.Body, InMemoryBytes, MaxBytes, Path.GetTempPath);
            await bytes.DrainAsync(deadline.Token);
            bytes.Position = 0;
            var body = new DeliveryBody(bytes, place);
            (bytes, place) = (null, null);
            return body;
        }
        catch (BadHttpRequestException refused) when (refused.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            throw TooLarge();
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new ProblemException(
                StatusCodes.Status408RequestTimeout, GatewayTexts.TooSlowTitle(), GatewayTexts.DeliveryTooSlow(options.Value.DeliveryTimeout));
        }
        finally
        {
            if (bytes is not null)
                await bytes.DisposeAsync();
            place?.Dispose();
        }
    }

    public void Dispose()
    {
        _large.Dispose();
        _largeOfSuspects.Dispose();
    }

    private sealed class Place(SemaphoreSlim semaphore) : IDisposable
    {
        public static async Task<Place> TakeAsync(SemaphoreSlim semaphore, CancellationToken cancellation)
        {
            await semaphore.WaitAsync(cancellation);
            return new Place(semaphore);
        }

        public void Dispose() => semaphore.Release();
    }

    private static ProblemException TooLarge() =>
        new(StatusCodes.Status413PayloadTooLarge, GatewayTexts.TooLargeTitle(), GatewayTexts.DeliveryTooLarge(MaxBytes));

    public static ProblemException TooManyFailures() =>
        new(StatusCodes.Status429TooManyRequests, GatewayTexts.TooManyFailuresTitle(), GatewayTexts.TooManyFailures()) { RetryAfter = TimeSpan.FromMinutes(1) };
}
