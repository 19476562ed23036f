using System.Text.Json;
using Paas.Contracts;
using Paas.Hosting.Steps;
using Paas.ImageBuilder.Local.Runtimes;

namespace Paas.ImageBuilder.Docker.Dockerfiles;

/// <summary>BusyBox serves the files; the build command, if there is one, makes them in a stage of its own.</summary>
internal static class StaticDockerfile
{
    // What BusyBox does not know by itself.
    private static readonly string[] Types =
    [
        ".mjs:text/javascript", ".json:application/json", ".webmanifest:application/manifest+json", ".wasm:application/wasm", ".xml:application/xml",
        ".txt:text/plain", ".md:text/markdown", ".pdf:application/pdf", ".svg:image/svg+xml", ".webp:image/webp", ".avif:image/avif", ".ico:image/x-icon",
        ".woff:font/woff", ".woff2:font/woff2", ".ttf:font/ttf", ".mp4:video/mp4", ".webm:video/webm",
    ];

    // BusyBox serves whatever is there, however its name is written, so no layer of the image has what it must not serve.
    private const string RemoveHidden = "RUN find /srv -name '.*' ! -name .well-known -prune -exec rm -rf {} +";

    public static string Write(DockerfileWriter dockerfile, BuildPlan plan, ContextFiles files, BaseImages images)
    {
        var root = ContextFiles.Normalize(plan.StaticRoot);
        var folder = root.Length == 0 ? "" : root + "/";
        if (plan.Command is null && !files.HasFolder(root))
            throw new StepFailedException(FailureReason.BuildFailed, ImageBuilderTexts.NoStaticRoot(plan.StaticRoot!));
        if (plan.Command is not null)
            Build(dockerfile, plan, files, images);
        dockerfile.From(images.Static, "site");
        if (plan.Command is null)
            dockerfile.CopySource(folder, "/srv/");
        else
            dockerfile.Line($"COPY --from=build {JsonSerializer.Serialize(new[] { $"/build/{folder.Replace("$", "\\$", StringComparison.Ordinal)}", "/srv/" })}");
        return dockerfile.Line(RemoveHidden)
            .From(images.Static)
            .Line("ENV PORT=8080")
            .Line($"RUN printf '%s\\n' {string.Join(' ', Types.Select(type => $"'{type}'"))} > /etc/httpd.conf")
            .AddUser()
            .Line("COPY --from=site /srv/ /srv/")
            .Line($"USER {DockerfileWriter.User}")
            .Line("""CMD ["/bin/sh", "-c", "exec httpd -f -p \"$PORT\" -h /srv -c /etc/httpd.conf"]""")
            .ToString();
    }

    private static void Build(DockerfileWriter dockerfile, BuildPlan plan, ContextFiles files, BaseImages images)
    {
        if (files.Text(NodePackage.FileName) is { } package)
        {
            dockerfile.From(images.NodeFor(null), "build");
            NodeDockerfile.AddTool(dockerfile, package, files);
            NodeDockerfile.Build(dockerfile, package, plan, files);
        }
        else
        {
            dockerfile.From(images.Process, "build").Line("WORKDIR /build").CopySource().Run(plan.Command);
        }
    }
}
