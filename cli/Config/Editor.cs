using System.ComponentModel;
using System.Diagnostics;
using Paas.Cli.Platform;

namespace Paas.Cli.Config;

/// <summary>The user's editor: <c>$VISUAL</c> or <c>$EDITOR</c>.</summary>
internal static class Editor
{
    /// <summary>Has a text edited in a file that only its owner may read, and that is deleted afterwards.</summary>
    public static async Task<string> EditAsync(Session session, string name, string text)
    {
        var chosen = ((string[])["VISUAL", "EDITOR"]).Select(session.Terminal.Environment).FirstOrDefault(value => !string.IsNullOrWhiteSpace(value));
        // Such as `code --wait`.
        var words = (chosen ?? "vi").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var folder = Directory.CreateTempSubdirectory("paas-");
        try
        {
            var file = Path.Combine(folder.FullName, name);
            PrivateFile.Write(file, text);
            using var editor = Process.Start(new ProcessStartInfo(words[0], [.. words[1..], file]) { UseShellExecute = false })!;
            await editor.WaitForExitAsync(session.Cancellation);
            if (editor.ExitCode != 0)
                throw CliException.Usage(CliTexts.EditorFailed(words[0], editor.ExitCode));
            return await File.ReadAllTextAsync(file, session.Cancellation);
        }
        catch (Win32Exception)
        {
            throw CliException.Usage(CliTexts.EditorMissing());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
