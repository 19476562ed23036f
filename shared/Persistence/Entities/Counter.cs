namespace Paas.Persistence.Entities;

/// <summary>A number that only grows, by one each time.</summary>
public sealed class Counter
{
    /// <summary>The changes and removals of routes. Whoever has seen all up to a number knows what it has missed.</summary>
    public const string Routes = "routes";

    public required string Name { get; set; }
    public long Value { get; set; }
}
