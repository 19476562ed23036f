using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.ImageBuilder.Docker.Dockerfiles;

/// <summary>
/// Compiles the main package in the root, or else those in <c>cmd/</c>. The image has the programs in its PATH, and the
/// app's files, which they may read.
/// </summary>
internal static class GoDockerfile
{
    private const string Programs = "/opt/app/bin";
    private static readonly string[] Modules = ["go.mod", "go.sum"];

    public static string Write(DockerfileWriter dockerfile, BuildPlan plan, ContextFiles files, BaseImages images)
    {
        var (packages, first) = Packages(files);
        dockerfile.From(images.GoFor(plan.RuntimeVersion), "build").Line("ENV CGO_ENABLED=0").Line("WORKDIR /app");
        // What is vendored need not be fetched.
        if (files.Has("go.mod") && !files.Has("vendor/modules.txt") && !files.Names.Any(name => name.EndsWith("/go.mod", StringComparison.Ordinal)))
            dockerfile.CopyFiles(Modules.Where(files.Has)).RunWithVariables("go mod download");
        dockerfile.CopySource();
        if (!files.Has("go.mod"))
            dockerfile.Line("RUN go mod init app");
        dockerfile.Line($"RUN mkdir -p {Programs}")
            .RunWithVariables(packages == "." ? $"go build -o {Programs}/{first} ." : $"go build -o {Programs}/ {packages}")
            .Run(plan.Command);

        dockerfile.From(images.Process)
            .Line($"ENV PORT=8080 PATH={Programs}:$PATH")
            .Line("COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt")
            .AddUser()
            .CopyFrom("build", "/app", "/app")
            .Line($"COPY --from=build {Programs} {Programs}")
            .Line($"USER {DockerfileWriter.User}");
        if (first is not null)
            dockerfile.Line($"CMD [\"{Programs}/{first}\"]");
        return dockerfile.ToString();
    }

    /// <summary>What to compile, and the program that is started unless another is named; null if it can't be told.</summary>
    private static (string Packages, string? First) Packages(ContextFiles files)
    {
        var go = files.Names.Where(name => name.EndsWith(".go", StringComparison.Ordinal) && !name.EndsWith("_test.go", StringComparison.Ordinal)).ToList();
        var commands = go.Where(name => name.StartsWith("cmd/", StringComparison.Ordinal) && name.Count(character => character == '/') == 2)
            .Select(name => name.Split('/')[1]).Distinct().Order(StringComparer.Ordinal).ToList();
        // A library in the root may have its programs below.
        if (go.Exists(name => !name.Contains('/', StringComparison.Ordinal)) && (commands.Count == 0 || files.Has("main.go")))
            return (".", "web");
        if (commands.Count == 0)
        {
            throw new StepFailedException(FailureReason.BuildFailed, ImageBuilderTexts.SeveralPrograms(
                [.. go.Select(name => name[..Math.Max(0, name.LastIndexOf('/'))]).Distinct().Order(StringComparer.Ordinal).Take(10)]));
        }

        var first = commands.Count == 1 ? commands[0] : commands.Find(name => name is "web") ?? commands.Find(name => name is "server");
        return ("./cmd/...", first is not null && DockerfileWriter.IsPlain(first) ? first : null);
    }
}
