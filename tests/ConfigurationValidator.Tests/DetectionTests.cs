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
    [InlineData(">=18 <21", "20")]
    [InlineData("18.x || 16.x", "18")]
    [InlineData("lts/*", "24")]
    [InlineData("banana", null)]
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
    [InlineData("web: a\n  my.job: b", 2, 3, "letters, digits, '_' and '-'")]
    [InlineData("web: a\nmy_job: b\nmy-job: c", 3, 1, "'my-job' and 'my_job' would both run as 'my-job'")]
    [InlineData("web: a\nWeb: b", 2, 1, "would both run as 'web'")]
    [InlineData("web: a\n__: b", 2, 1, "can't be the name")]
    [InlineData("web: # nothing", 1, 6, "nothing to start")]
    [InlineData("web:", 1, 5, "nothing to start")]
    public async Task A_wrong_procfile_names_its_place(string procfile, int line, int column, string hint)
    {
        var message = await App.With("Procfile", procfile).FailAsync(FailureReason.ManifestInvalid);
        message.ShouldStartWith($"Procfile, line {line}, column {column}: ");
        message.ShouldContain(hint);
    }

    [Theory]
    [InlineData("package.json", """{"engines":{"node":"banana"}}""", "engines.node in package.json asks for Node.js 'banana'")]
    [InlineData(".nvmrc", "iojs-v3", ".nvmrc asks for Node.js 'iojs-v3'")]
    public async Task A_version_that_can_not_be_told_is_said(string file, string content, string said)
    {
        var app = App.With("package.json", "{}").And(file, content).And("index.js");
        (await app.PlanAsync()).Build.RuntimeVersion.ShouldBeNull();
        app.Log.ToString().ShouldContain(said);
    }

    [Theory]
    [InlineData("pyproject.toml", "[project]\nrequires-python = \">=3.9,<3.12\"\n", "3.11", ">=3.9,<3.12")]
    [InlineData("pyproject.toml", "[build-system]\n[tool.poetry.dependencies]\npython = \"~3.10\"\n", "3.10", "~3.10")]
    [InlineData("Pipfile", "[requires]\npython_version = '3.12'\n", "3.12", null)]
    [InlineData("runtime.txt", "python-3.10.x", "3.10", null)]
    public async Task A_range_of_Python_is_the_newest_that_fits(string file, string content, string version, string? range)
    {
        var build = (await App.With(file, content).And("requirements.txt").And("app.py").PlanAsync()).Build;
        (build.RuntimeVersion, build.RuntimeRange).ShouldBe((version, range));
    }

    [Fact]
    public async Task A_range_of_PHP_is_the_newest_that_fits() =>
        (await App.With("composer.json", """{"require":{"php":"^7.4 || ~8.1.0"}}""").PlanAsync()).Build.RuntimeVersion.ShouldBe("8.1");

    [Fact]
    public async Task A_procfile_has_names_and_comments_and_shell_lines_as_others_write_them()
    {
        var app = App.With("Procfile", "web: python app.py   # the site\ncelery_worker: cd jobs && exec celery worker 2>&1 # all of them\nClockWork2: sh -c 'a # b'\nrelease: ./a && ./b").And("requirements.txt");

        var plan = await app.PlanAsync();

        plan.Run.Processes.Select(process => process.Name).ShouldBe(["web", "celery-worker", "clockwork2"]);
        plan.Process("web").Command!.Words.ShouldBe(["python", "app.py"]);
        plan.Process("celery-worker").Command!.Script.ShouldBe("cd jobs && exec celery worker 2>&1 # all of them");
        plan.Process("clockwork2").Command!.Words.ShouldBe(["sh", "-c", "a # b"]);
        plan.Run.Release!.Script.ShouldBe("./a && ./b");
        app.Log.Lines.ShouldContain("       celery_worker, which runs as celery-worker: cd jobs && exec celery worker 2>&1 # all of them (run by /bin/sh)");
        app.Log.Lines.ShouldContain("       release: ./a && ./b (run by /bin/sh)");
    }

    [Theory]
    [InlineData("worker", "worker")]
    [InlineData("celery_beat", "celery-beat")]
    [InlineData("Web2", "web2")]
    [InlineData("2nd", "p-2nd")]
    [InlineData("_x_", "x")]
    [InlineData("a_very_long_name_of_a_process_type", "a-very-long-name-of-a-4f9a1f1e")]
    public void A_name_that_no_container_could_have_becomes_one(string written, string name)
    {
        var made = ProcessName.Of(written).ShouldNotBeNull();
        made.Length.ShouldBeLessThanOrEqualTo(ProcessName.MaxLength);
        (made.Length > 21 ? made[..22] : made).ShouldBe(name.Length > 21 ? name[..22] : name);
        ProcessName.Of(made).ShouldBe(made);
        ProcessName.OfInstance(written + ".1").ShouldBe(made + ".1");
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
