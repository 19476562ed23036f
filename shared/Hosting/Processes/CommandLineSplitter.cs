using System.Text;

namespace Paas.Hosting.Processes;

/// <summary>
/// One pass over a line, by the rules of the POSIX shell's quoting. At the first sign that only a shell understands the
/// whole line is for a shell.
/// </summary>
internal sealed class CommandLineSplitter(string line)
{
    // They are part of the shell and do nothing, or are not even there, without it.
    private static readonly HashSet<string> ShellWords =
    [
        ".", ":", "alias", "bg", "break", "case", "cd", "command", "continue", "eval", "exit", "export", "fg", "for", "function", "getopts",
        "hash", "if", "jobs", "local", "read", "readonly", "return", "set", "shift", "shopt", "source", "times", "trap", "type", "ulimit",
        "umask", "unset", "until", "wait", "while", "{", "!",
    ];

    private static readonly SplitCommand ForShell = new(null, null, 0);

    private readonly List<string> _words = [];
    private readonly StringBuilder _word = new();
    private int _at;
    private bool _inWord;
    private bool _quoted;

    // Where an unbraced $NAME has just ended in the word: a letter after it would change the name.
    private int _openReference = -1;

    public SplitCommand Split()
    {
        if (CommandWords.FirstForbidden(line) is { } forbidden)
            return Error(CommandWordsTexts.ControlCharacter(forbidden), line.IndexOf(forbidden));
        line = line.TrimEnd();
        _at = line.Length - line.TrimStart().Length;
        while (_at < line.Length)
        {
            if (ReadUnquoted() is { } end)
                return end == ForShell ? CommandWords.ForShell(line) : end;
        }

        EndWord();
        var program = _words.FindIndex(word => CommandWords.AssignedName(word) is null);
        if (program >= 0 && _words[program] == "exec")
            // Without a shell the program always takes its own place.
            _words.RemoveAt(program);
        if (program >= 0 && program < _words.Count && ShellWords.Contains(_words[program]))
            return CommandWords.ForShell(line);
        return CommandWords.Finish(_words);
    }

    private SplitCommand? ReadUnquoted()
    {
        var c = line[_at];
        switch (c)
        {
            case ' ' or '\t':
                EndWord();
                _at++;
                return null;
            case '\n' or '\r':
                return ForShell;
            case '|' or '&' or ';' or '<' or '>' or '(' or ')' or '`' or '*' or '?' or '[':
                return ForShell;
            case '~' when !_inWord:
                return ForShell;
            case '#' when !_inWord:
                while (_at < line.Length && line[_at] != '\n')
                    _at++;
                return null;
            case '\'':
                return ReadSingleQuoted();
            case '"':
                return ReadDoubleQuoted();
            case '\\':
                return ReadEscape();
            case '$':
                return ReadDollar(quoted: false);
            default:
                Append(c);
                _at++;
                return null;
        }
    }

    private SplitCommand? ReadSingleQuoted()
    {
        var end = line.IndexOf('\'', _at + 1);
        if (end < 0)
            return Error(CommandWordsTexts.UnclosedQuote('\''), _at);
        _inWord = _quoted = true;
        foreach (var c in line[(_at + 1)..end])
            Append(c);
        _at = end + 1;
        return null;
    }

    private SplitCommand? ReadDoubleQuoted()
    {
        var start = _at++;
        _inWord = _quoted = true;
        while (_at < line.Length)
        {
            var c = line[_at];
            if (c == '"')
            {
                _at++;
                return null;
            }

            if (c == '`')
                return ForShell;
            if (c == '$')
            {
                if (ReadDollar(quoted: true) is { } error)
                    return error;
                continue;
            }

            if (c == '\\' && _at + 1 < line.Length && line[_at + 1] is '$' or '`' or '"' or '\\' or '\n')
            {
                if (line[++_at] != '\n')
                    Append(line[_at]);
            }
            else
                Append(c);
            _at++;
        }

        return Error(CommandWordsTexts.UnclosedQuote('"'), start);
    }

    private SplitCommand? ReadEscape()
    {
        if (_at + 1 >= line.Length)
            return Error(CommandWordsTexts.TrailingBackslash, _at);
        if (line[_at + 1] != '\n')
        {
            _quoted = true;
            Append(line[_at + 1]);
        }

        _at += 2;
        return null;
    }

    private SplitCommand? ReadDollar(bool quoted)
    {
        if (VariableReference.TryRead(line, _at) is not { } reference)
        {
            if (VariableReference.NeedsShell(line, _at))
                return ForShell;
            Append('$');
            _at++;
            return null;
        }

        _inWord = true;
        _quoted |= quoted;
        _word.Append(line, _at, reference.Length);
        _at += reference.Length;
        _openReference = line[_at - 1] == '}' ? -1 : _word.Length;
        return null;
    }

    private void Append(char c)
    {
        _inWord = true;
        if (_openReference == _word.Length && VariableReference.IsNamePart(c))
        {
            var dollar = _word.ToString().LastIndexOf('$');
            _word.Insert(dollar + 1, '{').Append('}');
        }

        _openReference = -1;
        _word.Append(c);
        if (c == '$')
            _word.Append('$');
    }

    private void EndWord()
    {
        if (!_inWord)
            return;
        var word = _word.ToString();
        // Whether a variable's value may become several words is said by the braces, once the quotes are gone.
        if (VariableReference.TryRead(word, 0) is { Default: null } whole && whole.Length == word.Length)
            word = _quoted ? $"${{{whole.Name}}}" : "$" + whole.Name;
        _words.Add(word);
        _word.Clear();
        _inWord = _quoted = false;
        _openReference = -1;
    }

    private static SplitCommand Error(string error, int position) => new(null, error, position);
}
