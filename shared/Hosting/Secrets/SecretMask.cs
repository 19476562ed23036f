using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Paas.Hosting.Secrets;

/// <summary>
/// Takes out of messages and headers what nobody should read over an operator's shoulder: whatever is named like a
/// secret, sealed or not, and the credentials in URLs.
/// </summary>
public static partial class SecretMask
{
    public const string Mask = "***";

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>Masks a JSON value as a whole; text that is no JSON as well as that can be done.</summary>
    public static (JsonNode? Json, string? Text) OfBody(string body)
    {
        try
        {
            return (OfJson(JsonNode.Parse(body, documentOptions: Strict)), null);
        }
        catch (JsonException)
        {
            return (null, OfText(body));
        }
    }

    public static string OfHeader(string name, string value) => IsSecret(name) ? Mask : OfText(value);

    /// <summary>For text that may quote a URL or a setting, such as an exception's message.</summary>
    public static string OfText(string text) => NamedValue().Replace(UserInfo().Replace(text, $"$1{Mask}@"), $"$1{Mask}");

    private static bool IsSecret(string name) => SecretName().IsMatch(name);

    private static JsonNode? OfJson(JsonNode? node) => node switch
    {
        JsonObject members => new JsonObject(members.Select(member => new KeyValuePair<string, JsonNode?>(
            member.Key, IsSecret(member.Key) && member.Value is not null ? JsonValue.Create(Mask) : OfJson(member.Value)))),
        JsonArray items => new JsonArray([.. items.Select(OfJson)]),
        JsonValue value when value.TryGetValue<string>(out var text) => JsonValue.Create(OfText(text)),
        _ => node?.DeepClone(),
    };

    private const string Names = "secret|token|password|sealed|key|authorization|credential";

    [GeneratedRegex(Names, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SecretName();

    [GeneratedRegex(@"([a-z][a-z0-9+.-]{0,20}://)[^/\s?#""']*@", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex UserInfo();

    /// <summary><c>access_token=x</c>, <c>"password": "x"</c>, <c>Authorization: Bearer x</c>.</summary>
    [GeneratedRegex(
        @"([\w-]{0,40}(?:" + Names + @")[\w-]{0,40}""?\s{0,5}[:=]\s{0,5}(?:(?:Bearer|Basic)\s)?)(?:""(?:\\.|[^""\\])*""?|[^\s,;&}""]+)",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NamedValue();
}
