using System.Globalization;
using System.Text.Json;
using Paas.Contracts;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Network;

namespace Paas.ImageBuilder;

/// <summary>What this service says to people.</summary>
internal static partial class ImageBuilderTexts
{
    private const string OtherTargets = "where this platform has the target 'docker' or 'kubernetes', create the app for it: an image brings every runtime along";

    public static string NoName() => "ImageBuilder__Name has to name this builder, or be left out for the name of the machine.";

    public static string WrongTimeout() => "ImageBuilder__Timeout has to be between one second and one day, such as 00:20:00.";

    public static string NotPositive(string setting) => $"{setting} has to be a number above 0.";

    public static string TargetNotSupported(string target, IEnumerable<string> supported) =>
        $"This platform cannot build for the target '{target}' yet: it has builders for {Listed(supported)}. Set the app's target to one of these and deploy again.";

    public static string RuntimeNotForLocal(string runtime) => runtime == RuntimeName.Docker
        ? "An app with a Dockerfile needs a target that runs containers, and 'local' runs processes. Set the app's target to 'docker' or 'kubernetes', or name another runtime in .paas.yml."
        : $"The runtime '{runtime}' cannot be built for the target 'local'. Set the app's target to 'docker' or 'kubernetes', or use the runtime 'process' with a program that is in the repository.";

    public static string RuntimeNotInstalled(string name, string? version, string packages) =>
        $"{name}{After(version)} is not installed on the platform's machine (there is none in its PATH that starts). Ask the operator to install {packages} there; or, {OtherTargets}.";

    public static string DotNetNotInstalled(string? asked, string? installed) => installed is null
        ? $"The .NET SDK{After(asked)} is not installed on the platform's machine. Ask the operator to install it; or, {OtherTargets}. If the repository has a global.json, it may ask for a version that is not there."
        : $"The app asks for .NET {asked}, and the newest SDK on the platform's machine is {installed}. Ask the operator to install the .NET SDK {asked}; or, {OtherTargets}.";

    public static string NoPip(string version, string file) =>
        $"Python {version} on the platform's machine has no pip, which is needed to install {file}. Ask the operator to install it (on Debian: python3-pip); or, {OtherTargets}.";

    public static string PackageToolNotInstalled(string tool, string? lockFile) => lockFile is null
        ? $"{tool}, which installs the packages of package.json, is not installed on the platform's machine. Ask the operator to install it; or, {OtherTargets}."
        : $"The repository has a {lockFile}, and {tool} is not installed on the platform's machine. Ask the operator to install {tool}, or commit the lock file of a tool that is there, such as npm's package-lock.json; or, {OtherTargets}.";

    public static string OtherVersion(string name, string asked, string used) =>
        $"{name} {asked} is asked for and not installed on this machine: {used} is used. The targets 'docker' and 'kubernetes' use exactly the version asked for.";

    public static string SourceRefused(string why) => $"The sources cannot be unpacked: {why} Change the repository and push again.";

    public static string SourceTooLarge(ImageBuilderOptions options) =>
        $"The sources hold more than {Size(options.MaxSlugBytes)} or more than {options.MaxSlugFiles} files. Take out what the app does not need, or ask the operator to raise ImageBuilder__MaxSlugBytes or ImageBuilder__MaxSlugFiles.";

    public static string SlugTooLarge(ArchiveSize size, ImageBuilderOptions options) => size.Bytes > options.MaxSlugBytes
        ? $"The built app takes {Size(size.Bytes)}, and {Size(options.MaxSlugBytes)} are allowed. Leave out what it does not need to run, or ask the operator to raise ImageBuilder__MaxSlugBytes."
        : $"The built app has {size.Entries} files and folders, and {options.MaxSlugFiles} are allowed. Leave out what it does not need to run, or ask the operator to raise ImageBuilder__MaxSlugFiles.";

    public static string TimedOut(TimeSpan timeout) =>
        $"The build took longer than {Duration(timeout)} and was ended. See in the log above what it was busy with; if it needs more time, ask the operator to raise ImageBuilder__Timeout.";

    public static string CommandFailed(string command, int exitCode) => exitCode > 128
        ? $"The build command '{Shown(command)}' was ended by signal {exitCode - 128}{(exitCode == 137 ? ", perhaps because the machine is short of memory" : "")}. See the log above for how far it came."
        : $"The build command '{Shown(command)}' ended with exit code {exitCode}. See the log above for its reasons, correct them and push again.";

    public static string NotFetched(string command, NetworkTrouble trouble) =>
        $"{NetworkTexts.Sentence(trouble)} The build command '{Shown(command)}' needs it. {NetworkTexts.Remedy(trouble, "the platform's machine")}";

    public static string CommandNotFound(string command, string line) =>
        $"The build command '{Shown(line)}' cannot be started: there is no '{command}' on the platform's machine or in the app. Correct the command, or make the program part of the app.";

    public static string NothingToRun(string line) => $"The build command '{Shown(line)}' names no program once its variables are put in. Name one.";

    public static string NoSuchContext(string context) =>
        $"The folder '{context}', which is to be built, is not in the repository. Correct it in .paas.yml, or commit the folder.";

    public static string NoStaticRoot(string root) =>
        $"The folder '{root}', which is to be served, is neither in the repository nor made by the build. Correct it in .paas.yml, or commit the folder.";

    public static string NoProject() =>
        "There is no .NET project that makes a program (.csproj, .fsproj or .vbproj). Commit one, or name the folder it is in in .paas.yml.";

    public static string SeveralProjects(IReadOnlyList<string> projects) =>
        $"There are several .NET projects that make a program: {Listed(projects)}. Name the folder of the one to publish in .paas.yml.";

    public static string CannotRead(string file) => $"{file} cannot be read: it is not valid. Correct it and push again.";

    public static string InvalidJson(string file, JsonException invalid) =>
        $"{file} is not valid JSON (line {invalid.LineNumber + 1}). Correct it and push again.";

    public static string LinkLeftOut(string link, string target) => $"{link} is a link to {target}, outside of the app: left out.";

    public static string ConfigVarsNotOpened() =>
        "The app's config vars were sealed with a key this service does not have. Share the key ring (the folder 'keys' of the data directory) between the services, or set the config vars again.";

    public static string BuildSees(IEnumerable<string> names) => $"The build sees {Few(names)}";

    public static string VariablesTooLarge(long bytes, long max) =>
        $"The config vars and the manifest's env take {Size(bytes)} together, and a build can be given {Size(max)}. Set the large config vars with --run-only.";

    public static string AlreadyBuilt() => "Built already";

    public static string Building(string app, string commit, string runtime, string? version) =>
        $"Building {app} at {(commit.Length > 10 ? commit[..10] : commit)} for {runtime}{After(version)}";

    public static string Using(string name, string version) => $"Using {name} {version}";

    public static string Installing(string file) => $"Installing what {file} asks for";

    public static string NothingToInstall(string file) => $"{file} asks for nothing";

    public static string InstalledIn(TimeSpan time) => $"Installed in {Duration(time)}";

    public static string RunningScript(string script) => $"Running the script '{script}' of package.json";

    public static string RunningBuildCommand() => "Running the build command";

    public static string Pruning() => "Removing packages that only the build needs";

    public static string Publishing(string project) => $"Publishing {project}";

    public static string PublishedIn(TimeSpan time) => $"Published in {Duration(time)}";

    public static string Built(ArchiveSize size, TimeSpan time) => $"Built {Size(size.Bytes)} in {size.Entries} files and folders, {Duration(time)}";

    public static string Size(long bytes) => bytes switch
    {
        < 1024 => $"{bytes} bytes",
        < 1024 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.#} KiB"),
        < 1024L * 1024 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0 / 1024:0.#} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0 / 1024 / 1024:0.##} GiB"),
    };

    public static string Duration(TimeSpan time) => time.TotalMinutes >= 1
        ? string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalMinutes} min {time.Seconds} s")
        : string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s");

    private static string After(string? version) => string.IsNullOrEmpty(version) ? "" : " " + version;

    private static string Listed(IEnumerable<string> names) => string.Join(", ", names.Select(name => $"'{name}'"));

    private static string Few(IEnumerable<string> names)
    {
        var all = names.ToList();
        return string.Join(", ", all.Take(20)) + (all.Count > 20 ? $" and {all.Count - 20} more variables" : "");
    }

    private static string Shown(string command) => command.Length <= 200 ? command : command[..200] + "…";
}
