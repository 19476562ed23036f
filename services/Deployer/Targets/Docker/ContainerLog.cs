using System.Net;
using System.Runtime.CompilerServices;
using Paas.Deployer.Targets.Output;
using Paas.Docker;

namespace Paas.Deployer.Targets.Docker;

/// <summary>What a container prints, over all its starts.</summary>
internal sealed class ContainerLog(EngineClient engine, string id, string name, bool isLive) : ILogSource
{
    private const int IdLength = 12;

    public string Id => id[..IdLength];

    public bool IsLive => isLive;

    public async IAsyncEnumerable<LogRecord> ReadAsync(int? last, [EnumeratorCancellation] CancellationToken cancellation)
    {
        // The engine cuts a long line into pieces; of the two streams each has its own.
        var (outputIsOpen, errorIsOpen) = (false, false);
        await using var pieces = engine.ReadPrintedAsync(id, last, cancellation).GetAsyncEnumerator(cancellation);
        while (await UnlessGoneAsync(pieces))
        {
            var piece = pieces.Current;
            var goesOn = piece.IsError ? errorIsOpen : outputIsOpen;
            yield return new LogRecord(piece.Time, name, piece.IsError, goesOn ? null : LogReading.Shorten(piece.Text, piece.EndsLine));
            if (piece.IsError)
                errorIsOpen = !piece.EndsLine;
            else
                outputIsOpen = !piece.EndsLine;
        }
    }

    public async Task<Task<bool>> ListenAsync(CancellationToken cancellation)
    {
        try
        {
            return await engine.ListenForPrintedAsync(id, cancellation);
        }
        catch (EngineException exception) when (IsGone(exception))
        {
            return Task.FromResult(false);
        }
    }

    /// <summary>A container that was removed since it was listed has nothing more to tell.</summary>
    private static async Task<bool> UnlessGoneAsync(IAsyncEnumerator<PrintedPiece> pieces)
    {
        try
        {
            return await pieces.MoveNextAsync();
        }
        catch (EngineException exception) when (IsGone(exception))
        {
            return false;
        }
    }

    private static bool IsGone(EngineException exception) => exception.Status is HttpStatusCode.NotFound or HttpStatusCode.Conflict;
}
