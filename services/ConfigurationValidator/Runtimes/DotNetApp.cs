using System.Xml;
using System.Xml.Linq;
using Paas.ConfigurationValidator.Source;
using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.ConfigurationValidator.Runtimes;

/// <summary>A project that can be published.</summary>
internal sealed record DotNetProject(string Path, string? AssemblyName, string? TargetFramework, bool IsWeb, bool IsTest)
{
    /// <summary>The folder of the project; <c>""</c> for the root.</summary>
    public string Folder => Path.LastIndexOf('/') is > 0 and var slash ? Path[..slash] : "";
}

internal static class DotNetApp
{
    private const int MaxProjects = 100;
    private const int MaxDepth = 64;

    private static readonly XmlReaderSettings Safe = new() { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null };

    /// <summary>A project in the root, or the only web project below.</summary>
    public static DetectedRuntime? Detect(SourceFiles source)
    {
        if (ProjectFiles(source, "").FirstOrDefault(IsInRoot) is { } inRoot)
            return new(RuntimeName.DotNet, inRoot);
        var web = Projects(source, "").Where(project => project.IsWeb).ToList();
        return web.Count > 0 ? new(RuntimeName.DotNet, web[0].Path) : null;
    }

    /// <summary>The project to publish; null, and the candidates, if it can't be told.</summary>
    public static (DotNetProject? Project, IReadOnlyList<string> Candidates) Choose(SourceFiles source, string folder)
    {
        var all = Projects(source, folder);
        var near = all.Where(project => project.Folder == folder).ToList();
        if (near.Count == 1)
            return (near[0], []);
        var web = (near.Count > 0 ? near : all).Where(project => project.IsWeb && !project.IsTest).ToList();
        if (web.Count == 1)
            return (web[0], []);
        return (null, [.. (web.Count > 0 ? web : near.Count > 0 ? near : all).Select(project => project.Path)]);
    }

    public static string? Version(SourceFiles source, DotNetProject? project)
    {
        using var global = JsonFile.Read(source, "global.json");
        return VersionFiles.FromTargetFramework(project?.TargetFramework ?? SharedTargetFramework(source))
            ?? VersionFiles.MajorMinor(JsonFile.Text(global, "sdk", "version"));
    }

    /// <summary>The builder publishes into this folder of the slug.</summary>
    public static CommandLine WebCommand(SourceFiles source, string folder)
    {
        var (project, candidates) = Choose(source, folder);
        if (project is null)
            throw new StepFailedException(FailureReason.RuntimeNotDetected, ConfigurationValidatorTexts.DotNetProjectUnclear(candidates));
        if (project.AssemblyName is null)
            throw new StepFailedException(FailureReason.RuntimeNotDetected, ConfigurationValidatorTexts.DotNetAssemblyUnclear(project.Path));
        return new() { Words = ["dotnet", $".paas/publish/{project.AssemblyName.Replace("$", "$$", StringComparison.Ordinal)}.dll"] };
    }

    private static bool IsInRoot(string path) => !path.Contains('/', StringComparison.Ordinal);

    private static IEnumerable<string> ProjectFiles(SourceFiles source, string folder) => source.Files
        .Where(file => (file.EndsWith(".csproj", StringComparison.Ordinal) || file.EndsWith(".fsproj", StringComparison.Ordinal))
            && (folder.Length == 0 || file.StartsWith(folder + "/", StringComparison.Ordinal)))
        .Order(StringComparer.Ordinal);

    private static List<DotNetProject> Projects(SourceFiles source, string folder) =>
        [.. ProjectFiles(source, folder).Take(MaxProjects).Select(path => Read(source, path)).OfType<DotNetProject>()];

    private static DotNetProject? Read(SourceFiles source, string path)
    {
        if (Load(source, path)?.Root is not { } root)
            return null;
        var sdk = (string?)root.Attribute("Sdk") ?? "";
        var file = System.IO.Path.GetFileNameWithoutExtension(path);
        var assembly = Property(root, "AssemblyName")?
            .Replace("$(MSBuildProjectName)", file, StringComparison.OrdinalIgnoreCase) ?? SharedAssemblyName(source, file);
        return new(
            path,
            assembly.Length == 0 || assembly.IndexOfAny(['$', '/', '\\', '*', '?']) >= 0 ? null : assembly,
            Property(root, "TargetFramework"),
            sdk.StartsWith("Microsoft.NET.Sdk.Web", StringComparison.OrdinalIgnoreCase),
            IsTest(root));
    }

    private static bool IsTest(XElement root) =>
        root.Descendants().Any(element => element.Name.LocalName is "PackageReference"
            && string.Equals((string?)element.Attribute("Include"), "Microsoft.NET.Test.Sdk", StringComparison.OrdinalIgnoreCase))
        || string.Equals(Property(root, "IsTestProject"), "true", StringComparison.OrdinalIgnoreCase);

    private static string SharedAssemblyName(SourceFiles source, string project) =>
        Load(source, "Directory.Build.props")?.Root is { } root && Property(root, "AssemblyName") is { } name
            ? name.Replace("$(MSBuildProjectName)", project, StringComparison.OrdinalIgnoreCase)
            : project;

    private static string? SharedTargetFramework(SourceFiles source) =>
        Load(source, "Directory.Build.props")?.Root is { } root ? Property(root, "TargetFramework") : null;

    private static string? Property(XElement root, string name) =>
        root.Elements().Where(group => group.Name.LocalName == "PropertyGroup")
            .Elements().LastOrDefault(element => element.Name.LocalName == name)?.Value.Trim() is { Length: > 0 } value ? value : null;

    private static XDocument? Load(SourceFiles source, string path)
    {
        if (source.Find(path)?.Content is not { } content)
            return null;
        try
        {
            // XElement reads text by recursion: nesting no project has would end the process.
            using (var depth = XmlReader.Create(new MemoryStream(content), Safe))
            {
                while (depth.Read())
                {
                    if (depth.Depth > MaxDepth)
                        throw new XmlException();
                }
            }

            using var reader = XmlReader.Create(new MemoryStream(content), Safe);
            return XDocument.Load(reader);
        }
        catch (XmlException exception)
        {
            var errors = new SourceErrors(path);
            errors.Add(new(Math.Max(1, exception.LineNumber), Math.Max(1, exception.LinePosition)), ConfigurationValidatorTexts.NotXml);
            errors.ThrowIfAny();
            return null;
        }
    }
}
