using System.Text;
using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.ImageBuilder.Docker.Dockerfiles;

/// <summary>
/// How a generated Dockerfile gives the app's variables to its steps, with either builder, and leaves no trace of them.
/// Docker knows a few build arguments that every step sees and that get into no layer and no history: those of proxies.
/// One that hardly any tool uses brings a script, which the steps begin with. Such arguments count for no cache, so a
/// keyed hash of the script stands in the step.
/// </summary>
internal sealed class VariableScript
{
    /// <summary>The build argument.</summary>
    public const string Argument = "FTP_PROXY";

    // An environment's entry of the kernel's may have 128 KiB, with its name.
    private const int MaxBytes = 120 * 1024;

    private VariableScript(string text, string hash) => (Text, Prefix) = (text, $"eval \"${Argument}#{hash}\"; ");

    /// <summary>The value of <see cref="Argument"/>.</summary>
    public string Text { get; }

    /// <summary>What a step begins with.</summary>
    public string Prefix { get; }

    /// <returns>Null if there are no variables.</returns>
    /// <exception cref="StepFailedException">They are too large.</exception>
    public static VariableScript? For(BuildVariables variables, BuildKey key)
    {
        if (variables.All.Count == 0)
            return null;
        var script = new StringBuilder($"unset {Argument} {Argument.ToLowerInvariant()}\n");
        foreach (var (name, value) in variables.All)
        {
            var quoted = $"'{value.Replace("'", "'\\''", StringComparison.Ordinal)}'";
            // The image's own programs come first, as they do when the app runs.
            script.Append(name == "PATH" ? $"export PATH=\"$PATH\":{quoted}\n" : $"export {name}={quoted}\n");
        }

        var text = script.ToString();
        return Encoding.UTF8.GetByteCount(text) <= MaxBytes
            ? new(text, key.HashOf(variables.All)[..16])
            : throw new StepFailedException(FailureReason.BuildFailed, ImageBuilderTexts.VariablesTooLarge(Encoding.UTF8.GetByteCount(text), MaxBytes));
    }
}
