using System.Text;
using System.Text.Unicode;

namespace Paas.ConfigurationValidator.Source;

/// <summary>A place in a file, counted from 1.</summary>
internal readonly record struct Position(int Line, int Column)
{
    public static Position Start { get; } = new(1, 1);

    public static Position Of(string text, int offset)
    {
        var before = text.AsSpan(0, Math.Clamp(offset, 0, text.Length));
        return new(before.Count('\n') + 1, before.Length - before.LastIndexOf('\n'));
    }
}

/// <summary>Turns the bytes of a file people write into text, or says where they are none.</summary>
internal static class SourceText
{
    public static string? Decode(byte[] bytes, out Position at, out string error)
    {
        at = Position.Start;
        error = "";
        if (bytes.AsSpan().StartsWith<byte>([0xFF, 0xFE]) || bytes.AsSpan().StartsWith<byte>([0xFE, 0xFF]))
        {
            error = ConfigurationValidatorTexts.NotUtf8;
            return null;
        }

        var content = bytes.AsSpan(bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0);
        if (!Utf8.IsValid(content))
        {
            at = Position.Of(Encoding.UTF8.GetString(content), Encoding.UTF8.GetString(content).IndexOf('\uFFFD'));
            error = ConfigurationValidatorTexts.NotUtf8;
            return null;
        }

        var text = Encoding.UTF8.GetString(content);
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsControl(text[i]) && text[i] is not ('\n' or '\r' or '\t'))
            {
                at = Position.Of(text, i);
                error = ConfigurationValidatorTexts.ControlCharacter(text[i]);
                return null;
            }
        }

        return text;
    }
}
