namespace Paas.CodeDownloader.Checks;

/// <summary>What a tree holds, once it was found fit to be archived.</summary>
internal sealed record TreeSummary(int Files, long Bytes, IReadOnlyList<string> Submodules);
