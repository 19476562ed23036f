using System.Security.Cryptography;
using Paas.Contracts;
using Paas.Hosting.Secrets;
using Paas.Hosting.Steps;

namespace Paas.ImageBuilder;

/// <summary>The app's variables that a build sees: the manifest's <c>env</c>, and the config vars that are not for runs only.</summary>
internal sealed class BuildVariables(IReadOnlyDictionary<string, string> env, IReadOnlyDictionary<string, string> configVars)
{
    /// <summary>Those that are nobody else's business.</summary>
    public IReadOnlyDictionary<string, string> ConfigVars => configVars;

    /// <summary>All of them, in order; config vars win.</summary>
    public IReadOnlyDictionary<string, string> All { get; } = new SortedDictionary<string, string>(
        env.Where(variable => !configVars.ContainsKey(variable.Key)).Concat(configVars).ToDictionary(), StringComparer.Ordinal);

    /// <exception cref="StepPermanentException">This builder does not have the key they were sealed with.</exception>
    public static BuildVariables Open(BuildImage command, SecretSealer sealer)
    {
        try
        {
            return new(command.Env ?? new Dictionary<string, string>(), sealer.OpenAll(command.SealedConfigVars));
        }
        catch (CryptographicException exception)
        {
            throw new StepPermanentException(ImageBuilderTexts.ConfigVarsNotOpened(), exception);
        }
    }
}
