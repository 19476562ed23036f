using System.CommandLine;
using System.CommandLine.Help;
using System.Reflection;
using Paas.Cli.Commands;
using Paas.Cli.Help;
using Paas.Cli.Output;
using Paas.Contracts;

namespace Paas.Cli;

/// <summary>All commands, and the one place in which whatever goes wrong becomes a sentence and an exit code.</summary>
internal static class CommandLineApp
{
    private const int BrokenPipe = 32;

    public static string Version { get; } = (Assembly.GetExecutingAssembly()
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "1.0.0").Split('+')[0];

    public static async Task<int> RunAsync(string[] args, Terminal terminal, Interruption interruption)
    {
        try
        {
            if (args.Length == 0)
            {
                terminal.Out.WriteLine(CliTexts.Welcome());
                return ExitCodes.Done;
            }

            args = Arguments.Normalize(args);
            // No response files: a value that begins with @ is nobody's file unless the command says so.
            var parse = Tree(terminal, interruption).Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
            if (parse.Errors.Count > 0)
            {
                var command = string.Join(' ', Names(parse.CommandResult));
                // Where an app's name is possible, too, the word before may be the one that was meant for a command.
                var word = parse.CommandResult.Tokens is [var first, ..] ? first.Value : null;
                var problem = parse.UnmatchedTokens is [var unknown, ..] && parse.CommandResult.Command.Subcommands.Any()
                    ? NoSuchCommand(parse.CommandResult.Command, command, word is not null && Nearest.Of(word, NamesOf(parse.CommandResult.Command)) is not null ? word : unknown)
                    : string.Join('\n', parse.Errors.Select(error => error.Message).Distinct());
                throw CliException.Usage(problem + "\n" + CliTexts.SeeHelp(command));
            }

            return await parse.InvokeAsync(new InvocationConfiguration
            {
                Output = terminal.Out,
                Error = terminal.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            }, interruption.Token);
        }
        catch (CliException exception)
        {
            return Fail(exception.ExitCode, exception.Message);
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return interruption.ExitCode;
        }
        catch (IOException exception) when (exception.HResult == BrokenPipe)
        {
            return ExitCodes.OutputClosed;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return Fail(ExitCodes.Platform, CliTexts.FileTrouble(exception.Message));
        }
        catch (Exception exception)
        {
            return Fail(ExitCodes.Platform, CliTexts.Bug(exception.GetType().Name, exception.Message));
        }

        int Fail(int exitCode, string message)
        {
            if (interruption.IsOutputClosed)
                return exitCode;
            terminal.Error.WriteLine(SafeText.Lines(message));
            return exitCode;
        }
    }

    private static RootCommand Tree(Terminal terminal, Interruption interruption)
    {
        var root = new RootCommand(CliTexts.About()) { CommonOptions.Plain };
        var commands = new CommandFactory(terminal, interruption);
        Command[] all =
        [
            .. PlatformCommands.All(commands), .. AppCommands.All(commands), .. ConfigCommands.All(commands), .. ScaleCommands.All(commands), .. InstanceCommands.All(commands),
            .. DeploymentCommands.All(commands), .. LogCommands.All(commands), .. RunCommands.All(commands), .. ReleaseCommands.All(commands), .. OperatorCommands.All(commands),
            .. CompletionCommands.All(commands),
        ];
        foreach (var command in all)
            root.Add(command);
        root.Options.OfType<HelpOption>().Single().Action = new Help.HelpAction(terminal);
        return root;
    }

    private static string NoSuchCommand(Command command, string path, string word) => CliTexts.NoSuchCommand(
        Words(path, word), Nearest.Of(word, NamesOf(command)) is { } meant ? Words(path, meant) : null);

    private static string Words(string command, string word) => command.Length == 0 ? word : $"{command} {word}";

    private static IEnumerable<string> NamesOf(Command command) => command.Subcommands.Where(child => !child.Hidden).Select(child => child.Name);

    private static IEnumerable<string> Names(System.CommandLine.Parsing.CommandResult result)
    {
        if (result.Parent is System.CommandLine.Parsing.CommandResult parent)
        {
            foreach (var name in Names(parent))
                yield return name;
            yield return result.Command.Name;
        }
    }
}

/// <summary>Makes commands whose work is done in a <see cref="Session"/>.</summary>
internal sealed class CommandFactory(Terminal terminal, Interruption interruption)
{
    public Command Create(string name, string description, Func<Session, Task<int>> run, params Symbol[] symbols)
    {
        var command = new Command(name, description);
        foreach (var symbol in symbols)
        {
            if (symbol is Option option)
                command.Add(option);
            else if (symbol is Argument argument)
                command.Add(argument);
            else
                command.Add((Command)symbol);
        }

        command.SetAction(async (parse, _) =>
        {
            using var session = new Session(terminal, parse, interruption);
            return await run(session);
        });
        return command;
    }
}
