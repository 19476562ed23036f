using System.Text.RegularExpressions;
using Paas.ConfigurationValidator.Source;
using Paas.Contracts;

namespace Paas.ConfigurationValidator.Manifests;

/// <summary><c>services: [mongodb:7, postgres]</c>, or with each service a mapping of its name to its version</summary>
internal static partial class ServiceSection
{
    private const string Example = "services: [postgres, redis:7]";

    private static readonly Dictionary<string, string[]> UrlVariables = new(StringComparer.Ordinal)
    {
        ["mongodb"] = ["MONGODB_URI"],
        ["postgres"] = ["DATABASE_URL"],
        ["mysql"] = ["DATABASE_URL", "MYSQL_URL"],
        ["mariadb"] = ["DATABASE_URL", "MYSQL_URL"],
        ["redis"] = ["REDIS_URL"],
        ["rabbitmq"] = ["RABBITMQ_URL", "AMQP_URL"],
    };

    private static readonly Dictionary<string, string> Aliases = new(StringComparer.Ordinal)
    {
        ["mongo"] = "mongodb",
        ["postgresql"] = "postgres",
        ["pg"] = "postgres",
        ["maria"] = "mariadb",
        ["rabbit"] = "rabbitmq",
        ["amqp"] = "rabbitmq",
    };

    /// <summary>The variables by which an app finds a service, the usual one first.</summary>
    public static IReadOnlyList<string> VariablesOf(string service) => UrlVariables[service];

    public static IReadOnlyList<Placed<AddOn>> Read(MapReader map, SourceErrors errors)
    {
        var addOns = new List<Placed<AddOn>>();
        if (map.Get("services") is not { } node)
            return addOns;
        foreach (var (name, version, at) in Entries(node, errors))
        {
            if (ReadService(name, version, at, errors) is not { } addOn)
                continue;
            if (addOns.Any(other => other.Value.Name == addOn.Name))
                errors.Add(at, ConfigurationValidatorTexts.ServiceTwice(addOn.Name));
            else
                addOns.Add(new(addOn, at));
        }

        return addOns;
    }

    /// <summary>Name and version of each: of <c>postgres:17</c>, of <c>- postgres: 17</c>, or of <c>services: {postgres: 17}</c>.</summary>
    private static IEnumerable<(string Name, string? Version, Position At)> Entries(YamlNode node, SourceErrors errors)
    {
        foreach (var item in node is YamlList list ? list.Items : [node])
        {
            switch (item)
            {
                case YamlText text:
                    var colon = text.Value.IndexOf(':', StringComparison.Ordinal);
                    yield return colon < 0 ? (text.Value.Trim(), null, text.At) : (text.Value[..colon].Trim(), text.Value[(colon + 1)..].Trim(), text.At);
                    break;
                case YamlMap { Entries.Count: > 0 } section when section.Entries.All(entry => entry.Value is YamlText):
                    foreach (var entry in section.Entries)
                        yield return (entry.Key.Value.Trim(), entry.Value is YamlText { IsNothing: false } version ? version.Value.Trim() : null, entry.Key.At);
                    break;
                default:
                    errors.Add(item.At, ConfigurationValidatorTexts.ServicesExpected(Example));
                    break;
            }
        }
    }

    private static AddOn? ReadService(string written, string? version, Position at, SourceErrors errors)
    {
        var name = Aliases.GetValueOrDefault(written, written);
        if (!UrlVariables.ContainsKey(name))
        {
            errors.Add(at, ConfigurationValidatorTexts.ServiceUnknown(written, Nearest.Of(written, UrlVariables.Keys), [.. UrlVariables.Keys]));
            return null;
        }

        if (version is null || Version().IsMatch(version))
            return new() { Name = name, Version = version };
        errors.Add(at, ConfigurationValidatorTexts.ServiceVersionWrong(name, version));
        return null;
    }

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z")]
    private static partial Regex Version();
}
