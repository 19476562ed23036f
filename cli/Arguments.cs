using System.Globalization;

namespace Paas.Cli;

/// <summary>Words as hands know them from other platforms, turned into this command's own.</summary>
internal static class Arguments
{
    private static readonly Dictionary<string, string[]> Synonyms = new(StringComparer.Ordinal)
    {
        ["version"] = ["--version"],
        ["ps:scale"] = ["scale"],
        ["ps:restart"] = ["restart"],
        ["releases:rollback"] = ["rollback"],
        ["apps:destroy"] = ["apps", "delete"],
        ["apps:open"] = ["open"],
        ["config:add"] = ["config", "set"],
        ["config:remove"] = ["config", "unset"],
        ["run:detached"] = ["run", "--detach"],
        ["auth:login"] = ["login"],
        ["auth:logout"] = ["logout"],
        ["auth:whoami"] = ["whoami"],
    };

    /// <param name="arguments">As they were typed.</param>
    /// <returns>The words of the command tree.</returns>
    public static string[] Normalize(string[] arguments)
    {
        var at = Array.FindIndex(arguments, word => !word.StartsWith('-'));
        if (at < 0)
            return arguments;
        var (command, rest) = (arguments[at], arguments[(at + 1)..]);
        if (command == "help")
            return [.. arguments[..at], .. rest.SelectMany(Split), "--help"];
        string[] words = [.. arguments[..at], .. Split(command), .. rest];
        return command == "logs" ? FollowByTail(words) : words;
    }

    /// <summary><c>config:set</c> is <c>config set</c>.</summary>
    private static string[] Split(string command) => Synonyms.TryGetValue(command, out var own) ? own
        : command.Contains(':', StringComparison.Ordinal) && command.All(character => char.IsAsciiLetter(character) || character is ':' or '-')
            ? command.Split(':', StringSplitOptions.RemoveEmptyEntries)
            : [command];

    /// <summary>Other platforms' <c>--tail</c> means to follow the log, and takes no number.</summary>
    private static string[] FollowByTail(string[] words) =>
    [
        .. words.Select((word, index) =>
            word == "--tail" && !(index + 1 < words.Length && int.TryParse(words[index + 1], NumberStyles.Integer, CultureInfo.InvariantCulture, out _)) ? "--follow" : word),
    ];
}
