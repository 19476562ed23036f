namespace Paas.Gateway.Router;

/// <summary>One instance of an app, and how many requests are under way on it.</summary>
internal sealed class Instance(string url)
{
    private const int RetiredBit = int.MinValue;
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _state; // the count; RetiredBit is added once no more may enter

    public string Url { get; } = url;

    /// <returns>False if the instance is out of the route: the caller has read an old one.</returns>
    public bool TryEnter()
    {
        var state = Volatile.Read(ref _state);
        while (state >= 0)
        {
            var seen = Interlocked.CompareExchange(ref _state, state + 1, state);
            if (seen == state)
                return true;
            state = seen;
        }

        return false;
    }

    public void Leave()
    {
        if (Interlocked.Decrement(ref _state) == RetiredBit)
            _drained.TrySetResult();
    }

    /// <summary>Lets nobody enter any more.</summary>
    /// <returns>Ends when all have left.</returns>
    public Task Retire()
    {
        if (Interlocked.Or(ref _state, RetiredBit) == 0)
            _drained.TrySetResult();
        return _drained.Task;
    }
}

/// <summary>Where an app's requests go. Never changed, only replaced.</summary>
internal sealed class AppRoute(Guid appId, string app, int release, IReadOnlyList<Instance> instances, long version = 0)
{
    private static readonly TimeSpan MinCheckAge = TimeSpan.FromSeconds(1);
    private readonly Lock _checkLock = new();
    private Task? _check;
    private long _checkedAt;
    private uint _turn;

    /// <summary>The number of the change that made it.</summary>
    public long Version { get; } = version;

    /// <summary>Ends when no request is under way any more on instances that the app's routes before had, and this one has not.</summary>
    public Task Drained { get; set; } = Task.CompletedTask;

    public Guid AppId { get; } = appId;
    public string App { get; } = app;
    public int Release { get; } = release;
    public IReadOnlyList<Instance> Instances { get; } = instances;
    public ReleaseTransformer Transformer { get; } = new(release);

    /// <summary>Looks whether there is a newer route, once for all who ask at the same time, and not again soon.</summary>
    public Task CheckAsync(Func<AppRoute, Task> check, TimeProvider clock)
    {
        lock (_checkLock)
        {
            if (_check is { IsCompleted: false })
                return _check;
            if (_check is not null && clock.GetElapsedTime(_checkedAt) < MinCheckAge)
                return Task.CompletedTask;
            _checkedAt = clock.GetTimestamp();
            return _check = check(this);
        }
    }

    /// <summary>All instances, beginning with another one each time.</summary>
    public IEnumerable<Instance> InTurn()
    {
        var first = Interlocked.Increment(ref _turn);
        for (var i = 0u; i < Instances.Count; i++)
            yield return Instances[(int)((first + i) % (uint)Instances.Count)];
    }
}
