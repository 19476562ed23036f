using Paas.Contracts;

namespace Paas.ConfigurationValidator.Tests;

public sealed class ManifestTests
{
    private const string Full = """
        # everything at once
        runtime: python:3.12
        processes:
          web: gunicorn app:app --bind 0.0.0.0:$PORT
          worker: {command: [python, worker.py], scale: 2}
          clock:
            command: python clock.py
            scale: 0
        release: python manage.py migrate
        health: {path: /healthz, timeout: 2m}
        port: 3000
        build: {command: npm run build}
        env: {LOG_LEVEL: debug, COUNTRY: NO, NUMBER: 010, EMPTY: }
        services: [mongodb:7, postgresql, rabbit]
        """;

    [Fact]
    public async Task A_manifest_says_everything()
    {
        var app = App.WithManifest(Full);
        var plan = await app.PlanAsync();

        plan.Build.Runtime.ShouldBe("python");
        plan.Build.RuntimeVersion.ShouldBe("3.12");
        plan.Build.Command!.Words.ShouldBe(["npm", "run", "build"]);
        plan.Run.Processes.Select(process => (process.Name, process.Command!.ToString(), process.Scale)).ShouldBe(
        [
            ("web", "gunicorn app:app --bind 0.0.0.0:$PORT", 1),
            ("worker", "python worker.py", 2),
            ("clock", "python clock.py", 0),
        ]);
        plan.Run.Release!.Words.ShouldBe(["python", "manage.py", "migrate"]);
        plan.Run.Health.ShouldBe(new HealthCheck { Path = "/healthz", Timeout = TimeSpan.FromMinutes(2) });
        plan.Run.Port.ShouldBe(3000);
        plan.Run.AddOns.ShouldBe([new() { Name = "mongodb", Version = "7" }, new() { Name = "postgres" }, new() { Name = "rabbitmq" }]);
        app.Log.Lines.ShouldBe(
        [
            "-----> Reading .paas.yml",
            "-----> Python 3.12 app",
            "-----> Process types of the manifest",
            "       web: gunicorn app:app --bind 0.0.0.0:$PORT",
            "       worker: python worker.py (scale 2)",
            "       clock: python clock.py (scale 0)",
            "       release: python manage.py migrate",
            "       Service: mongodb:7",
            "       Service: postgres",
            "       Service: rabbitmq",
        ]);
    }

    [Fact]
    public async Task Values_of_env_stay_the_text_they_are()
    {
        var plan = await App.WithManifest(Full).PlanAsync();
        plan.Run.Env.ShouldBe(new Dictionary<string, string>
        {
            ["COUNTRY"] = "NO",
            ["EMPTY"] = "",
            ["LOG_LEVEL"] = "debug",
            ["NUMBER"] = "010",
        });
        var more = await App.WithManifest("entrypoint: ./run\nenv:\n  A: 1.10\n  B: yes\n  C: ~\n  D: 0x1F\n  E: '$HOME'\n  F: 12:30:45\n").PlanAsync();
        more.Run.Env.Values.ShouldBe(["1.10", "yes", "~", "0x1F", "$HOME", "12:30:45"]);
    }

    [Fact]
    public async Task The_manifest_of_the_seed_is_read()
    {
        var plan = await App.With(".cupaas.yml", "runtime: python:3.11\nentrypoint: python main.py\nservices:\n  - mongodb\n").PlanAsync();
        plan.Run.RuntimeVersion.ShouldBe("3.11");
        plan.Web().ShouldBe("python main.py");
        plan.Run.AddOns.ShouldBe([new() { Name = "mongodb" }]);
    }

    [Fact]
    public async Task Keys_the_seed_did_not_have_need_the_new_name()
    {
        var message = await App.With(".cupaas.yml", "runtime: python\nrelease: a\n").FailAsync(FailureReason.ManifestInvalid);
        message.ShouldStartWith(".cupaas.yml, line 2, column 1: ");
        message.ShouldContain("rename this file to .paas.yml");
    }

    [Fact]
    public async Task The_new_name_wins_and_the_log_says_so()
    {
        var app = App.With(".cupaas.yml", "runtime: nonsense").And(".paas.yaml", "nonsense: 1").And(".paas.yml", "entrypoint: ./run");
        (await app.PlanAsync()).Web().ShouldBe("./run");
        app.Log.Lines.ShouldContain(" !     .cupaas.yml is ignored, because there is .paas.yml as well; delete one of them.");
        app.Log.Lines.ShouldContain(" !     .paas.yaml is ignored, because there is .paas.yml as well; delete one of them.");
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\n")]
    [InlineData("# nothing\n")]
    [InlineData("---\n")]
    [InlineData("---\n...\n")]
    [InlineData("~")]
    [InlineData("\uFEFF")]
    [InlineData("runtime:\nservices: ~\n")]
    public async Task An_empty_manifest_says_nothing(string manifest) =>
        (await App.WithManifest(manifest).And("index.html").PlanAsync()).Run.Runtime.ShouldBe("static");

    [Theory]
    [InlineData("\uFEFFentrypoint: ./run")]
    [InlineData("---\nentrypoint: ./run\n...\n")]
    [InlineData("%YAML 1.2\n---\nentrypoint: ./run\n")]
    [InlineData("entrypoint: ./run\r\nenv:\r\n  A: b\r\n")]
    [InlineData("{\"entrypoint\": [\"./run\"]}")]
    [InlineData("entrypoint: >\n  ./run\n")]
    [InlineData("entrypoint: |\n  ./run\n")]
    public async Task The_usual_ways_to_write_yaml_are_fine(string manifest) =>
        (await App.WithManifest(manifest).PlanAsync()).Web().ShouldBe("./run");

    [Fact]
    public async Task An_entrypoint_alone_takes_the_runtime_from_the_files()
    {
        (await App.WithManifest("entrypoint: python x.py").And("requirements.txt").PlanAsync()).Run.Runtime.ShouldBe("python");
        (await App.WithManifest("entrypoint: python x.py").And("x.py").PlanAsync()).Run.Runtime.ShouldBe("python");
        (await App.WithManifest("entrypoint: ./server").And("index.html").PlanAsync()).Run.Runtime.ShouldBe("process");
    }

    [Fact]
    public async Task A_list_is_a_command_of_exactly_these_words()
    {
        var plan = await App.WithManifest("entrypoint: [sh, -c, 'echo $PORT; sleep 1', \"$$x\"]").PlanAsync();
        plan.Process("web").Command!.Words.ShouldBe(["sh", "-c", "echo $PORT; sleep 1", "$$x"]);
    }

    [Fact]
    public async Task Scale_alone_keeps_the_command_of_the_procfile_or_the_runtime()
    {
        var manifest = "runtime: python\nprocesses: {web: {scale: 3}, worker: {scale: 2}}";
        var plan = await App.WithManifest(manifest).And("app.py").And("Procfile", "worker: python w.py\nclock: python c.py\n").PlanAsync();
        plan.Run.Processes.Select(process => (process.Name, process.Command!.ToString(), process.Scale))
            .ShouldBe([("web", "python app.py", 3), ("worker", "python w.py", 2)]);
    }

    [Theory]
    [InlineData("30", 30)]
    [InlineData("30s", 30)]
    [InlineData("2m", 120)]
    [InlineData("1s", 1)]
    [InlineData("600", 600)]
    [InlineData("10m", 600)]
    public async Task The_timeout_is_read(string timeout, int seconds) =>
        (await App.WithManifest($"entrypoint: x\nhealth: {{timeout: {timeout}}}").PlanAsync())
            .Run.Health.ShouldBe(new HealthCheck { Path = "/", Timeout = TimeSpan.FromSeconds(seconds) });

    [Fact]
    public async Task The_dockerfile_of_the_manifest_is_built()
    {
        var manifest = "build: {dockerfile: ./docker/App.Dockerfile, context: docker/, args: {A: 1, B: }, target: prod}\nrelease: ./migrate";
        var plan = await App.WithManifest(manifest).And("docker/App.Dockerfile").PlanAsync();
        plan.Build.Runtime.ShouldBe("docker");
        plan.Build.Dockerfile.ShouldBe("docker/App.Dockerfile");
        plan.Build.Context.ShouldBe("docker");
        plan.Build.DockerTarget.ShouldBe("prod");
        plan.Build.Args.ShouldBe(new Dictionary<string, string> { ["A"] = "1", ["B"] = "" });
        plan.Run.Release!.ToString().ShouldBe("./migrate");
        plan.Process("web").Command.ShouldBeNull();
        (await App.WithManifest("runtime: docker\nbuild: {context: a}").And("a/Dockerfile").PlanAsync()).Build.Dockerfile.ShouldBe("a/Dockerfile");
    }

    [Fact]
    public async Task The_root_of_a_static_site_is_served()
    {
        var plan = await App.WithManifest("static: {root: ./site/}").And("site/index.html").PlanAsync();
        plan.Build.StaticRoot.ShouldBe("site");
        plan.Run.StaticRoot.ShouldBe("site");
        plan.Run.Processes.ShouldBe([new ProcessType { Name = "web" }]);
        (await App.WithManifest("runtime: static\nbuild: {command: npm run build}\nstatic: {root: dist}").PlanAsync()).Build.StaticRoot.ShouldBe("dist");
        (await App.WithManifest("runtime: static\nstatic: {root: .}").And("a.html").PlanAsync()).Build.StaticRoot.ShouldBeNull();
    }
}
