using Paas.Contracts;
using Paas.Servers;

namespace Paas.ImageBuilder.Tests.Docker;

/// <summary>Builds by Dockerfiles made for a runtime, on a real engine; BusyBox stands in for the base images.</summary>
public sealed class GeneratedImageTests : IClassFixture<BusyBoxEngine>, IDisposable
{
    private readonly DockerEngine _engine;
    private readonly BuildBench _bench;

    public GeneratedImageTests(BusyBoxEngine fixture)
    {
        Assert.SkipUnless(DockerEngine.IsInstalled, "Docker is not installed here, or this is not root.");
        _engine = fixture.Engine;
        _bench = new BuildBench(_engine);
    }

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData(null)]
    [InlineData(256L * 1024 * 1024)]
    public async Task A_static_site_is_served_on_PORT_by_nobody_special(long? memory)
    {
        _bench.Options.BuildMemoryBytes = memory;
        var plan = new BuildPlan { Runtime = RuntimeName.Static, StaticRoot = "public" };
        var built = await _bench.BuildAsync(await _bench.CommandAsync(plan, ("public/index.html", "<h1>hello</h1>"), ("public/data.json", "{}"), ("private", "x")));

        var answer = await _bench.RunAsync(
            built, "/bin/sh", "-c",
            "export PORT=9000; httpd -p $PORT -h /srv -c /etc/httpd.conf; id -u; ls -A /srv /app; timeout 5 wget -q -O - http://127.0.0.1:9000/; timeout 5 wget -S -O /dev/null http://127.0.0.1:9000/data.json 2>&1 | grep -i content-type");

        answer.ShouldStartWith("10001\n/app:\n\n/srv:\ndata.json\nindex.html\n<h1>hello</h1>");
        answer.ShouldContain("application/json");
        var image = await _bench.InspectAsync(built);
        image.GetProperty("Config").GetProperty("User").GetString().ShouldBe("10001:10001");
        image.GetProperty("Config").GetProperty("Cmd")[2].GetString().ShouldBe("exec httpd -f -p \"$PORT\" -h /srv -c /etc/httpd.conf");
        _bench.Log.Text.ShouldContain("-----> There is no Dockerfile: this one was made for static\n       FROM busybox:stable AS site\n");
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData(null, true)]
    [InlineData(256L * 1024 * 1024, false)]
    public async Task A_static_site_shows_nothing_hidden_but_well_known(long? memory, bool hasCommand)
    {
        _bench.Options.BuildMemoryBytes = memory;
        _bench.Options.BaseImages.Process = "busybox:stable";
        var plan = new BuildPlan { Runtime = RuntimeName.Static, Command = hasCommand ? new() { Words = ["sh", "-c", "mkdir .made; echo secret > .made/x"] } : null };
        var built = await _bench.BuildAsync(await _bench.CommandAsync(
            plan, ("index.html", "home"), (".env", "secret"), (".htpasswd", "secret"), ("sub/.private/key", "secret"), ("sub/page..html", "page"),
            (".well-known/security.txt", "contact"), (".well-known/.draft", "secret"), ("sub/.well-known/x", "nested"), ("..data/x", "secret"), (".git/config", "secret")));

        var answers = await _bench.RunAsync(
            built, "/bin/sh", "-c",
            """
            httpd -p 9000 -h /srv -c /etc/httpd.conf
            for path in index.html sub/page..html .well-known/security.txt sub/.well-known/x \
                .env %2eenv %2Eenv sub/../.env .htpasswd sub/.private/key sub/%2eprivate/key sub/.private/ .well-known/.draft ..data/x %2e.data/x .git/config .made/x
            do echo "$path $(timeout 5 wget -q -O - "http://127.0.0.1:9000/$path" 2>&1 | tail -n 1)"; done
            """);

        answers.Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldBe(
        [
            "index.html home", "sub/page..html page", ".well-known/security.txt contact", "sub/.well-known/x nested",
            .. new[]
            {
                ".env", "%2eenv", "%2Eenv", "sub/../.env", ".htpasswd", "sub/.private/key", "sub/%2eprivate/key", "sub/.private/", ".well-known/.draft", "..data/x",
                "%2e.data/x", ".git/config", ".made/x",
            }.Select(path => $"{path} wget: server returned error: HTTP/1.1 404 Not Found"),
        ]);
        (await _bench.RunAsync(built, "/bin/sh", "-c", "find /srv -name '.*' | sort")).ShouldBe("/srv/.well-known\n/srv/sub/.well-known\n");
    }

    [Fact]
    public async Task A_build_command_makes_the_files_of_a_static_site()
    {
        _bench.Options.BaseImages.Process = "busybox:stable";
        var plan = new BuildPlan
        {
            Runtime = RuntimeName.Static,
            StaticRoot = "out",
            Command = new CommandLine { Words = ["WHO=a  b", "sh", "make.sh", "${NOPE:-none}/x", "it's \"$$5\""] },
        };
        var built = await _bench.BuildAsync(await _bench.CommandAsync(
            plan, ("make.sh", "mkdir out; for word in \"$WHO\" \"$@\"; do echo \"$word\"; done > out/index.html\n")));

        (await _bench.RunAsync(built, "cat", "/srv/index.html")).ShouldBe("a  b\nnone/x\nit's \"$5\"\n");
    }

    [Fact]
    public async Task A_program_of_the_repository_runs_in_a_folder_it_may_write_to()
    {
        _bench.Options.BaseImages.Process = "busybox:stable";
        var plan = new BuildPlan { Runtime = RuntimeName.Process, Command = new CommandLine { Words = ["touch", "prepared"] } };
        var built = await _bench.BuildAsync(await _bench.CommandAsync(plan, ("run.sh", "echo running as $(id -un) in $PWD with $PORT; touch made; ls\n")));

        (await _bench.RunAsync(built, "sh", "run.sh")).ShouldBe("running as paas in /app with 8080\nmade\nprepared\nrun.sh\n");
    }

    [Fact]
    public async Task A_folder_of_the_repository_is_built_alone()
    {
        await _engine.DockerAsync("tag", "busybox:stable", "python:3.12-slim");
        var plan = new BuildPlan { Runtime = RuntimeName.Python, RuntimeVersion = "3.12", Context = "api" };
        var built = await _bench.BuildAsync(await _bench.CommandAsync(plan, ("api/app.py", "print()"), ("api/.dockerignore", "*.md"), ("api/README.md", "x"), ("web/x", "1")));

        (await _bench.RunAsync(built, "ls", "-A", "/app")).ShouldBe(".dockerignore\napp.py\n");
    }

    [Fact]
    public async Task A_base_image_that_is_not_there_is_told_with_the_setting()
    {
        Assert.SkipUnless(RegistryServer.IsInstalled, "docker-registry is not installed here.");
        await using var registry = await RegistryServer.StartNewAsync();
        _bench.Options.BaseImages.Python = $"{registry.Url.Authority}/python:{{version}}";

        var failure = await _bench.FailAsync(await _bench.CommandAsync(new BuildPlan { Runtime = RuntimeName.Python, RuntimeVersion = "3.99" }, ("app.py", "")));

        failure.Message.ShouldStartWith($"The base image {registry.Url.Authority}/python:3.99 cannot be had: ");
        failure.Message.ShouldContain("ImageBuilder__BaseImages");
    }
}
