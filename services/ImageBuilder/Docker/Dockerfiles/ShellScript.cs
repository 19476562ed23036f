using System.Text;
using System.Text.RegularExpressions;
using Paas.Contracts;

namespace Paas.ImageBuilder.Docker.Dockerfiles;

/// <summary>
/// A <see cref="CommandLine"/> for the shell of the image that is built: there its variables are known. Every word stays
/// the word it is.
/// </summary>
internal static partial class ShellScript
{
    public static string Of(CommandLine command)
    {
        if (command.Script is { } line)
            return line;
        var words = new List<string>();
        var isAssignment = true;
        var splits = false;
        foreach (var word in command.Words)
        {
            if (isAssignment && Assignment().Match(word) is { Success: true } name)
            {
                words.Add(name.Value + Quote(word[name.Length..]));
                continue;
            }

            isAssignment = false;
            splits |= WholeWord().IsMatch(word);
            words.Add(WholeWord().IsMatch(word) ? word : Quote(word));
        }

        // A variable that is a word of its own becomes the words of its value, but not the files they fit.
        return (splits ? "set -f; " : "") + string.Join(' ', words);
    }

    private static string Quote(string word)
    {
        if (Plain().IsMatch(word))
            return word;
        var quoted = new StringBuilder("\"");
        for (var i = 0; i < word.Length; i++)
        {
            if (word[i] == '$' && Reference().Match(word, i) is { Success: true } reference)
            {
                quoted.Append(reference.Value);
                i += reference.Length - 1;
            }
            else if (word[i] is '$' or '`' or '"' or '\\')
            {
                quoted.Append('\\').Append(word[i]);
                // Two dollar signs stand for one.
                i += word[i] == '$' && i + 1 < word.Length && word[i + 1] == '$' ? 1 : 0;
            }
            else
            {
                quoted.Append(word[i]);
            }
        }

        return quoted.Append('"').ToString();
    }

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]*=")]
    private static partial Regex Assignment();

    [GeneratedRegex(@"\A\$[A-Za-z_][A-Za-z0-9_]*\z")]
    private static partial Regex WholeWord();

    [GeneratedRegex(@"\A[A-Za-z0-9._+@/:=,-]+\z")]
    private static partial Regex Plain();

    [GeneratedRegex(@"\G\$([A-Za-z_][A-Za-z0-9_]*|\{[A-Za-z_][A-Za-z0-9_]*(:-[^}${`'""\\\n\r]*)?\})")]
    private static partial Regex Reference();
}
