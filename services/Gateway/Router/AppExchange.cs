using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace Paas.Gateway.Router;

/// <summary>
/// One request on a connection and its answer. Both go at the same time: an app may answer before it has read the
/// request, and need not read it then.
/// </summary>
[SuppressMessage("Reliability", "CA1001", Justification = "The source has neither a timer nor a handle, and both directions may still ask it.")]
internal sealed class AppExchange(AppConnection connection, HttpRequestMessage request, Action<AppConnection, bool> ended)
{
    /// <summary>What an app that knows nothing of <c>Expect: 100-continue</c> is waited for.</summary>
    private static readonly TimeSpan MaxWaitForContinue = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _sending = new();
    private readonly TaskCompletionSource _mayContinue = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _sent = Task.CompletedTask;
    private volatile bool _hasSentAll = request.Content is null;
    private volatile bool _isSending;
    private bool _keepsAlive;
    private int _hasEnded;

    /// <summary>The request has gone to the app as a whole.</summary>
    public bool HasSentAll => _hasSentAll;

    public async Task<HttpResponseMessage> RunAsync(HttpContext context, CancellationToken cancellation)
    {
        try
        {
            await connection.WriteAsync(RequestHead.Write(context, request), cancellation);
            if (request.Content is { } content)
                _sent = SendAsync(content, context.Request);
            return ToResponse(await ReceiveAsync(cancellation), context.Request.Method);
        }
        catch
        {
            End(canGoOn: false);
            throw;
        }
    }

    /// <summary>The answer has been read, or given up.</summary>
    public void End(bool canGoOn)
    {
        if (Interlocked.Exchange(ref _hasEnded, 1) == 1)
            return;
        ended(connection, canGoOn && _keepsAlive && _hasSentAll);
        // Nobody reads the rest.
        _sending.Cancel();
    }

    private async Task<AppAnswer> ReceiveAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var reading = connection.ReadHeadAsync(cancellation).AsTask();
            // The visitor may break off, or send what is no body, in the middle of it: then there will be no answer.
            if (await Task.WhenAny(reading, _sent) == _sent && !_sent.IsCompletedSuccessfully)
            {
                connection.Dispose();
                await Task.WhenAny(reading);
                await _sent;
            }

            var answer = await reading;
            if (answer.Status == StatusCodes.Status100Continue)
            {
                _mayContinue.TrySetResult();
            }
            else if (answer.Status is > 199 or StatusCodes.Status101SwitchingProtocols)
            {
                // It has decided without the body, which it was asked about.
                if (!_isSending && !_hasSentAll)
                    await _sending.CancelAsync();
                return answer;
            }
        }
    }

    private async Task SendAsync(HttpContent content, HttpRequest from)
    {
        try
        {
            if (from.Headers.Expect.Count > 0)
                await Task.WhenAny(_mayContinue.Task, Task.Delay(MaxWaitForContinue, _sending.Token));
            _sending.Token.ThrowIfCancellationRequested();
            _isSending = true;
            var body = new RequestBody(connection, isChunked: from.ContentLength is null);
            await content.CopyToAsync(body, context: null, _sending.Token);
            await body.CompleteAsync(_sending.Token);
            // If not, the app reads no more; it may have answered all the same.
            _hasSentAll = !body.IsBroken;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private InstanceResponse ToResponse(AppAnswer answer, string method)
    {
        _keepsAlive = answer.Version == HttpVersion.Version11 ? !answer.ConnectionTokens.Contains("close") : answer.ConnectionTokens.Contains("keep-alive");
        var length = Length(answer, method, out var isChunked);
        var response = new InstanceResponse(answer) { RequestMessage = request, IsBodyToCome = answer.Status > 199 && length != 0 && !connection.HasBuffered };
        if (answer.Status == StatusCodes.Status101SwitchingProtocols)
        {
            if (!request.Headers.Contains("Upgrade"))
                throw AppAnswer.Malformed("another protocol");
            foreach (var name in (string[])["Connection", "Upgrade"])
                response.Headers.TryAddWithoutValidation(name, answer.Values(name));
            response.Content = new UpgradedContent(connection);
            return response;
        }

        response.Content = new StreamContent(new AppAnswerBody(this, connection, length, isChunked));
        return response;
    }

    /// <returns>Null if the end of the connection is the body's.</returns>
    private static long? Length(AppAnswer answer, string method, out bool isChunked)
    {
        isChunked = false;
        if (answer.Status is StatusCodes.Status204NoContent or StatusCodes.Status205ResetContent or StatusCodes.Status304NotModified || HttpMethods.IsHead(method))
            return 0;
        var codings = answer.Values("transfer-encoding").ToList();
        if (codings.Count > 0)
        {
            isChunked = codings is [var coding] && coding.Equals("chunked", StringComparison.OrdinalIgnoreCase)
                ? true
                : throw AppAnswer.Malformed("a transfer coding");
            return null;
        }

        var lengths = answer.Values("content-length").Distinct().ToList();
        return lengths switch
        {
            [] => null,
            [var one] when long.TryParse(one, NumberStyles.None, CultureInfo.InvariantCulture, out var length) => length,
            _ => throw AppAnswer.Malformed("a length"),
        };
    }
}

/// <summary>An app's answer as it came, for <see cref="ReleaseTransformer"/>.</summary>
internal sealed class InstanceResponse : HttpResponseMessage
{
    public InstanceResponse(AppAnswer answer)
        : base((HttpStatusCode)answer.Status)
    {
        (Answer, Version, ReasonPhrase) = (answer, answer.Version, answer.Reason);
    }

    public AppAnswer Answer { get; }

    /// <summary>Nothing of its body has come with its head.</summary>
    public bool IsBodyToCome { get; init; }
}
