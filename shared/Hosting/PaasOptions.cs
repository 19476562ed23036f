using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using Paas.Hosting.Processes;

namespace Paas.Hosting;

/// <summary>What every service has to know. Section <c>Paas</c>.</summary>
public sealed class PaasOptions
{
    public const string Section = "Paas";

    /// <summary>Browsers look for its names on their own machine.</summary>
    public const string LocalDomain = "localhost";

    /// <summary>Where the platform keeps everything it stores on disk.</summary>
    [Required(ErrorMessage = "Set Paas__DataDirectory to the folder in which the platform keeps its data.")]
    public string DataDirectory { get; set; } = DefaultDataDirectory;

    /// <summary>The domain under which apps get their host names: <c>app.domain</c>.</summary>
    [RegularExpression(@"^(?=.{1,200}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$",
        ErrorMessage = "Paas__Domain has to be a domain name in lower case, such as apps.example.com.")]
    public string Domain { get; set; } = LocalDomain;

    /// <summary>The token of the operator; one is made at the first start if none is given.</summary>
    [MinLength(20, ErrorMessage = "Paas__AdminToken has to have at least 20 characters.")]
    public string? AdminToken { get; set; }

    /// <summary>Whether apps, builds and runs of the target <c>local</c> are walled in: <c>auto</c>, <c>required</c> or <c>off</c>.</summary>
    [RegularExpression("^(auto|required|off)$", ErrorMessage = "Paas__Sandbox has to be auto, required or off.")]
    public string Sandbox { get; set; } = SandboxMode.Auto;

    /// <summary>
    /// <c>paas</c> in <c>$XDG_DATA_HOME</c>, by default <c>~/.local/share/paas</c>
    /// (XDG Base Directory Specification).
    /// </summary>
    public static string DefaultDataDirectory { get; } = Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "paas");
}

[OptionsValidator]
public sealed partial class PaasOptionsValidator : IValidateOptions<PaasOptions>;
