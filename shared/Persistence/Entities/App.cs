namespace Paas.Persistence.Entities;

/// <summary>The deployable unit: a repository, and where it runs.</summary>
public sealed class App
{
    public const int MaxNameLength = 40;

    public Guid Id { get; set; }

    /// <summary>Unique; the first label of the app's host name.</summary>
    public required string Name { get; set; }

    /// <summary>The URL it is cloned from, without credentials.</summary>
    public required string Repository { get; set; }

    /// <summary><see cref="Repository"/> in the one form in which URLs of the same repository are equal.</summary>
    public required string RepositoryKey { get; set; }

    /// <summary>The folder of the repository that the app is in; null for all of it, or for the one its manifest names.</summary>
    public string? Root { get; set; }

    public string? SealedRepositoryToken { get; set; }
    public required string SealedWebhookSecret { get; set; }

    /// <summary>One of <see cref="Contracts.Target"/>.</summary>
    public required string Target { get; set; }

    /// <summary>Whether a push is ignored whose newest commit says <c>[skip ci]</c> or the like.</summary>
    public bool SkipCi { get; set; } = true;

    /// <summary>Only pushes that change one of these paths are deployed; null for all.</summary>
    public IReadOnlyList<string>? WatchPaths { get; set; }

    public DateTime CreatedAt { get; set; }

    public List<AppEnvironment> Environments { get; set; } = [];
    public List<ConfigVar> ConfigVars { get; set; } = [];
}

/// <summary>Staging, production: a branch of the repository, and what of it is live.</summary>
public sealed class AppEnvironment
{
    public const string Production = "production";

    public Guid Id { get; set; }
    public Guid AppId { get; set; }
    public App App { get; set; } = null!;
    public required string Name { get; set; }

    /// <summary>The branch's short name: <c>feature/login</c> for <c>refs/heads/feature/login</c>.</summary>
    public required string Branch { get; set; }

    /// <summary>One of <see cref="Contracts.Api.ConcurrencyPolicy"/>.</summary>
    public required string Policy { get; set; }

    /// <summary>The one deployment that is past validation; the row is its lock.</summary>
    public Guid? ActiveDeploymentId { get; set; }

    /// <summary>The sequence number of the newest deployment.</summary>
    public int LastSequence { get; set; }

    /// <summary>The number of the newest release, live or not.</summary>
    public int LastRelease { get; set; }

    /// <summary>The release that serves; null before the first.</summary>
    public int? LiveRelease { get; set; }

    /// <summary>Instances by process type, where they were set; the manifest says the others. Null for none.</summary>
    public IReadOnlyDictionary<string, int>? Formation { get; set; }
}

/// <summary>A variable of an app's configuration, sealed.</summary>
public sealed class ConfigVar
{
    public Guid AppId { get; set; }
    public required string Name { get; set; }
    public required string SealedValue { get; set; }

    /// <summary>Whether only the app's processes see it, and builds do not; null if no one has said.</summary>
    public bool? RunOnly { get; set; }
    public DateTime UpdatedAt { get; set; }
}
