using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.ConfigurationValidator.Source;

/// <summary>Collects what is wrong with a file, so that a developer sees all of it at once.</summary>
internal sealed class SourceErrors(string file)
{
    public const int MaxShown = 10;

    private readonly List<(Position At, string Reason, string Text)> _errors = [];

    public string File => file;

    public bool Any => _errors.Count > 0;

    public void Add(Position at, string text, string reason = FailureReason.ManifestInvalid) => _errors.Add((at, reason, text));

    public void ThrowIfAny()
    {
        if (Any)
            throw Failure();
    }

    private StepFailedException Failure()
    {
        var ordered = _errors.OrderBy(error => error.At.Line).ThenBy(error => error.At.Column).ToList();
        var lines = ordered.Take(MaxShown)
            .Select(error => ConfigurationValidatorTexts.At(file, error.At.Line, error.At.Column, error.Text))
            .ToList();
        if (ordered.Count > 1)
            lines.Insert(0, ConfigurationValidatorTexts.SeveralErrors(file, ordered.Count));
        if (ordered.Count > MaxShown)
            lines.Add(ConfigurationValidatorTexts.MoreErrors(ordered.Count - MaxShown));
        var reasons = ordered.Select(error => error.Reason).Distinct().ToList();
        return new(reasons.Count == 1 ? reasons[0] : FailureReason.ManifestInvalid, string.Join('\n', lines));
    }
}
