using System.Text;
using Microsoft.Win32.SafeHandles;
using Paas.Cli.Output;
using Spectre.Console;

namespace Paas.Cli;

/// <summary>Where the command reads and writes, and what can be shown there.</summary>
internal sealed class Terminal : IDisposable
{
    private Terminal(Func<string, string?> environment)
    {
        Environment = environment;
        IsUnicode = KnowsUnicode(environment);
        // The console's own stream reports nothing when no one reads the output anymore.
        var output = OperatingSystem.IsWindows()
            ? Console.OpenStandardOutput()
            : new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        Passthrough = new StreamWriter(output, new UTF8Encoding(false)) { AutoFlush = true };
        var errors = new StreamWriter(Console.OpenStandardError(), new UTF8Encoding(false)) { AutoFlush = true };
        Out = IsUnicode ? Passthrough : new AsciiWriter(Passthrough);
        Error = IsUnicode ? errors : new AsciiWriter(errors);
    }

    public Func<string, string?> Environment { get; }

    /// <summary>Standard output for what is not this command's to change, such as what a run prints.</summary>
    public TextWriter Passthrough { get; }

    public TextWriter Out { get; }

    public TextWriter Error { get; }

    public TextReader In { get; } = Console.In;

    public TimeProvider Time { get; } = TimeProvider.System;

    public bool OutputIsTerminal { get; } = !Console.IsOutputRedirected;

    public bool ErrorIsTerminal { get; } = !Console.IsErrorRedirected;

    public bool InputIsTerminal { get; } = !Console.IsInputRedirected;

    /// <summary>Whether lines may be drawn over.</summary>
    public bool IsLive => OutputIsTerminal && Environment("TERM") is not (null or "" or "dumb");

    /// <summary>See https://no-color.org.</summary>
    public bool HasColors => string.IsNullOrEmpty(Environment("NO_COLOR"));

    /// <summary>Whether ✓ and ✗ can be shown; the C locale's terminals know ASCII only.</summary>
    public bool IsUnicode { get; }

    /// <summary>How wide a line may be; unlimited where the output goes to a file or another program.</summary>
    public int Width => OutputIsTerminal ? Math.Max(20, ConsoleSize().Width) : int.MaxValue;

    public int Height => OutputIsTerminal ? Math.Max(5, ConsoleSize().Height) : int.MaxValue;

    public static Terminal OfThisProcess() => new(System.Environment.GetEnvironmentVariable);

    public IAnsiConsole LiveConsole() => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Ansi = AnsiSupport.Yes,
        ColorSystem = HasColors ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
        Interactive = InteractionSupport.No,
        Out = new AnsiConsoleOutput(Console.Out),
    });

    /// <summary>Asks for a secret without showing it.</summary>
    /// <exception cref="OperationCanceledException">Ctrl-C.</exception>
    public Task<string> ReadSecretAsync(string question, CancellationToken cancellation) => ReadAsync(question, () =>
    {
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
    }, cancellation);

    /// <exception cref="OperationCanceledException">Ctrl-C.</exception>
    public Task<string?> AskAsync(string question, CancellationToken cancellation) => ReadAsync(question, In.ReadLine, cancellation);

    /// <summary>All of standard input.</summary>
    /// <exception cref="OperationCanceledException">Ctrl-C.</exception>
    public Task<string> ReadAllAsync(CancellationToken cancellation) => ReadAsync(null, In.ReadToEnd, cancellation);

    // Reading from a terminal can't be ended; the thread that does it ends with the process.
    private async Task<T> ReadAsync<T>(string? question, Func<T> read, CancellationToken cancellation)
    {
        Error.Write(question);
        try
        {
            return await Task.Run(read, CancellationToken.None).WaitAsync(cancellation);
        }
        catch (OperationCanceledException) when (question is not null)
        {
            Error.WriteLine();
            throw;
        }
    }

    public void Dispose()
    {
        Out.Dispose();
        Error.Dispose();
    }

    private static bool KnowsUnicode(Func<string, string?> environment)
    {
        if (OperatingSystem.IsWindows())
            return Console.OutputEncoding.CodePage == Encoding.UTF8.CodePage;
        var locale = ((string[])["LC_ALL", "LC_CTYPE", "LANG"]).Select(environment).FirstOrDefault(value => !string.IsNullOrEmpty(value)) ?? "";
        return locale.Contains("UTF-8", StringComparison.OrdinalIgnoreCase) || locale.Contains("UTF8", StringComparison.OrdinalIgnoreCase);
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
