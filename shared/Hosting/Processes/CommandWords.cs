using System.Text;
using Paas.Contracts;

namespace Paas.Hosting.Processes;

/// <summary>A command read from what a developer wrote, or why it can't be one.</summary>
/// <param name="Command">Null if there is an error.</param>
/// <param name="Error">What is wrong and what would be right; null if there is a command.</param>
/// <param name="Position">Where in the line the error is, from 0; for a list, the number of the word.</param>
public sealed record SplitCommand(CommandLine? Command, string? Error, int Position);

/// <summary>A command ready to be started.</summary>
/// <param name="Assignments">Variables set for this command alone.</param>
/// <param name="Arguments">The program and its arguments; empty if the variables left nothing to start.</param>
public sealed record ExpandedCommand(IReadOnlyDictionary<string, string> Assignments, IReadOnlyList<string> Arguments);

/// <summary>
/// Turns what a developer wrote into a <see cref="CommandLine"/>, and that into a program and its arguments. The
/// quotes and variables of a POSIX shell mean what they mean there; a line that needs a shell is handed to one.
/// </summary>
public static class CommandWords
{
    public const int MaxWords = 200;
    public const int MaxLength = 16 * 1024;

    // Whoever ends the app signals all its processes, the shell among them, which would leave the others to be killed.
    private const string Patient = "trap 'wait; exit 143' TERM\n";

    // A container's end is told to its first process alone. An exec in the line still takes the place of its shell.
    private const string Supervisor = """
        trap "trap '' TERM; kill -TERM 0" TERM INT QUIT
        /bin/sh -c "$1" <&0 &
        child=$!
        wait "$child"
        status=$?
        while kill -0 "$child" 2>/dev/null; do
        wait "$child"
        status=$?
        done
        exit "$status"
        """;

    /// <summary>Splits a line as a shell would, without running anything; one that needs a shell to run is left whole.</summary>
    public static SplitCommand Split(string line)
    {
        if (line.Length > MaxLength)
            return new(null, CommandWordsTexts.TooLong(MaxLength), 0);
        return new CommandLineSplitter(line).Split();
    }

    /// <summary>Takes a list of words as they are; a <c>$NAME</c> in a list always stays one word.</summary>
    public static SplitCommand FromList(IReadOnlyList<string> list)
    {
        if (list.Sum(word => (long)word.Length) > MaxLength)
            return new(null, CommandWordsTexts.TooLong(MaxLength), 0);
        var words = new List<string>();
        foreach (var word in list)
        {
            if (FirstForbidden(word) is { } forbidden)
                return new(null, CommandWordsTexts.ControlCharacter(forbidden), words.Count);
            if (Normalise(word) is not { } normal)
                return new(null, CommandWordsTexts.BadReference(word), words.Count);
            words.Add(VariableReference.IsWholeWord(normal) ? $"${{{normal[1..]}}}" : normal);
        }

        return Finish(words);
    }

    /// <summary>A command that has <c>/bin/sh</c> run a line.</summary>
    public static SplitCommand ForShell(string line) =>
        new(new CommandLine { Words = ["/bin/sh", "-c", Literal(Patient + line)], Script = line }, null, 0);

    /// <summary>
    /// The same command for a container: there the shell stays until all it has begun has ended, and passes on the signal
    /// to end.
    /// </summary>
    public static CommandLine InContainer(CommandLine command) => command.Script is { } line
        ? command with { Words = ["/bin/sh", "-c", Literal(Supervisor), "sh", Literal(Patient + line)] }
        : command;

    /// <summary>
    /// Puts the variables in. An assignment sees the ones before it; the arguments, as in a shell, see none of them.
    /// </summary>
    public static ExpandedCommand Expand(CommandLine command, IReadOnlyDictionary<string, string> environment) =>
        Expand(command, environment, text => text, (_, value) => value);

    /// <summary>
    /// Leaves the variables to whoever starts the command, so that their values stay where they are kept: a reference
    /// stands in place of each that has a value. A word that is a variable and nothing else becomes the words of its
    /// value here, since only the value tells how many they are; and so does what refers to a variable that the command
    /// sets itself, which its arguments do not see.
    /// </summary>
    /// <param name="command">The command.</param>
    /// <param name="environment">The variables that will be there.</param>
    /// <param name="escape">Writes a text in which nothing is a reference.</param>
    /// <param name="refer">Writes the reference to a variable.</param>
    public static ExpandedCommand Refer(
        CommandLine command, IReadOnlyDictionary<string, string> environment, Func<string, string> escape, Func<string, string> refer)
    {
        var assigned = command.Words.Select(AssignedName).TakeWhile(name => name is not null).ToHashSet();
        return Expand(command, environment, escape, (name, value) => assigned.Contains(name) ? escape(value) : refer(name));
    }

    private static ExpandedCommand Expand(
        CommandLine command, IReadOnlyDictionary<string, string> environment, Func<string, string> text, Func<string, string, string> variable)
    {
        var assignments = new Dictionary<string, string>();
        var arguments = new List<string>();
        foreach (var word in command.Words)
        {
            if (arguments.Count == 0 && AssignedName(word) is { } name)
            {
                // What was assigned before is in its final form already.
                assignments[name] = ExpandWord(word[(name.Length + 1)..], text, known =>
                    assignments.TryGetValue(known, out var value) ? value : Find(known) is { Length: > 0 } other ? variable(known, other) : null);
            }
            else if (VariableReference.IsWholeWord(word))
                arguments.AddRange(Find(word[1..])?.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(text) ?? []);
            else
                arguments.Add(ExpandWord(word, text, known => Find(known) is { Length: > 0 } value ? variable(known, value) : null));
        }

        return new(assignments, arguments);

        string? Find(string name) => environment.GetValueOrDefault(name);
    }

    /// <summary>The last checks, the same for lines and lists.</summary>
    internal static SplitCommand Finish(List<string> words)
    {
        if (words.Count > MaxWords)
            return new(null, CommandWordsTexts.TooManyWords(words.Count, MaxWords), 0);
        var program = words.FindIndex(word => AssignedName(word) is null);
        if (program < 0 || words[program].Length == 0)
            return new(null, CommandWordsTexts.NothingToStart, 0);
        return new(new CommandLine { Words = words }, null, 0);
    }

    private static string Literal(string text) => text.Replace("$", "$$", StringComparison.Ordinal);

    internal static char? FirstForbidden(string text)
    {
        foreach (var c in text)
        {
            if (char.IsControl(c) && c is not ('\t' or '\n' or '\r'))
                return c;
        }

        return null;
    }

    /// <summary>The name that a word of the form <c>NAME=value</c> sets; null for any other word.</summary>
    internal static string? AssignedName(string word)
    {
        var length = VariableReference.NameLength(word, 0);
        return length > 0 && length < word.Length && word[length] == '=' ? word[..length] : null;
    }

    private static string? Normalise(string word)
    {
        var normal = new StringBuilder(word.Length);
        for (var i = 0; i < word.Length;)
        {
            if (word[i] != '$')
                normal.Append(word[i++]);
            else if (VariableReference.TryRead(word, i) is { } reference)
            {
                normal.Append(word, i, reference.Length);
                i += reference.Length;
            }
            else if (i + 1 < word.Length && word[i + 1] == '$')
            {
                normal.Append("$$");
                i += 2;
            }
            else if (VariableReference.NeedsShell(word, i))
                return null;
            else
            {
                normal.Append("$$");
                i++;
            }
        }

        return normal.ToString();
    }

    private static string ExpandWord(string word, Func<string, string> text, Func<string, string?> find)
    {
        var expanded = new StringBuilder(word.Length);
        var plain = new StringBuilder(word.Length);
        for (var i = 0; i < word.Length;)
        {
            if (VariableReference.TryRead(word, i) is { } reference)
            {
                expanded.Append(text(plain.ToString()));
                plain.Clear();
                expanded.Append(find(reference.Name) is { Length: > 0 } value ? value : text(reference.Default ?? ""));
                i += reference.Length;
            }
            else
            {
                var dollars = word[i] == '$' && i + 1 < word.Length && word[i + 1] == '$';
                plain.Append(word[i]);
                i += dollars ? 2 : 1;
            }
        }

        return expanded.Append(text(plain.ToString())).ToString();
    }
}
