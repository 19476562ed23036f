using System.Text.Json;
using Paas.ConfigurationValidator.Source;

namespace Paas.ConfigurationValidator.Runtimes;

/// <summary>The JSON files of other tools, of which only few values matter.</summary>
internal static class JsonFile
{
    private static readonly JsonDocumentOptions Lenient = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = 64 };

    /// <summary>The file's content; null if there is no such file, or it is too large to matter.</summary>
    public static JsonDocument? Read(SourceFiles source, string path)
    {
        if (source.Find(path)?.Content is not { } content)
            return null;
        var errors = new SourceErrors(path);
        if (SourceText.Decode(content, out var at, out var error) is { } text)
        {
            try
            {
                return JsonDocument.Parse(text, Lenient);
            }
            catch (JsonException exception)
            {
                at = new((int)(exception.LineNumber ?? 0) + 1, (int)(exception.BytePositionInLine ?? 0) + 1);
                error = ConfigurationValidatorTexts.NotJson;
            }
            catch (ArgumentException)
            {
                error = ConfigurationValidatorTexts.NotJson;
            }
        }

        errors.Add(at, error);
        errors.ThrowIfAny();
        return null;
    }

    /// <summary>The text below nested keys, if that is what is there.</summary>
    public static string? Text(JsonDocument? document, params ReadOnlySpan<string> keys)
    {
        if (document is null)
            return null;
        var element = document.RootElement;
        foreach (var key in keys)
        {
            if (element.ValueKind is not JsonValueKind.Object || !element.TryGetProperty(key, out element))
                return null;
        }

        return element.ValueKind is JsonValueKind.String ? TextOf(element) : null;
    }

    private static string? TextOf(JsonElement element)
    {
        try
        {
            return element.GetString();
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, written as an escape: no text at all.
            return null;
        }
    }
}
