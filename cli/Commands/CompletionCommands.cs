using System.CommandLine;
using Paas.Cli.Platform;

namespace Paas.Cli.Commands;

/// <summary><c>completion</c>: what the Tab key brings in bash, zsh and fish.</summary>
internal static class CompletionCommands
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly Argument<string> Shell = new("SHELL") { Description = CliTexts.HelpShell() };
    private static readonly Argument<string[]> Words = new("WORDS") { Arity = ArgumentArity.ZeroOrMore };

    public static IEnumerable<Command> All(CommandFactory commands)
    {
        yield return commands.Create("completion", CliTexts.HelpCompletion(), ScriptAsync, Shell);
        var complete = commands.Create("complete", CliTexts.HelpComplete(), CompleteAsync, Words);
        complete.Hidden = true;
        yield return complete;
    }

    private static Task<int> ScriptAsync(Session session)
    {
        session.Out.Write(session.Parse.GetRequiredValue(Shell) switch
        {
            "bash" => Bash,
            "zsh" => Zsh,
            "fish" => Fish,
            var other => throw CliException.Usage(CliTexts.NoSuchShell(other)),
        });
        return Task.FromResult(ExitCodes.Done);
    }

    /// <summary>Prints what may stand in place of the last word.</summary>
    private static async Task<int> CompleteAsync(Session session)
    {
        var words = session.Parse.GetValue(Words) ?? [];
        var (before, current) = words.Length == 0 ? ([], "") : (words[..^1], words[^1]);
        Command command = session.Parse.RootCommandResult.Command;
        var values = 0;
        Option? waiting = null;
        foreach (var word in before)
        {
            if (waiting is not null)
            {
                waiting = null;
            }
            else if (word.StartsWith('-'))
            {
                waiting = OptionsOf(command).FirstOrDefault(option => (option.Name == word || option.Aliases.Contains(word)) && option.ValueType != typeof(bool));
            }
            else if (values == 0 && command.Subcommands.FirstOrDefault(child => child.Name == word) is { } child)
            {
                command = child;
            }
            else
            {
                values++;
            }
        }

        IEnumerable<string> found = waiting is not null
            ? waiting.GetCompletions(System.CommandLine.Completions.CompletionContext.Empty).Select(item => item.Label)
            : current.StartsWith('-')
                ? OptionsOf(command).Where(option => !option.Hidden).Select(option => option.Name)
                : [.. values == 0 ? command.Subcommands.Where(child => !child.Hidden).Select(child => child.Name) : [], .. await ValuesAsync(session, command, values)];
        foreach (var word in found.Where(word => word.StartsWith(current, StringComparison.Ordinal)).Distinct())
            session.Out.WriteLine(Output.SafeText.Line(word));
        return ExitCodes.Done;
    }

    private static IEnumerable<Option> OptionsOf(Command command) =>
        command.Options.Concat(command.Parents.OfType<Command>().SelectMany(parent => parent.Options.Where(option => option.Recursive)));

    private static async Task<IEnumerable<string>> ValuesAsync(Session session, Command command, int index)
    {
        if (command.Arguments.ElementAtOrDefault(index) is not { } argument)
            return [];
        if (argument == Shell)
            return ["bash", "zsh", "fish"];
        if (!(argument.Name is "APP" or "DEPLOYMENT" or "APP|DEPLOYMENT" || (argument.Name == "NAME" && command.Name is "info" or "update" or "delete")))
            return [];
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(session.Cancellation);
            patience.CancelAfter(Patience);
            var answer = await session.Client.GetAsync(ApiPaths.WithPage(ApiPaths.Apps, 100, null), patience.Token);
            return answer.Read(ApiJson.Default.PageAppResponse).Items.Select(app => app.Name);
        }
        catch (Exception exception) when (exception is CliException or OperationCanceledException)
        {
            return []; // the shell shows no errors while it completes
        }
    }

    private const string Bash = """
        _paas() {
            local IFS=$'\n'
            COMPREPLY=($("${COMP_WORDS[0]}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
        }
        complete -o default -F _paas paas ./paas

        """;

    private const string Zsh = """
        #compdef paas
        _paas() {
            local -a found
            found=("${(@f)$("${words[1]}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
            compadd -- ${found:#}
        }
        compdef _paas paas

        """;

    private const string Fish = """
        complete -c paas -f -a '(set -l words (commandline -opc) (commandline -ct); $words[1] complete -- $words[2..-1] 2>/dev/null)'

        """;
}
