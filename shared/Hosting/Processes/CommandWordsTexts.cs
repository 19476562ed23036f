namespace Paas.Hosting.Processes;

/// <summary>What is said about commands that can't be started.</summary>
internal static class CommandWordsTexts
{
    public const string NothingToStart =
        "the command has nothing to start; write a program and its arguments, such as 'python app.py'";

    public const string TrailingBackslash = "the command ends with a backslash; remove it, or double it if you mean one";

    public static string UnclosedQuote(char quote) => $"the quote {quote} is never closed; add the one at its end";

    public static string BadReference(string text) =>
        $"'{Shorten(text)}' can't be replaced: variables are written $NAME, ${{NAME}} or ${{NAME:-default}}. For a dollar sign as it is " +
        "write $$ in a list, and put single quotes around it in a line";

    public static string ControlCharacter(char c) => $"the command contains the control character U+{(int)c:X4}; remove it";

    public static string TooLong(int max) => $"the command is longer than {max} characters; put it into a script file and start that, such as 'bash start.sh'";

    public static string TooManyWords(int count, int max) =>
        $"the command has {count} words and may have {max}; put it into a script file and start that, such as 'bash start.sh'";

    private static string Shorten(string text) => text.Length <= 24 ? text : text[..24] + "…";
}
