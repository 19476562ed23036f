namespace Paas.ConfigurationValidator.Runtimes;

/// <summary>What the files of a repository say it is.</summary>
/// <param name="Runtime">One of <see cref="Contracts.RuntimeName"/>.</param>
/// <param name="Because">The file that says so.</param>
internal sealed record DetectedRuntime(string Runtime, string Because);
