namespace Paas.Contracts;

/// <summary>Asks the code-downloader, which alone has git, what a repository's default branch is and whether a branch exists.</summary>
public sealed record InspectRepository
{
    /// <summary>An http or https URL without credentials.</summary>
    public required string Repository { get; init; }

    /// <summary>A token for the repository, sealed; null for a public one.</summary>
    public string? SealedRepositoryToken { get; init; }

    /// <summary>The short name of a branch to look for; null for none.</summary>
    public string? Branch { get; init; }
}

/// <summary>Answer to <see cref="InspectRepository"/>.</summary>
public sealed record RepositoryInspected
{
    /// <summary>The short name of the branch that is fetched if none is asked for; null if the repository has none, or does not tell.</summary>
    public string? DefaultBranch { get; init; }

    /// <summary>Whether the branch that was asked for exists.</summary>
    public bool BranchExists { get; init; }

    /// <summary>The repository has no commit yet.</summary>
    public bool IsEmpty { get; init; }

    /// <summary>Why nothing is known of the repository, in a sentence for a person; null if something is.</summary>
    public string? Problem { get; init; }
}
