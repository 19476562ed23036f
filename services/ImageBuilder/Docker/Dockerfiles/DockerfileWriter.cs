using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using Paas.Contracts;

namespace Paas.ImageBuilder.Docker.Dockerfiles;

/// <summary>
/// Writes a Dockerfile. The app is in the context's folder <see cref="Source"/>: so the Dockerfile itself, beside it,
/// never gets into the image.
/// </summary>
/// <param name="variables">Gives a step the app's variables; null if there are none.</param>
internal sealed partial class DockerfileWriter(VariableScript? variables = null)
{
    /// <summary>The folder of the context with the app.</summary>
    public const string Source = "source/";

    /// <summary>Of the app's processes: nobody of the base image, and not root.</summary>
    public const string User = "10001:10001";

    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly StringBuilder _text = new();

    public DockerfileWriter Line(string line)
    {
        _text.Append(line).Append('\n');
        return this;
    }

    /// <summary>A stage begins.</summary>
    public DockerfileWriter From(string image, string? name = null)
    {
        if (_text.Length > 0)
            _text.Append('\n');
        return Line(name is null ? $"FROM {image}" : $"FROM {image} AS {name}");
    }

    /// <summary>The user of the app, and its folder, which it may write to.</summary>
    public DockerfileWriter AddUser() =>
        Line($"RUN echo 'paas:x:{User}::/app:/bin/sh' >> /etc/passwd && mkdir -p /app && chown {User} /app").Line("WORKDIR /app");

    /// <summary>Files of the app, each into the folder it is in.</summary>
    public DockerfileWriter CopyFiles(IEnumerable<string> files)
    {
        foreach (var folder in files.Distinct().Order(StringComparer.Ordinal).GroupBy(file => file[..(file.LastIndexOf('/') + 1)]))
            Line($"COPY {string.Join(' ', folder.Select(file => Source + file))} ./{folder.Key}");
        return this;
    }

    /// <summary>All of the app, or a folder of it with a slash at its end.</summary>
    public DockerfileWriter CopySource(string folder = "", string destination = "./", bool isOwn = false)
    {
        var option = isOwn ? $"--chown={User} " : "";
        return Line(IsPlain(folder)
            ? $"COPY {option}{Source}{folder} {destination}"
            : $"COPY {option}{JsonSerializer.Serialize(new[] { Source + folder.Replace("$", "\\$", StringComparison.Ordinal), destination }, Json)}");
    }

    /// <summary>What another stage has made.</summary>
    public DockerfileWriter CopyFrom(string stage, string path, string destination) => Line($"COPY --from={stage} --chown={User} {path} {destination}");

    /// <summary>A command that sees the app's variables.</summary>
    /// <param name="command">For the shell.</param>
    /// <param name="without">A variable that it must not see.</param>
    public DockerfileWriter RunWithVariables(string command, string? without = null) =>
        Line($"RUN {variables?.Prefix}{(variables is null || without is null ? "" : $"unset {without}; ")}{command}");

    /// <summary>The repository's own command, if it has one.</summary>
    public DockerfileWriter Run(CommandLine? command)
    {
        if (command is null)
            return this;
        var script = variables?.Prefix + ShellScript.Of(command);
        return Line(PlainScript().IsMatch(script) ? $"RUN {script}" : $"RUN {JsonSerializer.Serialize(new[] { "/bin/sh", "-c", script }, Json)}");
    }

    /// <summary>Whether a path means only itself, wherever in a Dockerfile it stands.</summary>
    public static bool IsPlain(string path) => PlainPath().IsMatch(path);

    public override string ToString() => _text.ToString();

    [GeneratedRegex(@"\A[A-Za-z0-9._+@/-]*\z")]
    private static partial Regex PlainPath();

    [GeneratedRegex(@"\A[A-Za-z0-9._/][A-Za-z0-9 ._+@/:=,-]*\z")]
    private static partial Regex PlainScript();
}
