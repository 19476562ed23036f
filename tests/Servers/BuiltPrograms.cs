namespace Paas.Servers;

/// <summary>The platform's programs, as they were built together with the tests.</summary>
public static class BuiltPrograms
{
    private static readonly string Artifacts = FindArtifacts();

    public static string RepositoryRoot => Path.GetDirectoryName(Artifacts)!;

    private static string Configuration => Path.GetFileName(AppContext.BaseDirectory.TrimEnd('/'));

    /// <param name="project">The project's name, such as <c>Standalone</c>.</param>
    public static string Find(string project) => Path.Combine(Artifacts, "bin", project, Configuration, $"Paas.{project}.dll");

    private static string FindArtifacts()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder.Name != "artifacts")
            folder = folder.Parent ?? throw new InvalidOperationException("The tests run outside of the artifacts folder.");
        return folder.FullName;
    }
}
