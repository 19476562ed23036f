using System.Text.RegularExpressions;
using Paas.ConfigurationValidator.Source;
using Paas.Contracts;

namespace Paas.ConfigurationValidator.Manifests;

/// <summary><c>services: [mongodb:7, postgres]</c></summary>
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
        var node = map.Get("services");
        if (node is YamlText single)
            node = new YamlList(single.At, [single]);
        if (node is null)
            return addOns;
        if (node is not YamlList list)
        {
            errors.Add(node.At, ConfigurationValidatorTexts.ServicesExpected(Example));
            return addOns;
        }

        foreach (var item in list.Items)
        {
            if (item is not YamlText text)
                errors.Add(item.At, ConfigurationValidatorTexts.ServicesExpected(Example));
            else if (ReadService(text, errors) is not { } addOn)
                continue;
            else if (addOns.Any(other => other.Value.Name == addOn.Name))
                errors.Add(text.At, ConfigurationValidatorTexts.ServiceTwice(addOn.Name));
            else
                addOns.Add(new(addOn, text.At));
        }

        return addOns;
    }

    private static AddOn? ReadService(YamlText text, SourceErrors errors)
    {
        var colon = text.Value.IndexOf(':', StringComparison.Ordinal);
        var written = (colon < 0 ? text.Value : text.Value[..colon]).Trim();
        var version = colon < 0 ? null : text.Value[(colon + 1)..].Trim();
        var name = Aliases.GetValueOrDefault(written, written);
        if (!UrlVariables.ContainsKey(name))
        {
            errors.Add(text.At, ConfigurationValidatorTexts.ServiceUnknown(written, Nearest.Of(written, UrlVariables.Keys), [.. UrlVariables.Keys]));
            return null;
        }

        if (version is null || Version().IsMatch(version))
            return new() { Name = name, Version = version };
        errors.Add(text.At, ConfigurationValidatorTexts.ServiceVersionWrong(name, version));
        return null;
    }

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z")]
    private static partial Regex Version();
}
