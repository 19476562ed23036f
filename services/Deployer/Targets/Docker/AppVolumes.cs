using System.Globalization;
using Paas.Contracts;
using Paas.Docker;
using Paas.Hosting.Steps;

namespace Paas.Deployer.Targets.Docker;

/// <summary>
/// The volumes of one app. All its containers have them, those of two releases at the same time while one takes over
/// from the other; they stay when the manifest names them no more, until the app is removed.
/// </summary>
internal sealed class AppVolumes(Guid appId, string app, IReadOnlyList<AppVolume> volumes, EngineClient engine)
{
    private const int Root = 0;
    private const int MaxUserFileBytes = 1024 * 1024;

    /// <summary>Where containers have which.</summary>
    public IReadOnlyList<(string Name, string Path)> Mounts { get; } = [.. volumes.Select(volume => (NameOf(appId, volume.Name), volume.Path))];

    public static string NameOf(Guid appId, string volume) => $"paas-{appId}-volume-{volume}";

    /// <summary>Makes those that are not there.</summary>
    public async Task EnsureAsync(CancellationToken cancellation)
    {
        var labels = new Dictionary<string, string> { [ImageLabels.App] = appId.ToString(), [ImageLabels.AppName] = app };
        foreach (var (name, _) in Mounts)
        {
            // One that is there already keeps the labels it has.
            if ((await engine.EnsureVolumeAsync(name, labels, cancellation)).Labels?.GetValueOrDefault(ImageLabels.App) != appId.ToString())
                throw new StepPermanentException(DeployerTexts.VolumeOfOthers(name));
        }
    }

    /// <summary>
    /// Gives the volumes to the user as whom a container will run. A new volume takes over the owner of the folder that
    /// the image has in its place; if it has none, the engine leaves it to root, and the app could not write there.
    /// </summary>
    /// <param name="container">A container that was made and is not started yet.</param>
    /// <param name="user">As the image says: <c>name</c>, <c>1000</c>, <c>1000:1000</c>; empty for root.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task GiveAsync(string container, string? user, CancellationToken cancellation)
    {
        if (Mounts.Count == 0 || await ResolveAsync(container, user ?? "", cancellation) is not ({ } uid, { } gid) || uid == Root)
            return;
        foreach (var (_, path) in Mounts)
        {
            if (await engine.FindFileAsync(container, path, cancellation) is { Uid: Root } folder)
                await engine.SetFolderAsync(container, path, folder with { Uid = uid, Gid = gid }, cancellation);
        }
    }

    /// <returns>Nulls for a user that the image does not know: then the engine will not start the container either.</returns>
    private async Task<(int? Uid, int? Gid)> ResolveAsync(string container, string user, CancellationToken cancellation)
    {
        var parts = user.Split(':', 2);
        if (parts[0].Length == 0)
            return (Root, Root);
        var isNumber = TryNumber(parts[0], out var uid);
        // name:password:uid:gid:…, name or uid being what is looked for.
        var known = await FindLineAsync("/etc/passwd", fields => fields.Length > 3 && (fields[0] == parts[0] || (isNumber && fields[2] == parts[0])));
        if (!isNumber && (known is null || !TryNumber(known[2], out uid)))
            return default;
        var gid = known is not null && TryNumber(known[3], out var first) ? first : Root;
        if (parts.Length > 1 && !TryNumber(parts[1], out gid))
            gid = await FindLineAsync("/etc/group", fields => fields.Length > 2 && fields[0] == parts[1]) is { } group && TryNumber(group[2], out var number) ? number : Root;
        return (uid, gid);

        async Task<string[]?> FindLineAsync(string file, Func<string[], bool> isIt) =>
            (await engine.ReadFileAsync(container, file, MaxUserFileBytes, cancellation))?.Split('\n').Select(line => line.Split(':')).FirstOrDefault(isIt);
    }

    private static bool TryNumber(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
