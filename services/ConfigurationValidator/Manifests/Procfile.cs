using System.Text.RegularExpressions;
using Paas.ConfigurationValidator.Source;
using Paas.Contracts;
using Paas.Hosting.Processes;

namespace Paas.ConfigurationValidator.Manifests;

/// <summary>The process types of a Procfile: lines of <c>name: command</c>.</summary>
internal sealed partial record Procfile(IReadOnlyList<ManifestProcess> Processes, CommandLine? Release)
{
    public const string Name = "Procfile";
    private const int MaxBytes = 64 * 1024;

    public static Procfile Empty { get; } = new([], null);

    public static Procfile Read(SourceFiles source)
    {
        if (source.Find(Name) is not { } file)
            return Empty;
        var errors = new SourceErrors(Name);
        if (file.IsLink)
            errors.Add(Position.Start, ConfigurationValidatorTexts.FileIsLink);
        else if (file.Content is null || file.Length > MaxBytes)
            errors.Add(Position.Start, ConfigurationValidatorTexts.FileTooLarge(file.Length, MaxBytes));
        else if (SourceText.Decode(file.Content, out var at, out var error) is not { } text)
            errors.Add(at, error);
        else
        {
            var procfile = Read(text, errors);
            errors.ThrowIfAny();
            return procfile;
        }

        errors.ThrowIfAny();
        return Empty;
    }

    private static Procfile Read(string text, SourceErrors errors)
    {
        var processes = new List<ManifestProcess>();
        CommandLine? release = null;
        var number = 0;
        foreach (var raw in text.Split('\n'))
        {
            number++;
            var line = raw.TrimEnd();
            if (line.Length == 0 || line.TrimStart().StartsWith('#'))
                continue;
            var match = Line().Match(line);
            if (!match.Success)
            {
                errors.Add(new(number, 1), ConfigurationValidatorTexts.ProcfileLineWrong(line));
                continue;
            }

            var name = match.Groups["name"].Value;
            var command = match.Groups["command"];
            var split = CommandWords.Split(command.Value);
            var at = new Position(number, match.Groups["name"].Index + 1);
            if (name != "release" && ProcessSection.CheckName(name) is { } wrong)
                errors.Add(at, wrong);
            else if (split.Command is null)
                errors.Add(new(number, command.Index + split.Position + 1), ConfigurationValidatorTexts.CommandWrong(name, split.Error!));
            else if (name == "release" ? release is not null : processes.Any(process => process.Written == name))
                errors.Add(at, ConfigurationValidatorTexts.ProcessTwice(name));
            else if (processes.FirstOrDefault(process => process.Name == ProcessName.Of(name)) is { } other)
                errors.Add(at, ConfigurationValidatorTexts.ProcessNameTaken(name, other.Written, other.Name));
            else if (name == "release")
                release = split.Command;
            else
                processes.Add(new(name, split.Command, 1, at));
        }

        if (processes.Count > ProcessSection.MaxProcessTypes)
            errors.Add(Position.Start, ConfigurationValidatorTexts.TooMany("processes", processes.Count, ProcessSection.MaxProcessTypes));
        return new(processes, release);
    }

    [GeneratedRegex(@"^\s*(?<name>[^\s:#]+)\s*:\s*(?<command>.*)$")]
    private static partial Regex Line();
}
