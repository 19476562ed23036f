using System.ComponentModel.DataAnnotations;
using System.Text.RegularExpressions;
using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.ImageBuilder.Docker;

/// <summary>
/// Section <c>ImageBuilder:BaseImages</c>: what generated Dockerfiles begin with. <c>{version}</c> stands for the version
/// the app asks for, or else for the one here.
/// </summary>
public sealed partial class BaseImages
{
    private const string Placeholder = "{version}";

    public string Python { get; set; } = "python:{version}-slim";

    public string Node { get; set; } = "node:{version}-slim";

    public string DotNetSdk { get; set; } = "mcr.microsoft.com/dotnet/sdk:{version}";

    public string DotNet { get; set; } = "mcr.microsoft.com/dotnet/aspnet:{version}";

    public string Go { get; set; } = "golang:{version}";

    /// <summary>With Apache.</summary>
    public string Php { get; set; } = "php:{version}-apache";

    public string Composer { get; set; } = "composer:2";

    /// <summary>With a BusyBox that has <c>httpd</c>.</summary>
    public string Static { get; set; } = "busybox:stable";

    /// <summary>For apps that bring their program along, and for programs made with Go.</summary>
    public string Process { get; set; } = "debian:stable-slim";

    internal string PythonFor(string? version) => Put(Python, "Python", version, "3.13");

    internal string NodeFor(string? version) => Put(Node, "Node.js", version, "22");

    internal string DotNetSdkFor(string? version) => Put(DotNetSdk, ".NET", TwoParts(version), "10.0");

    internal string DotNetFor(string? version) => Put(DotNet, ".NET", TwoParts(version), "10.0");

    internal string GoFor(string? version) => Put(Go, "Go", version, "1.25");

    internal string PhpFor(string? version) => Put(Php, "PHP", version, "8.4");

    internal IEnumerable<string> All => Named.Select(image => image.Image);

    internal IEnumerable<ValidationResult> Validate() =>
        Named.Where(image => !ImageName().IsMatch(image.Image)).Select(image => new ValidationResult(ImageBuilderTexts.WrongBaseImage(image.Setting, image.Image)));

    private (string Setting, string Image)[] Named =>
    [
        (nameof(Python), Python), (nameof(Node), Node), (nameof(DotNetSdk), DotNetSdk), (nameof(DotNet), DotNet), (nameof(Go), Go),
        (nameof(Php), Php), (nameof(Composer), Composer), (nameof(Static), Static), (nameof(Process), Process),
    ];

    /// <summary>.NET's images are named by <c>8.0</c>, whichever SDK of it is asked for.</summary>
    private static string? TwoParts(string? version) => version?.Split('.') switch
    {
        null => null,
        [var major] => major + ".0",
        [var major, "x" or "*", ..] => major + ".0",
        [var major, var minor, ..] => $"{major}.{minor}",
        _ => version,
    };

    private static string Put(string image, string runtime, string? asked, string otherwise)
    {
        var version = string.IsNullOrWhiteSpace(asked) ? otherwise : Wildcard().Replace(asked.Trim(), "");
        return VersionName().IsMatch(version)
            ? image.Replace(Placeholder, version, StringComparison.Ordinal)
            : throw new StepFailedException(FailureReason.BuildFailed, ImageBuilderTexts.VersionInvalid(runtime, asked!));
    }

    [GeneratedRegex(@"(\.[x*])+\z")]
    private static partial Regex Wildcard();

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,60}\z")]
    private static partial Regex VersionName();

    [GeneratedRegex(@"\A[a-z0-9][A-Za-z0-9._:/@{}-]{0,250}\z")]
    private static partial Regex ImageName();
}
