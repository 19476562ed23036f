using System.Xml;
using System.Xml.Linq;
using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.ImageBuilder.Local.Runtimes;

internal static class DotNetProject
{
    private static readonly string[] Extensions = [".csproj", ".fsproj", ".vbproj"];

    /// <summary>
    /// The project in the folder itself; or else the only web project, there or below; or else the only program.
    /// </summary>
    /// <returns>Its path within the folder.</returns>
    public static string Find(string folder) => Find(Projects(folder), path => File.OpenRead(Path.Combine(folder, path)));

    /// <param name="projects">All there are, in order.</param>
    /// <param name="open">Reads one.</param>
    /// <inheritdoc cref="Find(string)"/>
    public static string Find(IReadOnlyList<string> projects, Func<string, Stream> open)
    {
        var near = projects.Where(project => !project.Contains('/', StringComparison.Ordinal)).ToList();
        if (near is [var only])
            return only;
        var all = near.Count > 0 ? near : projects;
        var programs = all.Select(project => (Path: project, Kind: KindOf(open, project))).Where(project => project.Kind is not Kind.Other).ToList();
        var found = programs.Exists(project => project.Kind is Kind.Web) ? programs.FindAll(project => project.Kind is Kind.Web) : programs;
        return found switch
        {
            [var one] => one.Path,
            [] => throw new StepFailedException(FailureReason.BuildFailed, ImageBuilderTexts.NoProject()),
            _ => throw new StepFailedException(FailureReason.BuildFailed, ImageBuilderTexts.SeveralProjects([.. found.Select(project => project.Path)])),
        };
    }

    public static bool IsProject(string path) => Extensions.Contains(Path.GetExtension(path));

    private static List<string> Projects(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*.*proj", new EnumerationOptions { RecurseSubdirectories = true })
            .Where(IsProject)
            .Select(file => Path.GetRelativePath(folder, file))
            .Order(StringComparer.Ordinal)];

    private static Kind KindOf(Func<string, Stream> open, string path)
    {
        try
        {
            using var content = open(path);
            var project = XDocument.Load(content).Root!;
            var sdk = (string?)project.Attribute("Sdk") ?? "";
            if (Says("IsTestProject", "true") || project.Descendants().Any(reference => (string?)reference.Attribute("Include") == "Microsoft.NET.Test.Sdk"))
                return Kind.Other;
            if (sdk.StartsWith("Microsoft.NET.Sdk.Web", StringComparison.OrdinalIgnoreCase))
                return Kind.Web;
            return Says("OutputType", "Exe") || sdk.StartsWith("Microsoft.NET.Sdk.Worker", StringComparison.OrdinalIgnoreCase) ? Kind.Program : Kind.Other;

            bool Says(string property, string value) =>
                project.Descendants().Any(element => element.Name.LocalName == property && element.Value.Trim().Equals(value, StringComparison.OrdinalIgnoreCase));
        }
        catch (XmlException)
        {
            return Kind.Program; // let dotnet publish explain what is wrong with it
        }
    }

    private enum Kind
    {
        Other,
        Program,
        Web,
    }
}
