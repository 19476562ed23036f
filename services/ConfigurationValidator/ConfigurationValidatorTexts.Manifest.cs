using Paas.Contracts;

namespace Paas.ConfigurationValidator;

/// <content>What is wrong with a manifest or a Procfile. Each follows upon file, line and column, and ends without a full stop.</content>
internal static partial class ConfigurationValidatorTexts
{
    public const string NotUtf8 = "the file is not UTF-8 text; save it as UTF-8";
    public const string FileIsLink = "the file is a link, and links are not followed; commit the file itself";
    public const string TabIndent = "a tab indents this line; YAML wants spaces here";
    public const string YamlNotUnderstood = "what follows is not understood";
    public const string ValueExpected = "a value is missing here";
    public const string SeveralDocuments = "a second document begins here; keep one, and remove the '---'";
    public const string KeyIsNoText = "this key is a list or a mapping; a key is a word, such as 'runtime'";
    public const string MergeRefused = "'<<' merges mappings, which a manifest can't; write the keys out";
    public const string ReleaseIsNoProcess = "'release' is no process type; write it at the top level, such as 'release: python manage.py migrate'";
    public const string BuildCommandWithDocker = "build.command is not used by the runtime 'docker'; write it into the Dockerfile, as a RUN instruction";
    public const string DockerfileMissing = "the runtime is 'docker', but there is no Dockerfile; add one to the root, or name it with build.dockerfile";
    public const string NotJson = "the file is not valid JSON; mend it here";
    public const string NotXml = "the project is not valid XML; mend it here";

    public const string StaticSiteMissing =
        "the runtime is 'static', but there is no index.html in the root or in public/; add one, or name the folder, such as 'static: {root: site}'";

    public const string StaticStartsNothing =
        "the runtime 'static' serves files and starts nothing; remove the command, or name the runtime that is to start it, such as 'runtime: node'";

    public const string RuntimeNeedsCommand =
        "the runtime 'process' starts what it is told, and nothing is; add it, such as 'entrypoint: ./server --port $PORT'";

    public static string NotYaml(string explanation) =>
        $"this is not valid YAML ({Clean(explanation.Length > 0 ? char.ToLowerInvariant(explanation[0]) + explanation[1..] : "", 160)}); "
        + "a text with ': ' or ' #' in it, or one that begins with a sign, needs quotes";

    public static string ControlCharacter(char c) => $"the file contains the control character U+{(int)c:X4}, so it is no text; remove it";

    public static string FileTooLarge(long bytes, int max) => $"the file has {bytes} bytes and may have {max / 1024} KiB; make it smaller";

    public static string TooDeep(int max) => $"more than {max} levels of nesting";

    public static string AnchorRefused(string anchor) => $"{Quote(anchor)} is an anchor or alias, which a manifest can't have; write the value out, or quote it";

    public static string TagRefused(string tag) => $"the tag {Quote(tag)} is refused; remove it, or quote the value if the sign belongs to it";

    public static string DuplicateKey(string key, int line) => $"the key {Quote(key)} is already on line {line}; remove one of the two";

    public static string UnknownKey(string path, string key, string? nearest, IReadOnlyList<string> keys) => nearest is null
        ? $"there is no key {Quote(key)}{(path.Length == 0 ? "" : $" in {path}")}; the keys are {List(keys)}"
        : $"there is no key {Quote(key)}{(path.Length == 0 ? "" : $" in {path}")}. Did you mean '{nearest}'? The keys are {List(keys)}";

    public static string KeyNeedsNewName(string key) => $"'{key}' is a key of .paas.yml only; rename this file to .paas.yml";

    public static string MappingExpected(string path, string example) => path.Length == 0
        ? $"the file is not a mapping; write keys and values, such as '{example}'"
        : $"{Clean(path)} has to be a mapping, such as '{example}'";

    public static string TextExpected(string path, string example) => $"{Clean(path)} has to be a single text, such as '{example}'";

    public static string CommandExpected(string path) =>
        $"{Clean(path)} has to be a command: a line such as 'python app.py', or a list of words such as '[python, app.py]'";

    public static string CommandWrong(string path, string error) => $"the command of {Quote(path)} can't be started: {error}";

    public static string TooMany(string path, int count, int max) => $"{path} has {count} entries and may have {max}; remove some";

    public static string RuntimeUnknown(string name, string? nearest) => nearest is null
        ? $"there is no runtime {Quote(name)}; the runtimes are {List(RuntimeName.All)}"
        : $"there is no runtime {Quote(name)}. Did you mean '{nearest}'? The runtimes are {List(RuntimeName.All)}";

    public static string RuntimeHasNoVersion(string runtime) => $"the runtime '{runtime}' has no versions; write 'runtime: {runtime}'";

    public static string RuntimeVersionWrong(string runtime, string version) =>
        $"{Quote(version)} is no version; write one such as 'runtime: {runtime}:{(runtime == RuntimeName.Node ? "22" : "3.12")}', or none";

    public static string WebTwice(int line) => $"'web' has its command from entrypoint on line {line}; remove one of the two";

    public static string ProcessNameWrong(string name) =>
        $"{Quote(name)} can't be the name of a process type: names are letters, digits, '_' and '-', such as 'worker'";

    public static string ProcessNameTaken(string name, string other, string runsAs) =>
        $"{Quote(name)} and {Quote(other)} would both run as '{runsAs}'; give one of them another name";

    public static string ProcessTwice(string name) => $"'{name}' is already above; remove one of the two";

    public static string ProcessHasNoCommand(string name) =>
        $"processes.{name} has no command; add it, such as '{name}: {{command: python worker.py, scale: 2}}'";

    public static string ProcfileLineWrong(string line) => $"{Quote(line)} is no process type; write 'name: command', such as 'web: python app.py'";

    public static string ScaleWrong(string path, string scale, int max) => $"{path}.scale is {Quote(scale)}, but has to be a number from 0 to {max}";

    public static string HealthPathWrong(string path) => $"health.path is {Quote(path)}, but has to begin with one '/' and be without spaces, such as '/healthz'";

    public static string PortWrong(string port) => $"port is {Quote(port)}, but has to be a number from 1 to 65535, such as 3000";

    public static string HealthTimeoutWrong(string timeout) => $"health.timeout is {Quote(timeout)}, but has to be from 1s to 10m, such as '30s' or '2m'";

    public static string PathWrong(string path, string value) =>
        $"{path} is {Quote(value)}, but has to be a relative path within the repository, without '..', such as 'web/public'";

    public static string FolderMissing(string path, string folder) => $"{path} is {Quote(folder)}, but the repository has no such folder; correct it, or commit the folder";

    public static string FileMissing(string path, string file) => $"{path} is {Quote(file)}, but the repository has no such file; correct it (it counts from the root), or commit the file";

    public static string BuildTargetWrong(string target) => $"build.target is {Quote(target)}, but has to be the name of a stage of the Dockerfile, such as 'prod'";

    public static string VariableNameWrong(string name) => $"{Quote(name)} can't be the name of a variable: names are letters, digits and '_', and don't begin with a digit, such as 'LOG_LEVEL'";

    public static string VariableReserved(string name) => $"{Quote(name)} is set by the platform; choose another name, and remove this one";

    public static string ServicesExpected(string example) => $"services has to be a list of names, such as '{example}'";

    public static string ServiceUnknown(string name, string? nearest, IReadOnlyList<string> names) =>
        $"there is no service {Quote(name)}{DidYouMean(nearest)}{(nearest is null ? ";" : "")} {(nearest is null ? "the" : "The")} services are {List(names)}";

    public static string ServiceVersionWrong(string name, string version) => $"{Quote(version)} is no version; write one such as '{name}:7', or none";

    public static string ServiceTwice(string name) => $"the service '{name}' is already in the list; remove one of the two";

    public static string VolumeNameWrong(string name) =>
        $"{Quote(name)} can't be the name of a volume: names are a-z, 0-9 and '-', don't begin with '-', and have up to 30 characters; write 'name: path', such as 'data: /var/lib/app'";

    public static string VolumePathWrong(string name, string path) =>
        $"volumes.{name} is {Quote(path)}, but has to be an absolute path in the container, of letters, digits and '._@+-', without '..', such as '/var/lib/app'";

    public static string VolumePathTaken(string name, string path) =>
        $"volumes.{name} is {Quote(path)}, which belongs to the system or is all of the app; choose a folder for the data alone, such as '/data' or '/var/lib/app'";

    public static string VolumeWithinOther(string name, string other, string path) =>
        $"volumes.{name} and volumes.{other} lie within each other ({Clean(path)}); choose two folders of which none is in the other";

    public static string KeyNotForRuntime(string key, string runtime, string right) =>
        $"{key} is for the runtime {right}, and the runtime is {runtime}; remove the key, or write 'runtime: {right.Split(' ')[0]}'";
}
