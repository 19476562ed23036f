using System.Globalization;
using Paas.ConfigurationValidator.Source;
using Paas.Contracts;

namespace Paas.ConfigurationValidator.Manifests;

/// <summary><c>processes:</c> and its short form, <c>entrypoint:</c></summary>
internal static class ProcessSection
{
    public const int MaxProcessTypes = 20;
    public const int MaxScale = 100;
    private const string Example = "processes: {web: python app.py}";
    private static readonly string[] Keys = ["command", "scale"];

    public static IReadOnlyList<ManifestProcess> Read(MapReader map, SourceErrors errors)
    {
        var processes = new List<ManifestProcess>();
        if (map.Get("entrypoint") is { } entrypoint)
            processes.Add(new(ProcessType.Web, map.Command("entrypoint"), 1, entrypoint.At));
        if (map.Get("processes") is not { } node)
            return processes;
        if (node is not YamlMap section)
        {
            errors.Add(node.At, ConfigurationValidatorTexts.MappingExpected("processes", Example));
            return processes;
        }

        foreach (var (name, value) in section.Entries)
        {
            if (ProcessName.Of(name.Value) is { } runsAs && runsAs != ProcessType.Web && processes.FirstOrDefault(process => process.Name == runsAs) is { } other)
                errors.Add(name.At, ConfigurationValidatorTexts.ProcessNameTaken(name.Value, other.Written, runsAs));
            else if (ProcessName.Of(name.Value) == ProcessType.Web && processes.FirstOrDefault(process => process.Name == ProcessType.Web) is { } web)
                errors.Add(name.At, map.Get("entrypoint") is { } line ? ConfigurationValidatorTexts.WebTwice(line.At.Line) : ConfigurationValidatorTexts.ProcessNameTaken(name.Value, web.Written, web.Name));
            else if (CheckName(name.Value) is { } wrong)
                errors.Add(name.At, wrong);
            else if (ReadProcess(name, value, errors) is { } process)
                processes.Add(process);
        }

        if (processes.Count > MaxProcessTypes)
            errors.Add(section.At, ConfigurationValidatorTexts.TooMany("processes", processes.Count, MaxProcessTypes));
        return processes;
    }

    /// <summary>What is wrong with the name of a process type; null if nothing is.</summary>
    public static string? CheckName(string name)
    {
        return ProcessName.Of(name) switch
        {
            "release" => ConfigurationValidatorTexts.ReleaseIsNoProcess,
            null => ConfigurationValidatorTexts.ProcessNameWrong(name),
            _ => null,
        };
    }

    private static ManifestProcess? ReadProcess(YamlText name, YamlNode value, SourceErrors errors)
    {
        var path = $"processes.{name.Value}";
        if (value is YamlText { IsNothing: true })
        {
            errors.Add(value.At, ConfigurationValidatorTexts.CommandExpected(path));
            return null;
        }

        if (value is not YamlMap)
            return MapReader.Command(value, path, errors) is { } command ? new(name.Value, command, 1, name.At) : null;
        if (MapReader.Open(value, path, Keys, "{command: python worker.py, scale: 2}", errors) is not { } section)
            return null;
        var scale = 1;
        if (section.Text("scale", "scale: 2") is { } text
            && (!int.TryParse(text.Value, NumberStyles.None, CultureInfo.InvariantCulture, out scale) || scale > MaxScale))
        {
            errors.Add(text.At, ConfigurationValidatorTexts.ScaleWrong(path, text.Value, MaxScale));
            scale = 1;
        }

        return new(name.Value, section.Command("command"), scale, name.At);
    }
}
