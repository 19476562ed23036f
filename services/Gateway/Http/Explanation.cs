namespace Paas.Gateway.Http;

/// <summary>Why something is not possible, in the words of all clients; each says in its own words what to do.</summary>
/// <param name="Code">What a client knows the problem by.</param>
/// <param name="Detail">What happened, and to what.</param>
/// <param name="Remedy">What to do, for those who call the API.</param>
/// <param name="App">The app it is about; null for none.</param>
internal sealed record Explanation(string Code, string Detail, string Remedy, string? App = null);
