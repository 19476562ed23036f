namespace Paas.Contracts;

/// <summary>Fetch one commit of a repository and store it as an archive.</summary>
public sealed record DownloadCode : IStepCommand
{
    public required Guid DeploymentId { get; init; }
    public string Step => Contracts.Step.DownloadCode;
    public required int Attempt { get; init; }

    public required Guid AppId { get; init; }

    /// <summary>An http or https URL without credentials.</summary>
    public required string Repository { get; init; }

    /// <summary>A token for the repository, sealed; null for a public one.</summary>
    public string? SealedRepositoryToken { get; init; }

    /// <summary>The commit SHA, 40 hex digits; null if <see cref="Ref"/> is still to be resolved.</summary>
    public string? Commit { get; init; }

    /// <summary>A full ref, a branch or a tag; what <see cref="Commit"/> was pushed to, or what to resolve.</summary>
    public string? Ref { get; init; }

    /// <summary>
    /// For a push: fetch <see cref="Commit"/> only if <see cref="Ref"/> points to it now, and answer
    /// <see cref="CodeOvertaken"/> if it does not.
    /// </summary>
    public bool OnlyIfHead { get; init; }

    /// <summary>What <see cref="Ref"/> pointed to before the push; zeros if it did not exist, null if nobody knows.</summary>
    public string? PushedFrom { get; init; }
}

public sealed record CodeDownloaded : IStepSucceeded
{
    public required Guid DeploymentId { get; init; }
    public string Step => Contracts.Step.DownloadCode;
    public required int Attempt { get; init; }
    public required Guid LogId { get; init; }
    public required int LogBatches { get; init; }

    /// <summary>The commit SHA, 40 lower-case hex digits.</summary>
    public required string Commit { get; init; }

    /// <summary>First line of the commit's message, shortened.</summary>
    public string? CommitMessage { get; init; }

    public string? CommitAuthor { get; init; }

    /// <summary>The source archive (an uncompressed tar) in the artifact store.</summary>
    public required string SourceDigest { get; init; }
}

/// <summary>The pushed commit is not what its branch points to: another push has overtaken it, or deleted the branch.</summary>
public sealed record CodeOvertaken : IStepEnded
{
    public required Guid DeploymentId { get; init; }
    public string Step => Contracts.Step.DownloadCode;
    public required int Attempt { get; init; }
    public required Guid LogId { get; init; }
    public required int LogBatches { get; init; }

    /// <summary>The commit that the branch points to, 40 lower-case hex digits; null if the branch does not exist.</summary>
    public string? Head { get; init; }
}

public sealed record CodeDownloadFailed : IStepFailed
{
    public required Guid DeploymentId { get; init; }
    public string Step => Contracts.Step.DownloadCode;
    public required int Attempt { get; init; }
    public required Guid LogId { get; init; }
    public required int LogBatches { get; init; }
    public required string Reason { get; init; }
    public required string Message { get; init; }
}
