namespace Paas.Hosting.Processes;

/// <summary>What a process behind walls has of the machine's files, besides the system's own, which it may only read.</summary>
public sealed record SandboxFolders
{
    /// <summary>Folders it may change.</summary>
    public required IReadOnlyList<string> Writable { get; init; }

    /// <summary>Files within these that it may only read.</summary>
    public IReadOnlyList<string> ReadOnly { get; init; } = [];

    /// <summary>What it sees as <c>/tmp</c>; one of its writable folders, or within one.</summary>
    public required string Temporary { get; init; }

    /// <summary>
    /// Values of the platform's own variables that it is given, such as <c>PATH</c>: the runtimes and certificates they
    /// name stay readable, even in a home.
    /// </summary>
    public IReadOnlyCollection<string> HostValues { get; init; } = [];
}
