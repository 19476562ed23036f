using System.ComponentModel;
using System.Diagnostics;

namespace Paas.Cli.Platform;

/// <summary>The browser of the desktop that the command runs on, if it does.</summary>
internal static class Browser
{
    /// <summary>Opens a page that the platform has named.</summary>
    /// <returns>Whether there was something to open it with.</returns>
    public static bool TryOpen(string url, Terminal terminal)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var page) || page.Scheme is not ("http" or "https") || Program(terminal) is not { } program)
            return false;
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, [page.AbsoluteUri]) { RedirectStandardOutput = true, RedirectStandardError = true });
            return process is not null;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    private static string? Program(Terminal terminal)
    {
        if (terminal.Environment("BROWSER") is { Length: > 0 } chosen)
            return chosen;
        if (!terminal.OutputIsTerminal)
            return null;
        if (OperatingSystem.IsMacOS())
            return "open";
        if (OperatingSystem.IsWindows())
            return "explorer";
        return ((string[])["DISPLAY", "WAYLAND_DISPLAY"]).Any(variable => !string.IsNullOrEmpty(terminal.Environment(variable))) ? "xdg-open" : null;
    }
}
