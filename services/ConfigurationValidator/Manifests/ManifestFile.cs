using Paas.ConfigurationValidator.Source;
using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.ConfigurationValidator.Manifests;

/// <summary>Finds the manifest in the repository.</summary>
internal static class ManifestFile
{
    public const string Name = ".paas.yml";
    public const string SeedName = ".cupaas.yml";
    private const int MaxBytes = 64 * 1024;
    private static readonly string[] Names = [Name, ".paas.yaml", SeedName];

    public static bool IsIn(SourceFiles source) => Names.Any(source.HasFile);

    /// <summary>Reads the manifest; an empty one if the repository has none.</summary>
    /// <exception cref="StepFailedException">It is wrong, and all of what is wrong is said.</exception>
    public static (Manifest Manifest, SourceErrors Errors) Read(SourceFiles source, IStepLog log)
    {
        var found = Names.Where(source.HasFile).ToList();
        if (found.Count == 0)
            return (new Manifest(), new SourceErrors(Name));
        foreach (var ignored in found.Skip(1))
            log.Warning(ConfigurationValidatorTexts.ManifestIgnored(ignored, found[0]));

        var file = source.Find(found[0])!;
        var errors = new SourceErrors(file.Path);
        if (Text(file, errors) is not { } text)
        {
            errors.ThrowIfAny();
            return (new Manifest { File = file.Path }, errors);
        }

        var root = YamlReader.Read(text, errors);
        errors.ThrowIfAny();
        var manifest = new ManifestReader(file.Path, errors).Read(root);
        return (manifest, errors);
    }

    private static string? Text(SourceFile file, SourceErrors errors)
    {
        if (file.IsLink)
            errors.Add(Position.Start, ConfigurationValidatorTexts.FileIsLink);
        else if (file.Content is null || file.Length > MaxBytes)
            errors.Add(Position.Start, ConfigurationValidatorTexts.FileTooLarge(file.Length, MaxBytes));
        else if (SourceText.Decode(file.Content, out var at, out var error) is { } text)
            return text;
        else
            errors.Add(at, error);
        return null;
    }
}
