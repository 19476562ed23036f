using System.Globalization;
using Paas.Contracts;

namespace Paas.ConfigurationValidator;

/// <summary>Every sentence this step says to people: here what it found, in the other parts what is wrong.</summary>
internal static partial class ConfigurationValidatorTexts
{
    private const int MaxQuoted = 60;
    private const int MaxCommand = 300;

    public const string ArchiveDamaged =
        "The source archive can't be read: it is damaged in the artifact store. Deploy the commit again to make it anew.";

    public const string NoWeb = "There is no process type 'web': the app gets no URL.";

    public const string ProcfileUnused = "The Procfile is not used: a static site starts no process.";

    public const string PipfileUnused =
        "Nothing is installed from a Pipfile: add a requirements.txt, such as 'pipenv requirements > requirements.txt' writes.";

    public static string ReadingManifest(string file) => $"Reading {file}";

    public static string ManifestIgnored(string ignored, string used) => $"{ignored} is ignored, because there is {used} as well; delete one of them.";

    public static string RuntimeDetected(string runtime, string? version, string because) =>
        $"{RuntimeTitle(runtime, version)} app detected ({Clean(because)})";

    public static string RuntimeStated(string runtime, string? version) => $"{RuntimeTitle(runtime, version)} app";

    public static string RootMissing(string folder) =>
        $"The app is in the folder '{Clean(folder)}', which the commit does not have. Commit the folder, or correct the app's root: paas apps update APP --root FOLDER.";

    public static string RootOverruled(string manifest, string root) => $"'root' of {manifest} is not used: the app's own root is {Clean(root)}.";

    public static string VersionNotTold(string runtime, string asked, string where) =>
        $"{where} asks for {RuntimeTitle(runtime, null)} {Quote(asked)}, which version that is can't be told, and the platform's usual one is used. "
        + "Write a version such as '22', or a range such as '>=20 <23'.";

    public static string Context(string folder) => $"Building the folder {Clean(folder)}";

    public static string DockerfileUnused(string target) => $"The Dockerfile is not used: the target '{target}' runs processes, not containers.";

    public static string ProcessTypes(string? file) => file is null ? "Process types, by default" : $"Process types of the {(file == "Procfile" ? file : "manifest")}";

    public static string Process(ProcessType process, string? staticRoot)
    {
        var command = process.Command?.ToString() ?? (staticRoot is null ? "(started by the platform)" : $"(serves {Clean(staticRoot)}/)");
        return $"{(process.WrittenAs is null ? process.Name : $"{process.WrittenAs}, which runs as {process.Name}")}: {Clean(command, MaxCommand)}{ByShell(process.Command)}{(process.Scale == 1 ? "" : $" (scale {process.Scale})")}";
    }

    public static string Release(CommandLine command) => $"release: {Clean(command.ToString(), MaxCommand)}{ByShell(command)}";

    public static string ProcfileOverruled(string manifest) =>
        $"The Procfile names more process types than {manifest}. Those of {manifest} count; add the others there if they are wanted.";

    public static string Service(AddOn addOn) => $"Service: {addOn.Name}{(addOn.Version is null ? "" : ":" + addOn.Version)}";

    public static string Volume(AppVolume volume) => $"Volume: {volume.Name} at {volume.Path}";

    public static string ServiceByHand(string service, string variable) => $"Service: {service}, which {variable} already points to";

    public static string RuntimeLeftAlone(string runtime, string target) =>
        $"The target '{target}' does not build {RuntimeTitle(runtime, null)} apps: the repository is taken as it is, and its command is started in it.";

    public static string At(string file, int line, int column, string error) =>
        string.Create(CultureInfo.InvariantCulture, $"{Clean(file)}, line {line}, column {column}: {error}.");

    public static string SeveralErrors(string file, int count) => $"{Clean(file)} has {count} errors.";

    public static string MoreErrors(int count) => $"And {count} more.";

    /// <summary>What a stranger wrote, short and on one line.</summary>
    private static string Quote(string text) => $"'{Clean(text)}'";

    private static string Clean(string text, int max = MaxQuoted)
    {
        var clean = new string([.. text.Take(max).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '\uFFFD' : c)]);
        return text.Length > max ? clean + "…" : clean;
    }

    private static string ByShell(CommandLine? command) => command?.Script is null ? "" : " (run by /bin/sh)";

    private static string DidYouMean(string? word) => word is null ? "" : $". Did you mean '{word}'?";

    private static string List(IEnumerable<string> words) => string.Join(", ", words);

    private static string RuntimeTitle(string runtime, string? version)
    {
        var title = runtime switch
        {
            RuntimeName.Python => "Python",
            RuntimeName.Node => "Node.js",
            RuntimeName.DotNet => ".NET",
            RuntimeName.Go => "Go",
            RuntimeName.Php => "PHP",
            RuntimeName.Docker => "Docker",
            RuntimeName.Static => "Static",
            _ => "Process",
        };
        return version is null ? title : $"{title} {version}";
    }
}
