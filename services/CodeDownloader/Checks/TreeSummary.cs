namespace Paas.CodeDownloader.Checks;

/// <summary>A symlink, and the blob that says where it points to.</summary>
internal sealed record TreeLink(string Path, string Id, int Bytes);

/// <summary>A folder that is to be filled from another repository.</summary>
internal sealed record TreeSubmodule(string Path, string Commit);

/// <summary>What a tree holds, once it was found fit to be archived.</summary>
internal sealed record TreeSummary(int Files, long Bytes);
