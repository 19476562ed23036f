using System.Text;
using Spectre.Console;

namespace Paas.Cli;

/// <summary>Where the command reads and writes, and what can be shown there.</summary>
internal sealed class Terminal : IDisposable
{
    private Terminal(Func<string, string?> environment)
    {
        Environment = environment;
        // Strangers' text may hold anything; what a legacy encoding lacks becomes a question mark, not an exception.
        Out = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { AutoFlush = true };
        Error = new StreamWriter(Console.OpenStandardError(), new UTF8Encoding(false)) { AutoFlush = true };
    }

    public Func<string, string?> Environment { get; }

    public TextWriter Out { get; }

    public TextWriter Error { get; }

    public TextReader In { get; } = Console.In;

    public TimeProvider Time { get; } = TimeProvider.System;

    public bool OutputIsTerminal { get; } = !Console.IsOutputRedirected;

    public bool ErrorIsTerminal { get; } = !Console.IsErrorRedirected;

    public bool InputIsTerminal { get; } = !Console.IsInputRedirected;

    /// <summary>Whether lines may be drawn over and coloured.</summary>
    public bool IsLive => OutputIsTerminal && string.IsNullOrEmpty(Environment("NO_COLOR")) && Environment("TERM") is not (null or "" or "dumb");

    /// <summary>Whether ✓ and ✗ can be shown; the C locale's terminals know ASCII only.</summary>
    public bool IsUnicode { get; } = Console.OutputEncoding.CodePage == Encoding.UTF8.CodePage;

    /// <summary>How wide a line may be; unlimited where the output goes to a file or another program.</summary>
    public int Width => OutputIsTerminal ? Math.Max(20, ConsoleSize().Width) : int.MaxValue;

    public int Height => OutputIsTerminal ? Math.Max(5, ConsoleSize().Height) : int.MaxValue;

    public static Terminal OfThisProcess() => new(System.Environment.GetEnvironmentVariable);

    public static IAnsiConsole LiveConsole() => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Ansi = AnsiSupport.Yes,
        Interactive = InteractionSupport.No,
        Out = new AnsiConsoleOutput(Console.Out),
    });

    /// <summary>Asks for a secret without showing it.</summary>
    public string? ReadSecret(string question)
    {
        Error.Write(question);
        var typed = new StringBuilder();
        while (true)
        {
            var key = Console.ReadKey(intercept: true);
            if (key.Key == ConsoleKey.Enter)
                break;
            if (key.Key == ConsoleKey.Backspace)
                typed.Length = Math.Max(0, typed.Length - 1);
            else if (key.KeyChar != '\0')
                typed.Append(key.KeyChar);
        }

        Error.WriteLine();
        return typed.ToString();
    }

    public string? Ask(string question)
    {
        Error.Write(question);
        return In.ReadLine();
    }

    public void Dispose()
    {
        Out.Dispose();
        Error.Dispose();
    }

    private static (int Width, int Height) ConsoleSize()
    {
        try
        {
            return (Console.WindowWidth is > 0 and var width ? width : 80, Console.WindowHeight is > 0 and var height ? height : 24);
        }
        catch (IOException)
        {
            return (80, 24);
        }
    }
}
