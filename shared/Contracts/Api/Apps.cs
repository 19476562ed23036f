namespace Paas.Contracts.Api;

/// <summary>Body of <c>POST /v1/apps</c>.</summary>
public sealed record CreateAppRequest
{
    /// <summary>2 to 40 lower-case letters, digits and hyphens; begins with a letter, ends without a hyphen.</summary>
    public string? Name { get; init; }

    /// <summary>An http or https URL without credentials.</summary>
    public string? Repository { get; init; }

    /// <summary>The branch that is deployed; the repository's default branch if none is given.</summary>
    public string? Branch { get; init; }

    /// <summary>The folder of the repository that the app is in, such as <c>server</c>; the whole repository if none is given.</summary>
    public string? Root { get; init; }

    /// <summary>One of <see cref="Contracts.Target"/>; <c>local</c> if none is given.</summary>
    public string? Target { get; init; }

    /// <summary>Signs the deliveries, at least 16 characters; one is made, and shown this once, if none is given.</summary>
    public string? WebhookSecret { get; init; }

    /// <summary>A token that may read the repository; never shown again.</summary>
    public string? RepositoryToken { get; init; }

    /// <summary>One of <see cref="ConcurrencyPolicy"/>.</summary>
    public string? Policy { get; init; }

    /// <summary>Whether a push is ignored whose newest commit says <c>[skip ci]</c> or the like; true if it is not given.</summary>
    public bool? SkipCi { get; init; }

    /// <summary>Only pushes that change one of these paths are deployed, such as <c>api/**</c>; all if none is given.</summary>
    public IReadOnlyList<string>? WatchPaths { get; init; }
}

/// <summary>Body of <c>PATCH /v1/apps/{app}</c>: what is null stays as it is.</summary>
public sealed record UpdateAppRequest
{
    public string? Repository { get; init; }
    public string? Branch { get; init; }

    /// <summary>An empty string is the whole repository. The next deployment goes by it.</summary>
    public string? Root { get; init; }
    public string? WebhookSecret { get; init; }

    /// <summary>An empty string removes the token.</summary>
    public string? RepositoryToken { get; init; }
    public string? Policy { get; init; }
    public bool? SkipCi { get; init; }

    /// <summary>An empty list removes all.</summary>
    public IReadOnlyList<string>? WatchPaths { get; init; }
}

/// <summary>What an environment does with a deployment that is requested while others are under way.</summary>
public static class ConcurrencyPolicy
{
    /// <summary>A newer deployment supersedes those that still wait; the one that is past validation goes on.</summary>
    public const string Latest = "latest";

    /// <summary>All are deployed, one after the other.</summary>
    public const string Queue = "queue";

    /// <summary>Like <see cref="Latest"/>, and the one that is past validation is canceled.</summary>
    public const string CancelRunning = "cancel-running";

    public static IReadOnlyList<string> All { get; } = [Latest, Queue, CancelRunning];
}

public sealed record AppResponse
{
    public required Guid Id { get; init; }
    public required string Name { get; init; }
    public required string Repository { get; init; }
    public required string Branch { get; init; }

    /// <summary>The folder of the repository that the app is in; null for all of it.</summary>
    public string? Root { get; init; }
    public required string Target { get; init; }
    public required string Environment { get; init; }
    public required string Policy { get; init; }

    /// <summary>Whether a push is ignored whose newest commit says <c>[skip ci]</c> or the like.</summary>
    public bool SkipCi { get; init; } = true;

    /// <summary>Only pushes that change one of these paths are deployed; all if there is none.</summary>
    public IReadOnlyList<string> WatchPaths { get; init; } = [];
    public required DateTime CreatedAt { get; init; }

    /// <summary>Where the app answers, or will once it is deployed.</summary>
    public required string Url { get; init; }

    /// <summary>What to enter at the git host.</summary>
    public required string WebhookUrl { get; init; }

    /// <summary>Shown only in the answer that creates or changes it.</summary>
    public string? WebhookSecret { get; init; }

    /// <summary>What looks wrong with what was asked for, in the answer that creates or changes the app; null if nothing does.</summary>
    public IReadOnlyList<string>? Warnings { get; init; }

    /// <summary>The number of the release that serves; null before the first.</summary>
    public int? Release { get; init; }

    /// <summary>The newest deployment's state; null before the first.</summary>
    public string? LastDeploymentState { get; init; }
}

/// <summary>A config var.</summary>
public sealed record ConfigVarResponse
{
    public required string Name { get; init; }

    /// <summary>The value with all but its last characters masked.</summary>
    public required string Preview { get; init; }

    /// <summary>The value, if it was asked for with <c>values=true</c>; null also if it can't be opened any more.</summary>
    public string? Value { get; init; }

    /// <summary>Whether only the app's processes see it, and its builds do not.</summary>
    public bool RunOnly { get; init; }
    public required DateTime UpdatedAt { get; init; }
}

/// <summary>Answer to a change of config vars.</summary>
public sealed record ConfigVarsResponse
{
    public required IReadOnlyList<ConfigVarResponse> Items { get; init; }

    /// <summary>The deployment that brings the change to the running app; null if nothing changed, or there is no release yet.</summary>
    public Guid? DeploymentId { get; init; }

    /// <summary>The names that the request changed; null if it asked for no change.</summary>
    public IReadOnlyList<string>? Changed { get; init; }

    /// <summary>Whether the app has a live release; null if the request asked for no change.</summary>
    public bool? IsLive { get; init; }
}
