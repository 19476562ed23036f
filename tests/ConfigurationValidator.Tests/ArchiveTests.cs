using System.Diagnostics;
using System.Formats.Tar;
using System.Text;
using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.ConfigurationValidator.Tests;

public sealed class ArchiveTests
{
    private const string Valid = """
        runtime: python:3.12
        processes:
          web: gunicorn app:app --bind "0.0.0.0:${PORT:-80}" 'x y'
          worker: {command: [python, worker.py], scale: 2}
        release: python manage.py migrate
        health: {path: /healthz, timeout: 30s}
        build: {command: npm run build}
        env: {NAME: value, OTHER: "quoted \u00e9"}
        services: [mongodb:7, postgres]
        """;

    [Theory]
    [InlineData(".paas.yml")]
    [InlineData(".cupaas.yml")]
    [InlineData("Procfile")]
    public async Task A_linked_manifest_is_refused(string file) =>
        (await App.With("app.py").AndLink(file, "/etc/passwd").FailAsync(FailureReason.ManifestInvalid))
            .ShouldBe($"{file}, line 1, column 1: the file is a link, and links are not followed; commit the file itself.");

    [Fact]
    public async Task A_hard_link_and_a_device_are_no_manifests()
    {
        var hard = App.With("app.py").And(new PaxTarEntry(TarEntryType.HardLink, ".paas.yml") { LinkName = "app.py" });
        (await hard.FailAsync(FailureReason.ManifestInvalid)).ShouldContain("link");
        var device = App.With("app.py").And(new PaxTarEntry(TarEntryType.Fifo, ".paas.yml"));
        await device.FailAsync(FailureReason.ManifestInvalid);
    }

    [Fact]
    public async Task A_linked_folder_is_no_folder_to_serve() =>
        (await App.WithManifest("static: {root: public}").AndLink("public", "/etc").FailAsync(FailureReason.ManifestInvalid)).ShouldContain("no such folder");

    [Fact]
    public async Task Names_no_repository_has_are_left_out()
    {
        var plan = await App.With("index.html")
            .And("../.paas.yml", "runtime: go").And("/.paas.yml", "runtime: go").And("a/../.paas.yml", "runtime: go")
            .And(new string('x', 50_000), "x").And(new string('d', 200) + "/" + new string('y', 5_000), "y")
            .PlanAsync();
        plan.Run.Runtime.ShouldBe("static");
        (await App.With("./app.py").And("./sub/.paas.yml", "nonsense").PlanAsync()).Web().ShouldBe("python app.py");
    }

    [Fact]
    public async Task The_last_entry_of_a_name_counts()
    {
        var plan = await App.WithManifest("nonsense: 1").And(".paas.yml", "entrypoint: ./run").PlanAsync();
        plan.Web().ShouldBe("./run");
    }

    [Fact]
    public async Task Large_files_are_not_kept()
    {
        var plan = await App.With("package.json", "{" + new string(' ', 300_000)).And("index.js", new byte[3_000_000]).PlanAsync();
        plan.Web().ShouldBe("node index.js");
    }

    [Fact]
    public async Task A_damaged_archive_is_the_platforms_fault_and_not_tried_again()
    {
        var archive = App.WithManifest(Valid).Archive().ToArray();
        archive[1_500] ^= 0x7F;
        await Should.ThrowAsync<StepPermanentException>(new App().PlanAsync(new MemoryStream(Encoding.UTF8.GetBytes(new string('x', 2_000)))));
        await Should.ThrowAsync<StepPermanentException>(new App().PlanAsync(new MemoryStream(archive, 0, 1_700)));
    }

    [Fact]
    public async Task A_canceled_step_stops()
    {
        using var canceled = new CancellationTokenSource();
        await canceled.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(Source.SourceFiles.ReadAsync(App.With("a").Archive(), "", canceled.Token));
    }

    [Fact]
    public async Task What_git_archives_is_read()
    {
        var folder = Directory.CreateTempSubdirectory("paas-validator-").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(folder, "deep", new string('d', 120)));
            await File.WriteAllTextAsync(Path.Combine(folder, "deep", new string('d', 120), new string('n', 120) + ".txt"), "x");
            await File.WriteAllTextAsync(Path.Combine(folder, "requirements.txt"), "flask\n");
            await File.WriteAllTextAsync(Path.Combine(folder, "Procfile"), "web: python app.py\n");
            await GitAsync(folder, "init", "-q");
            await GitAsync(folder, "add", ".");
            await GitAsync(folder, "-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-q", "-m", "First");
            var archive = Path.Combine(folder, "source.tar");
            await GitAsync(folder, "archive", "-o", archive, "HEAD");
            await using var tar = File.OpenRead(archive);
            (await new App().PlanAsync(tar)).Web().ShouldBe("python app.py");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Any_mutation_of_a_manifest_is_planned_or_refused_in_words()
    {
        var random = new Random(7);
        var valid = Encoding.UTF8.GetBytes(Valid);
        byte[][] pieces = [.. new[] { "&a ", "*a", "!!x ", "<<: ", "---\n", "\t", "{", "[", "]", "}", ": ", "- ", "? ", "|\n", ">-\n", "'", "\"", "\\x", "#", "%", "@", "`", "\r", "\n", "\u2028", "\0" }.Select(Encoding.UTF8.GetBytes)];
        var planned = 0;
        for (var i = 0; i < 6_000; i++)
        {
            var bytes = valid.ToList();
            for (var edits = random.Next(1, 6); edits > 0; edits--)
                Mutate(bytes, pieces, random);
            try
            {
                await new App().And(".paas.yml", bytes.ToArray()).And("app.py").PlanAsync();
                planned++;
            }
            catch (StepFailedException failure)
            {
                failure.Message.ShouldContain(", line ");
                failure.Message.Length.ShouldBeLessThan(8_000);
            }
        }

        planned.ShouldBeInRange(100, 5_500);
    }

    [Theory]
    [InlineData("Procfile", "web: gunicorn \"a b\" 'c' $PORT\nrelease: x y\n")]
    [InlineData("package.json", """{"main": "app.py", "engines": {"node": "^20.1.0"}, "scripts": {"start": "a\u0041"}}""")]
    [InlineData("A.csproj", """<Project Sdk="Microsoft.NET.Sdk.Web"><PropertyGroup><AssemblyName>x</AssemblyName></PropertyGroup></Project>""")]
    [InlineData("global.json", """{"sdk": {"version": "8.0.100"}}""")]
    [InlineData("runtime.txt", "python-3.12.1\n")]
    public async Task Any_mutation_of_another_file_is_planned_or_refused_in_words(string file, string content)
    {
        var random = new Random(8);
        byte[][] pieces = [.. new[] { "{", "]", "\"", "\\ud800", "<", "&x;", ":", "\n", "\0", "$", "<!--", "/" }.Select(Encoding.UTF8.GetBytes)];
        for (var i = 0; i < 1_000; i++)
        {
            var bytes = Encoding.UTF8.GetBytes(content).ToList();
            for (var edits = random.Next(1, 5); edits > 0; edits--)
                Mutate(bytes, pieces, random);
            var app = new App().And(file, bytes.ToArray());
            if (file == "global.json")
                app.And("A.csproj", "<Project/>");
            try
            {
                await app.PlanAsync();
            }
            catch (StepFailedException failure)
            {
                failure.Message.ShouldNotBeEmpty();
            }
        }
    }

    private static void Mutate(List<byte> bytes, byte[][] pieces, Random random)
    {
        var at = random.Next(bytes.Count);
        switch (random.Next(5))
        {
            case 0:
                bytes[at] = (byte)random.Next(256);
                break;
            case 1:
                bytes.RemoveRange(at, Math.Min(random.Next(1, 12), bytes.Count - at));
                break;
            case 2:
                bytes.InsertRange(at, pieces[random.Next(pieces.Length)]);
                break;
            case 3:
                bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 30), bytes.Count - at)));
                break;
            default:
                bytes[at] = (byte)random.Next(32, 127);
                break;
        }

        if (bytes.Count == 0)
            bytes.Add((byte)'x');
    }

    private static async Task GitAsync(string folder, params string[] arguments)
    {
        using var git = Process.Start(new ProcessStartInfo("git", arguments) { WorkingDirectory = folder })!;
        await git.WaitForExitAsync();
        git.ExitCode.ShouldBe(0);
    }
}
