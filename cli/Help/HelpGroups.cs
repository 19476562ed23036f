using System.CommandLine;

namespace Paas.Cli.Help;

/// <summary>The commands by what they are about.</summary>
internal static class HelpGroups
{
    private static readonly (string Title, string[] Names)[] Groups =
    [
        ("Your apps", ["apps", "open", "config", "scale", "restart", "ps"]),
        ("Deployments and releases", ["deploy", "deployments", "deployment", "cancel", "releases", "rollback"]),
        ("Logs and runs", ["logs", "run", "runs"]),
        ("The platform", ["quickstart", "up", "login", "logout", "whoami", "status", "completion"]),
        ("For operators", ["deliveries", "faults", "replay", "discard", "dead-messages"]),
    ];

    public static IEnumerable<(string Title, IReadOnlyList<Command> Commands)> Of(Command command)
    {
        var commands = command.Subcommands.Where(child => !child.Hidden).ToList();
        if (command is not RootCommand)
            return commands.Count == 0 ? [] : [(CliTexts.HelpCommands(), commands)];
        var known = Groups.SelectMany(group => group.Names).ToHashSet();
        return Groups.Select(group => (group.Title, (IReadOnlyList<Command>)[.. group.Names.SelectMany(name => commands.Where(child => child.Name == name))]))
            .Append((CliTexts.HelpCommands(), [.. commands.Where(child => !known.Contains(child.Name))]))
            .Where(group => group.Item2.Count > 0);
    }
}
