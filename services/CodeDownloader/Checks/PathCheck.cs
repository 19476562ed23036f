using System.Text;
using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.CodeDownloader.Checks;

/// <summary>Names that a tree made by hand could hold, and that would mean harm or trouble to whoever unpacks it.</summary>
internal static class PathCheck
{
    private const int MaxPathBytes = 4_000;
    private const int MaxNameBytes = 255;

    public static void Check(string path)
    {
        var wrong = path.Any(char.IsControl)
            || Encoding.UTF8.GetByteCount(path) > MaxPathBytes
            || path.Split('/').Any(name => name is "" or "." or ".."
                || name.Equals(".git", StringComparison.OrdinalIgnoreCase)
                || Encoding.UTF8.GetByteCount(name) > MaxNameBytes);
        if (wrong)
            throw new StepFailedException(FailureReason.SourceRefused, CodeDownloaderTexts.PathRefused(path));
    }
}
