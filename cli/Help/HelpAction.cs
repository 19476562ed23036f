using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Paas.Cli.Help;

/// <summary>Prints what a command is for, what it takes, and how it is used.</summary>
internal sealed class HelpAction(Terminal terminal) : SynchronousCommandLineAction
{
    private const int Indent = 2, Gap = 2, WidestName = 34;

    // What is missing or wrong besides is of no interest to who asks for help.
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        Write(parseResult.CommandResult.Command);
        return ExitCodes.Done;
    }

    /// <summary><c>config set</c>; empty for the command as a whole.</summary>
    public static string PathOf(Command command) =>
        string.Join(' ', command.Parents.OfType<Command>().Where(parent => parent is not RootCommand).Select(PathOf).Append(command is RootCommand ? "" : command.Name).Where(word => word.Length > 0));

    private void Write(Command command)
    {
        WriteWrapped(command.Description ?? "", 0);
        var path = PathOf(command);
        Section(CliTexts.HelpUsage());
        var hasCommands = command.Subcommands.Any(child => !child.Hidden);
        if (!hasCommands || command.Action is not null)
            terminal.Out.WriteLine("  " + Line(CliTexts.CalledAs, path, Arguments(command), command.Options.Any(option => !option.Hidden) ? "[OPTIONS]" : ""));
        if (hasCommands)
            terminal.Out.WriteLine("  " + Line(CliTexts.CalledAs, path, "COMMAND", "..."));

        WriteTable(CliTexts.HelpArguments(), command.Arguments.Where(argument => !argument.Hidden).Select(argument => (Argument(argument), argument.Description ?? "")));
        foreach (var group in HelpGroups.Of(command))
            WriteTable(group.Title, group.Commands.Select(child => (Line(child.Name, Arguments(child)), FirstSentence(child.Description))));
        WriteTable(CliTexts.HelpOptions(), Options(command).Select(option => (Option(option), Describe(option))));
        if (HelpExamples.Of(path) is { Count: > 0 } examples)
        {
            Section(CliTexts.HelpExamples());
            foreach (var example in examples)
                terminal.Out.WriteLine($"  {CliTexts.CalledAs} {example}");
        }
    }

    private static IEnumerable<Option> Options(Command command)
    {
        foreach (var option in command.Options.Where(option => !option.Hidden))
            yield return option;
        foreach (var parent in command.Parents.OfType<Command>())
        {
            foreach (var option in parent.Options.Where(option => option is { Recursive: true, Hidden: false }))
                yield return option;
        }
    }

    private static string Describe(Option option) =>
        (option is HelpOption ? CliTexts.HelpHelp() : option is VersionOption ? CliTexts.HelpVersionOption() : option.Description) + Choices(option);

    private static string Choices(Option option)
    {
        if (option.ValueType == typeof(bool) || option is HelpOption or VersionOption)
            return "";
        var choices = option.GetCompletions(System.CommandLine.Completions.CompletionContext.Empty).Select(item => item.Label).ToList();
        return choices.Count == 0 ? "" : $" ({string.Join(", ", choices)})";
    }

    private static string Option(Option option)
    {
        var names = string.Join(", ", option.Aliases.Append(option.Name).Where(name => name.StartsWith('-')).OrderBy(name => name.Length).Distinct());
        return option.ValueType == typeof(bool) || option is HelpOption or VersionOption ? names : $"{names} {option.HelpName ?? option.Name.TrimStart('-').ToUpperInvariant()}";
    }

    private static string Arguments(Command command) => string.Join(' ', command.Arguments.Where(argument => !argument.Hidden).Select(Argument));

    private static string Argument(Argument argument)
    {
        var name = argument.Arity.MaximumNumberOfValues > 1 ? argument.Name + "..." : argument.Name;
        return argument.Arity.MinimumNumberOfValues == 0 ? $"[{name}]" : name;
    }

    private static string FirstSentence(string? description)
    {
        var text = (description ?? "").Split('\n')[0];
        var end = text.IndexOf(". ", StringComparison.Ordinal);
        return end < 0 ? text : text[..end];
    }

    private static string Line(params string[] words) => string.Join(' ', words.Where(word => word.Length > 0));

    private void Section(string title)
    {
        terminal.Out.WriteLine();
        terminal.Out.WriteLine(title + ":");
    }

    private void WriteTable(string title, IEnumerable<(string Name, string Text)> rows)
    {
        var all = rows.ToList();
        if (all.Count == 0)
            return;
        Section(title);
        var width = Math.Min(WidestName, all.Max(row => row.Name.Length)) + Gap;
        foreach (var (name, text) in all)
        {
            terminal.Out.Write(new string(' ', Indent) + name.PadRight(width));
            if (name.Length + Gap > width)
                terminal.Out.Write("\n" + new string(' ', Indent + width));
            WriteWrapped(text, Indent + width);
        }
    }

    /// <summary>Text whose further lines begin where the first one did.</summary>
    private void WriteWrapped(string text, int indent)
    {
        var room = Math.Max(30, Math.Min(terminal.Width, 110) - indent);
        var isFirst = true;
        foreach (var paragraph in text.Split('\n'))
        {
            var line = "";
            foreach (var word in paragraph.Split(' '))
            {
                if (line.Length > 0 && line.Length + 1 + word.Length > room)
                {
                    Next(line);
                    line = "";
                }

                line += (line.Length > 0 ? " " : "") + word;
            }

            Next(line);
        }

        void Next(string line)
        {
            terminal.Out.WriteLine((isFirst ? "" : new string(' ', indent)) + line);
            isFirst = false;
        }
    }
}
