namespace Paas.ImageBuilder.Local;

/// <summary>Lets one at a time work on a thing.</summary>
internal sealed class Turns
{
    private readonly Dictionary<string, Turn> _turns = [];

    /// <summary>Waits for the turn; dispose of it to let the next one in.</summary>
    public async Task<IDisposable> WaitAsync(string thing, CancellationToken cancellation)
    {
        Turn? turn;
        lock (_turns)
        {
            if (!_turns.TryGetValue(thing, out turn))
                _turns.Add(thing, turn = new Turn());
            turn.Users++;
        }

        try
        {
            await turn.Gate.WaitAsync(cancellation);
            return new Ending(() =>
            {
                turn.Gate.Release();
                Leave(thing, turn);
            });
        }
        catch (OperationCanceledException)
        {
            Leave(thing, turn);
            throw;
        }
    }

    private void Leave(string thing, Turn turn)
    {
        lock (_turns)
        {
            if (--turn.Users == 0)
                _turns.Remove(thing);
        }
    }

    private sealed class Turn
    {
        public SemaphoreSlim Gate { get; } = new(1, 1);

        public int Users { get; set; }
    }

    private sealed class Ending(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
