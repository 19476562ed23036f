using Paas.Contracts;

namespace Paas.ConfigurationValidator.Tests;

public sealed class DetectionTests
{
    [Fact]
    public async Task A_python_app_is_told_by_its_requirements()
    {
        var app = App.With("requirements.txt", "flask").And("app.py").And(".python-version", "3.12\n").On(Target.Local);
        var plan = await app.PlanAsync();
        plan.Build.Runtime.ShouldBe("python");
        plan.Run.RuntimeVersion.ShouldBe("3.12");
        plan.Process("web").Command!.Words.ShouldBe(["python", "app.py"]);
        app.Log.Lines.ShouldBe(["-----> Python 3.12 app detected (requirements.txt)", "-----> Process types, by default", "       web: python app.py"]);
    }

    [Theory]
    [InlineData("pyproject.toml", "main.py", "python main.py")]
    [InlineData("Pipfile", "server.py", "python server.py")]
    [InlineData("app.py", "main.py", "python app.py")]
    [InlineData("server.py", "x.txt", "python server.py")]
    public async Task Python_has_its_usual_files(string file, string other, string command)
    {
        var plan = await App.With(file).And(other).PlanAsync();
        plan.Run.Runtime.ShouldBe("python");
        plan.Web().ShouldBe(command);
    }

    [Fact]
    public async Task A_pipfile_is_known_but_not_installed_from()
    {
        var app = App.With("Pipfile").And("app.py");
        await app.PlanAsync();
        app.Log.ToString().ShouldContain("pipenv requirements > requirements.txt");
    }

    [Theory]
    [InlineData(".python-version", "3.11.4\n", "3.11.4")]
    [InlineData(".python-version", "# mine\n3.12", "3.12")]
    [InlineData(".python-version", "pypy3.9", null)]
    [InlineData("runtime.txt", "python-3.10.1\r\n", "3.10.1")]
    [InlineData("runtime.txt", "", null)]
    [InlineData("runtime.txt", "python-3.10; rm -rf /", null)]
    public async Task The_version_of_python_is_read(string file, string content, string? version) =>
        (await App.With("app.py").And(file, content).PlanAsync()).Build.RuntimeVersion.ShouldBe(version);

    [Fact]
    public async Task A_python_app_without_a_start_is_told_how_to_say_it()
    {
        var message = await App.With("requirements.txt").FailAsync(FailureReason.RuntimeNotDetected);
        message.ShouldContain("Procfile, such as 'web: gunicorn app:app --bind 0.0.0.0:$PORT'");
        message.ShouldContain("'entrypoint: gunicorn app:app --bind 0.0.0.0:$PORT'");
    }

    [Fact]
    public async Task A_django_app_without_a_start_is_told_the_very_line() =>
        (await App.With("manage.py").And("shop/site/wsgi.py").FailAsync(FailureReason.RuntimeNotDetected))
            .ShouldContain("'web: gunicorn shop.site.wsgi --bind 0.0.0.0:$PORT'");

    [Theory]
    [InlineData("""{"scripts": {"start": "node x"}, "main": "y.js"}""", "npm start")]
    [InlineData("""{"main": "src/y.js"}""", "node src/y.js")]
    [InlineData("""{"main": "./src/y"}""", "node src/y.js")]
    [InlineData("""{"main": "lib"}""", "node lib/index.js")]
    [InlineData("""{"main": "gone.js"}""", "node server.js")]
    [InlineData("""{"main": "../../etc/passwd"}""", "node server.js")]
    [InlineData("""{"main": 7, "scripts": []}""", "node server.js")]
    [InlineData("""{"scripts": {"start": " "}}""", "node server.js")]
    [InlineData("[]", "node server.js")]
    public async Task A_node_app_is_started_by_its_package(string package, string command)
    {
        var plan = await App.With("package.json", package).And("server.js").And("src/y.js").And("lib/index.js").PlanAsync();
        plan.Run.Runtime.ShouldBe("node");
        plan.Web().ShouldBe(command);
    }

    [Theory]
    [InlineData("20", "20")]
    [InlineData("20.x", "20")]
    [InlineData("^20.9.0", "20")]
    [InlineData("~20.9.0", "20.9")]
    [InlineData("v20.11.1", "20.11.1")]
    [InlineData("20.11.*", "20.11")]
    [InlineData(">=18 <21", null)]
    [InlineData("lts/*", null)]
    public async Task The_version_of_node_is_read(string range, string? version) =>
        (await App.With("package.json", $$$"""{"engines": {"node": "{{{range}}}"}}""").And("index.js").PlanAsync()).Build.RuntimeVersion.ShouldBe(version);

    [Fact]
    public async Task A_node_app_without_a_start_is_told_how_to_say_it() =>
        (await App.With("package.json", "{}").FailAsync(FailureReason.RuntimeNotDetected)).ShouldContain("start script");

    [Fact]
    public async Task A_broken_package_names_its_place() =>
        (await App.With("package.json", "{\n  \"a\": 1,,\n}").FailAsync(FailureReason.ManifestInvalid)).ShouldStartWith("package.json, line 2, column 10: ");

    [Theory]
    [InlineData("go.mod", "go", "module x\n\ngo 1.22.1\n", "1.22")]
    [InlineData("main.go", "go", "", null)]
    [InlineData("composer.json", "php", "{}", null)]
    [InlineData("index.php", "php", "", null)]
    public async Task Go_and_php_are_told_by_their_files(string file, string runtime, string content, string? version)
    {
        var plan = await App.With(file, content).PlanAsync();
        plan.Build.Runtime.ShouldBe(runtime);
        plan.Build.RuntimeVersion.ShouldBe(version);
        plan.Process("web").Command.ShouldBeNull();
    }

    [Theory]
    [InlineData("index.html", null)]
    [InlineData("public/index.html", "public")]
    public async Task A_page_makes_a_static_site(string file, string? root)
    {
        var plan = await App.With(file).And("README.md").On(Target.Local).PlanAsync();
        plan.Build.Runtime.ShouldBe("static");
        plan.Run.StaticRoot.ShouldBe(root);
        plan.Run.Processes.ShouldBe([new ProcessType { Name = "web" }]);
    }

    [Fact]
    public async Task A_procfile_alone_makes_a_process()
    {
        var app = App.With("Procfile", "# comment\nweb: ./server --port $PORT\r\n\nworker:  ./w 'a b'\nrelease: ./migrate").And("server").And("index.html");
        var plan = await app.On(Target.Local).PlanAsync();
        plan.Build.Runtime.ShouldBe("process");
        plan.Run.Processes.Select(process => process.Name).ShouldBe(["web", "worker"]);
        plan.Process("worker").Command!.Words.ShouldBe(["./w", "a b"]);
        plan.Run.Release!.Words.ShouldBe(["./migrate"]);
        app.Log.Lines.ShouldContain("-----> Process types of the Procfile");
    }

    [Theory]
    [InlineData("web python", 1, 1, "'name: command'")]
    [InlineData("web: a\nweb: b", 2, 1, "already above")]
    [InlineData("web: a\n  my_job: b", 2, 3, "a-z, 0-9")]
    [InlineData("web: a && b", 1, 8, "bash start.sh")]
    [InlineData("web:", 1, 5, "nothing to start")]
    public async Task A_wrong_procfile_names_its_place(string procfile, int line, int column, string hint)
    {
        var message = await App.With("Procfile", procfile).FailAsync(FailureReason.ManifestInvalid);
        message.ShouldStartWith($"Procfile, line {line}, column {column}: ");
        message.ShouldContain(hint);
    }

    [Fact]
    public async Task A_procfile_gives_way_to_the_manifest_but_for_what_it_leaves_open()
    {
        var app = App.WithManifest("entrypoint: python a.py").And("Procfile", "web: python b.py\nworker: python c.py\nrelease: python d.py").And("requirements.txt");
        var plan = await app.PlanAsync();
        plan.Run.Processes.Single().Command!.ToString().ShouldBe("python a.py");
        plan.Run.Release!.ToString().ShouldBe("python d.py");
        app.Log.ToString().ShouldContain("more process types than .paas.yml");
    }

    [Fact]
    public async Task An_app_without_web_is_fine_and_has_no_url()
    {
        var app = App.With("Procfile", "worker: python w.py").And("requirements.txt");
        (await app.PlanAsync()).Run.Processes.Single().Name.ShouldBe("worker");
        app.Log.ToString().ShouldContain("no process type 'web'");
    }

    [Theory]
    [InlineData(Target.Docker)]
    [InlineData(Target.Kubernetes)]
    public async Task A_dockerfile_comes_first_where_there_are_containers(string target)
    {
        var plan = await App.With("Dockerfile").And("requirements.txt").And("package.json", "{}").On(target).PlanAsync();
        plan.Build.Runtime.ShouldBe("docker");
        plan.Build.Dockerfile.ShouldBe("Dockerfile");
        plan.Process("web").Command.ShouldBeNull();
    }

    [Fact]
    public async Task The_order_of_detection_is_fixed()
    {
        string[] files = ["requirements.txt", "package.json", "a.csproj", "go.mod", "composer.json", "app.py", "index.html"];
        string[] runtimes = ["python", "node", "dotnet", "go", "php", "python", "static"];
        for (var first = 0; first < files.Length; first++)
        {
            var app = new App();
            foreach (var file in files[first..])
                app.And(file, file switch { "package.json" => """{"main": "app.py"}""", "a.csproj" => "<Project/>", _ => "" });
            if (first == 0)
                app.And("main.py");
            (await app.PlanAsync()).Run.Runtime.ShouldBe(runtimes[first], files[first]);
        }
    }

    [Fact]
    public async Task Nothing_known_is_told_with_what_to_do()
    {
        (await App.With("README.md").FailAsync(FailureReason.RuntimeNotDetected)).ShouldContain("'runtime: python' and 'entrypoint: python app.py'");
        (await new App().FailAsync(FailureReason.RuntimeNotDetected)).ShouldContain("no files");
    }
}
