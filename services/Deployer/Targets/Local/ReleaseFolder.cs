using Paas.Hosting.Processes;

namespace Paas.Deployer.Targets.Local;

/// <summary>The folder of one release: its slug, and what its processes may call their own.</summary>
internal sealed record ReleaseFolder(string Root)
{
    public string Slug => Path.Combine(Root, "slug");
    public string Home => Path.Combine(Root, "home");
    public string Temporary => Path.Combine(Root, "tmp");

    /// <summary>What the processes of the release have of it: all but what says that it is whole.</summary>
    public SandboxFolders Folders => new()
    {
        Writable = [Root],
        ReadOnly = [DigestFile],
        Temporary = Temporary,
        HostValues = SlugEnvironment.HostValues(SlugEnvironment.OfThisProcess),
    };

    private string DigestFile => Path.Combine(Root, "digest");

    public void Create()
    {
        Directory.CreateDirectory(Slug);
        Directory.CreateDirectory(Home);
        Directory.CreateDirectory(Temporary);
    }

    public bool Holds(string digest) => File.Exists(DigestFile) && File.ReadAllText(DigestFile) == digest;

    /// <summary>Takes the place of another folder; from then on it counts as unpacked.</summary>
    public void MoveTo(ReleaseFolder final, string digest)
    {
        File.WriteAllText(DigestFile, digest);
        FolderDeletion.Delete(final.Root);
        Directory.Move(Root, final.Root);
    }
}
