namespace Paas.Hosting.Messaging;

/// <summary>How many sends have not got through in time and are tried again.</summary>
public sealed class StuckSends
{
    private int _count;

    /// <summary>Whether there are any now.</summary>
    public bool Any => Volatile.Read(ref _count) > 0;

    /// <summary>One has not got through in time.</summary>
    public void Add() => Interlocked.Increment(ref _count);

    /// <summary>One that had not has, or is given up.</summary>
    public void Remove() => Interlocked.Decrement(ref _count);
}
