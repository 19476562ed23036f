using System.Reflection;
using Microsoft.Extensions.Configuration;
using Paas.Contracts;

namespace Paas.Hosting;

/// <summary>Finds settings that nobody reads, as a mistyped one is: an operator would believe in it.</summary>
public static class UnknownSettings
{
    /// <summary>A sentence for each unknown setting in a section that one of the options is bound to.</summary>
    /// <param name="configuration">What was set.</param>
    /// <param name="assemblies">Those with all options of the process: classes with a constant <c>Section</c>.</param>
    public static IEnumerable<string> Find(IConfiguration configuration, IEnumerable<Assembly> assemblies)
    {
        var sections = assemblies.SelectMany(assembly => assembly.GetTypes())
            .Select(type => (Section: type.GetField("Section", BindingFlags.Public | BindingFlags.Static)?.GetRawConstantValue() as string, Type: type))
            .Where(options => options.Section is not null)
            .SelectMany(options => options.Type.GetProperties().Select(property => (options.Section, property.Name)))
            .GroupBy(setting => setting.Section!, setting => setting.Name, StringComparer.OrdinalIgnoreCase);
        foreach (var section in sections)
        {
            var known = section.Distinct(StringComparer.OrdinalIgnoreCase).Order(StringComparer.Ordinal).ToList();
            foreach (var set in configuration.GetSection(section.Key).GetChildren().Where(set => !known.Contains(set.Key, StringComparer.OrdinalIgnoreCase)))
            {
                var similar = Nearest.Of(set.Key, known) is { } name ? $"{section.Key}__{name}" : null;
                yield return StartTexts.SettingUnknown($"{section.Key}__{set.Key}", similar, known.Select(name => $"{section.Key}__{name}"));
            }
        }
    }
}
