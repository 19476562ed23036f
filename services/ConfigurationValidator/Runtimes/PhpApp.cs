using Paas.ConfigurationValidator.Source;

namespace Paas.ConfigurationValidator.Runtimes;

internal static class PhpApp
{
    private const string Package = "composer.json";

    public static AskedVersion? Version(SourceFiles source)
    {
        if (string.IsNullOrWhiteSpace(VersionFiles.Text(source, Package)))
            return null;
        using var package = JsonFile.Read(source, Package);
        return JsonFile.Text(package, "require", "php") is { Length: > 0 } range ? new(range, "require.php in composer.json") : null;
    }
}
