using System.Text;
using System.Text.RegularExpressions;

namespace Paas.ImageBuilder.Docker;

/// <summary>
/// A pattern of a <c>.dockerignore</c>. Docker's matcher has four kinds: a text, the beginning of one (<c>a/**</c>), the
/// end of one (<c>**.env</c>), and an expression made of all else; so what <c>**</c> means depends on what follows it.
/// </summary>
internal sealed class IgnorePattern
{
    private const string SpecialToExpressions = ".+()|{}$";
    private readonly StringBuilder _expression = new(@"\A");
    private readonly string _text;
    private bool _isInSet;
    private Kind _kind = Kind.Exact;
    private Regex? _regex;

    private IgnorePattern(string text)
    {
        _text = text;
    }

    private enum Kind
    {
        Exact,
        Beginning,
        End,
        Expression,
    }

    /// <param name="pattern">Without what changes nothing in a path.</param>
    /// <returns>Null if it is none.</returns>
    public static IgnorePattern? Parse(string pattern)
    {
        if (!IsWellFormed(pattern))
            return null;
        var read = new IgnorePattern(pattern);
        read.Read();
        try
        {
            if (read._kind == Kind.Expression)
                read._regex = new Regex(read._expression.Append(@"\z").ToString(), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.Singleline);
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException)
        {
            return null;
        }

        return read;
    }

    public bool Fits(ReadOnlySpan<char> path) => _kind switch
    {
        Kind.Exact => path.SequenceEqual(_text),
        Kind.Beginning => path.StartsWith(_text.AsSpan(0, _text.Length - 2)),
        Kind.End => path.EndsWith(_text.AsSpan(2)) || (_text.Length > 2 && _text[2] == '/' && path.SequenceEqual(_text.AsSpan(3))),
        _ => _regex!.IsMatch(path),
    };

    private void Read()
    {
        for (var i = 0; i < _text.Length; i++)
        {
            var isFirst = i == 0;
            switch (_text[i])
            {
                case '*' when i + 1 < _text.Length && _text[i + 1] == '*':
                    i++;
                    if (i + 1 < _text.Length && _text[i + 1] == '/')
                        i++;
                    if (i + 1 < _text.Length)
                        Be(Kind.Expression, "(.*/)?");
                    else if (_kind == Kind.Exact)
                        _kind = Kind.Beginning;
                    else
                        Be(Kind.Expression, ".*");
                    if (isFirst)
                        _kind = Kind.End;
                    break;
                case '*':
                    Be(Kind.Expression, "[^/]*");
                    break;
                case '?':
                    Be(Kind.Expression, "[^/]");
                    break;
                case '\\' when i + 1 < _text.Length:
                    i++;
                    _kind = Kind.Expression;
                    _expression.Append(char.IsLetterOrDigit(_text[i]) ? "" : "\\").Append(_text[i]);
                    break;
                case '[' or ']':
                    Be(Kind.Expression, _text[i].ToString());
                    break;
                default:
                    Append(_text[i]);
                    break;
            }
        }
    }

    private void Be(Kind kind, string expression)
    {
        _kind = kind;
        foreach (var character in expression)
        {
            // A set within a set is more to .NET than to Go.
            if (character == '[' && _isInSet)
                _expression.Append('\\');
            else if (character is '[' or ']')
                _isInSet = character == '[';
            _expression.Append(character);
        }
    }

    private void Append(char character)
    {
        if (SpecialToExpressions.Contains(character, StringComparison.Ordinal))
            _expression.Append('\\');
        _expression.Append(character);
    }

    /// <summary>As Go's <c>filepath.Match</c> has it: sets are closed and hold something, and nothing ends with an escape.</summary>
    private static bool IsWellFormed(string pattern)
    {
        for (var i = 0; i < pattern.Length; i++)
        {
            if (pattern[i] == '\\')
            {
                if (++i == pattern.Length)
                    return false;
                continue;
            }

            if (pattern[i] != '[')
                continue;
            i++;
            if (i < pattern.Length && pattern[i] == '^')
                i++;
            for (var isEmpty = true; isEmpty || i >= pattern.Length || pattern[i] != ']'; isEmpty = false)
            {
                if (!TryTakeOne(pattern, ref i))
                    return false;
                if (pattern[i] == '-' && (++i >= pattern.Length || !TryTakeOne(pattern, ref i)))
                    return false;
            }
        }

        return true;
    }

    /// <summary>Takes a character of a set; something has to follow it.</summary>
    private static bool TryTakeOne(string pattern, ref int i)
    {
        if (i >= pattern.Length || pattern[i] is '-' or ']')
            return false;
        if (pattern[i] == '\\')
            i++;
        return ++i < pattern.Length;
    }
}
