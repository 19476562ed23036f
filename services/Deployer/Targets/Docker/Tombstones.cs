namespace Paas.Deployer.Targets.Docker;

/// <summary>The apps that were removed: no late command brings one back.</summary>
internal sealed class Tombstones(string folder)
{
    public bool Has(Guid appId) => File.Exists(FileOf(appId));

    public void Add(Guid appId)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(FileOf(appId), []);
    }

    private string FileOf(Guid appId) => Path.Combine(folder, $"{appId}.removed");
}
