using Paas.Contracts;
using Paas.ImageBuilder.Local.Runtimes;

namespace Paas.ImageBuilder.Local;

/// <summary>Prepares the apps of one runtime.</summary>
internal interface ISlugRuntime
{
    /// <summary>Installs what the app needs; before the repository's own build command.</summary>
    Task PrepareAsync(BuildSession session);

    /// <summary>What is left to do after that command.</summary>
    Task FinishAsync(BuildSession session);
}

internal static class SlugRuntime
{
    /// <returns>Null if slugs of this runtime cannot be built.</returns>
    public static ISlugRuntime? For(string runtime) => runtime switch
    {
        RuntimeName.Static => new StaticSite(),
        RuntimeName.Process => new PlainProcess(),
        RuntimeName.Python => new Python(),
        RuntimeName.Node => new Node(),
        RuntimeName.DotNet => new DotNet(),
        _ => null,
    };
}
