using Microsoft.Extensions.Options;

namespace Paas.Orchestrator.Artifacts;

/// <summary>Section <c>Artifacts</c>, next to where they are kept.</summary>
internal sealed class ArtifactCleanerOptions
{
    public const string Section = "Artifacts";

    public TimeSpan CleanupInterval { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long what nothing needs is kept. It has to be longer than clocks of different hosts differ.</summary>
    public TimeSpan OrphansKeptFor { get; set; } = TimeSpan.FromDays(1);
}

internal sealed class ArtifactCleanerOptionsValidator : IValidateOptions<ArtifactCleanerOptions>
{
    public ValidateOptionsResult Validate(string? name, ArtifactCleanerOptions options)
    {
        if (options.CleanupInterval < TimeSpan.FromSeconds(1) || options.CleanupInterval > TimeSpan.FromDays(30))
            return ValidateOptionsResult.Fail(OrchestratorTexts.WrongCleanupInterval);
        if (options.OrphansKeptFor < TimeSpan.FromMinutes(1) || options.OrphansKeptFor > TimeSpan.FromDays(3_650))
            return ValidateOptionsResult.Fail(OrchestratorTexts.WrongOrphansKeptFor);
        return ValidateOptionsResult.Success;
    }
}
