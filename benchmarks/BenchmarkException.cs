namespace Paas.Bench;

/// <summary>A benchmark can't go on; the message says why, for a person.</summary>
internal sealed class BenchmarkException(string message) : Exception(message);
