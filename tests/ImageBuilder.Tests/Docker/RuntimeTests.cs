using Paas.Contracts;
using Paas.Servers;

namespace Paas.ImageBuilder.Tests.Docker;

/// <summary>
/// Apps of every runtime, really built by the Dockerfile made for it, and run: each answers on the port it is given, as
/// nobody special, and a change of the code alone installs no dependency again.
/// </summary>
public sealed class RuntimeTests(RuntimeEngine runtimes) : IClassFixture<RuntimeEngine>, IDisposable
{
    private const string PythonApp = """
        import os
        from http.server import BaseHTTPRequestHandler, HTTPServer
        import greeting

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write((greeting.WORD + ' from TEXT').encode())

        open('/app/writable', 'w').close()
        HTTPServer(('', int(os.environ['PORT'])), Handler).serve_forever()
        """;

    private const string NodeApp = """
        const greeting = require('greeting');
        require('fs').writeFileSync('/app/writable', '');
        require('http').createServer((_, response) => response.end(`${greeting.word} from TEXT`)).listen(process.env.PORT);
        """;

    // With one, the classic builder takes BuildKit's place.
    private const long Cap = 1024L * 1024 * 1024;

    private readonly BuildBench _bench = new(runtimes.Engine);

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData(null)]
    [InlineData(Cap)]
    public async Task Python_with_requirements(long? memory)
    {
        await NeedPythonAsync();
        _bench.Options.BuildMemoryBytes = memory;
        var first = await BuildAsync(Plan.Of(RuntimeName.Python), ("requirements.txt", "greeting==1.0.0\n"), ("app.py", Text(PythonApp, "one")));
        (await runtimes.AskAsync(first, "/", "python", "app.py")).ShouldBe("hello from one");

        var (second, log) = await RebuildAsync(Plan.Of(RuntimeName.Python), ("requirements.txt", "greeting==1.0.0\n"), ("app.py", Text(PythonApp, "two")));

        log.ShouldMatch(@"\[([^\]]+)\] RUN pip install -r requirements\.txt\s+(\[\1\] )?cached");
        (await runtimes.AskAsync(second, "/", "python", "app.py")).ShouldBe("hello from two");
    }

    [Fact]
    public async Task Python_with_a_package_of_its_own()
    {
        await NeedPythonAsync();
        var built = await BuildAsync(
            Plan.Of(RuntimeName.Python), ("requirements.txt", "-e ./lib\n"), ("lib/greeting.py", "WORD = 'good day'\n"),
            ("lib/setup.py", "from setuptools import setup\nsetup(name='greeting', version='2', py_modules=['greeting'])\n"), ("app.py", Text(PythonApp, "one")));

        (await runtimes.AskAsync(built, "/", "python", "app.py")).ShouldBe("good day from one");
    }

    [Fact]
    public async Task Python_with_a_pyproject()
    {
        await NeedPythonAsync();
        const string project = """
            [project]
            name = "shop"
            version = "1"
            dependencies = ["greeting==1.0.0"]
            [build-system]
            requires = ["setuptools"]
            build-backend = "setuptools.build_meta"
            [tool.setuptools]
            packages = ["shop"]
            """;
        var first = await BuildAsync(Plan.Of(RuntimeName.Python), ("pyproject.toml", project), ("shop/__init__.py", ""), ("shop/__main__.py", Text(PythonApp, "one")));
        (await runtimes.AskAsync(first, "/", "python", "-m", "shop")).ShouldBe("hello from one");

        var (second, log) = await RebuildAsync(
            Plan.Of(RuntimeName.Python), ("pyproject.toml", project), ("shop/__init__.py", ""), ("shop/__main__.py", Text(PythonApp, "two")));

        log.ShouldContain("RUN pip install -r /tmp/requirements.txt cached");
        (await runtimes.AskAsync(second, "/", "python", "-m", "shop")).ShouldBe("hello from two");
    }

    [Theory]
    [InlineData(null)]
    [InlineData(Cap)]
    public async Task Node_with_a_lock_file(long? memory)
    {
        await NeedNodeAsync();
        _bench.Options.BuildMemoryBytes = memory;
        (string, string)[] package = [("package.json", """{"name":"app","scripts":{"start":"node server.js"},"dependencies":{"greeting":"1.0.0"}}"""), ("package-lock.json", runtimes.Packages.NpmLock())];
        var first = await BuildAsync(Plan.Of(RuntimeName.Node), [.. package, ("server.js", Text(NodeApp, "one"))]);
        (await runtimes.AskAsync(first, "/", "npm", "start")).ShouldBe("hello from one");

        (string, string)[] changed = [.. package, ("server.js", Text(NodeApp, "two"))];
        BuiltImage second;
        if (memory is null)
        {
            (second, var log) = await RebuildAsync(Plan.Of(RuntimeName.Node), changed);
            log.ShouldMatch(@"\[([^\]]+)\] RUN npm ci\s+(\[\1\] )?cached");
        }
        else
        {
            // Without BuildKit the builder removes the images of earlier stages, and with them what the next build could use again.
            var asked = AskedPackages();
            second = await BuildAsync(Plan.Of(RuntimeName.Node), changed);
            AskedPackages().ShouldBe(asked + 1);
        }

        (await runtimes.AskAsync(second, "/", "npm", "start")).ShouldBe("hello from two");
    }

    [Fact]
    public async Task Node_without_a_lock_file()
    {
        await NeedNodeAsync();
        var built = await BuildAsync(Plan.Of(RuntimeName.Node), ("package.json", """{"dependencies":{"greeting":"^1.0.0"}}"""), ("server.js", Text(NodeApp, "one")));

        (await runtimes.AskAsync(built, "/", "node", "server.js")).ShouldBe("hello from one");
    }

    [Fact]
    public async Task Node_with_what_only_the_build_needs()
    {
        await NeedNodeAsync();
        var built = await BuildAsync(
            Plan.Of(RuntimeName.Node),
            ("package.json", """{"name":"app","scripts":{"build":"node make.js"},"devDependencies":{"greeting":"1.0.0"}}"""),
            ("package-lock.json", runtimes.Packages.NpmLock("devDependencies")),
            ("make.js", "require('fs').writeFileSync('made.js', `exports.word = '${require('greeting').word}';`);"),
            ("server.js", Text(NodeApp.Replace("'greeting'", "'./made.js'", StringComparison.Ordinal), "one")));

        (await runtimes.AskAsync(built, "/", "node", "server.js")).ShouldBe("hello from one");
        (await _bench.RunAsync(built, "sh", "-c", "ls /app/node_modules | wc -l")).Trim().ShouldBe("0");
    }

    [Fact]
    public async Task Node_makes_a_static_site()
    {
        await NeedNodeAsync();
        await NeedStaticAsync();
        var built = await BuildAsync(
            new BuildPlan { Runtime = RuntimeName.Static, StaticRoot = "dist", Command = new CommandLine { Words = ["npm", "run", "build"] } },
            ("package.json", """{"name":"app","scripts":{"build":"node make.js"},"devDependencies":{"greeting":"1.0.0"}}"""),
            ("package-lock.json", runtimes.Packages.NpmLock("devDependencies")),
            ("make.js", "const fs = require('fs'); fs.mkdirSync('dist'); fs.writeFileSync('dist/index.html', require('greeting').word);"));

        (await runtimes.AskAsync(built, "/")).ShouldBe("hello");
    }

    [Theory]
    [InlineData("python-hello", RuntimeName.Python, "Hello from Python, release v1\n", "python", "app.py")]
    [InlineData("node-hello", RuntimeName.Node, "Hello from Node, release v1\n", "node", "server.js")]
    [InlineData("dotnet-hello", RuntimeName.DotNet, "Hello from .NET, release v1\n", "dotnet", ".paas/publish/DotnetHello.dll")]
    [InlineData("hello", RuntimeName.Static, null)]
    public async Task The_samples(string sample, string runtime, string? answer, params string[] command)
    {
        await (runtime switch
        {
            RuntimeName.Python => NeedPythonAsync(),
            RuntimeName.Node => NeedNodeAsync(),
            RuntimeName.DotNet => NeedDotNetAsync(),
            _ => NeedStaticAsync(),
        });
        var folder = Path.Combine(BuiltPrograms.RepositoryRoot, "samples", sample);
        var files = Directory.GetFiles(folder).Select(file => (Path.GetFileName(file), File.ReadAllText(file))).ToArray();

        var built = await BuildAsync(Plan.Of(runtime), files);

        (await runtimes.AskAsync(built, "/", command)).ShouldBe(answer ?? File.ReadAllText(Path.Combine(folder, "index.html")));
    }

    [Fact]
    public async Task DotNet_with_a_project_beside_it()
    {
        await NeedDotNetAsync();
        (string, string)[] projects =
        [
            ("src/Web/Web.csproj", """<Project Sdk="Microsoft.NET.Sdk.Web"><PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup><ItemGroup><ProjectReference Include="../Lib/Lib.csproj" /></ItemGroup></Project>"""),
            ("src/Lib/Lib.csproj", """<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup></Project>"""),
            ("src/Web/Program.cs", "using Microsoft.AspNetCore.Builder; var app = WebApplication.Create(args); System.IO.File.WriteAllText(\"/app/writable\", \"\"); app.MapGet(\"/\", () => Lib.Greeting.Word); app.Run();"),
            ("wwwroot/unused.txt", ""),
        ];
        string[] command = ["dotnet", ".paas/publish/Web.dll"];
        var first = await BuildAsync(Plan.Of(RuntimeName.DotNet), [.. projects, ("src/Lib/Greeting.cs", "namespace Lib; public static class Greeting { public const string Word = \"one\"; }")]);
        (await runtimes.AskAsync(first, "/", command)).ShouldBe("one");

        var (second, log) = await RebuildAsync(
            Plan.Of(RuntimeName.DotNet), [.. projects, ("src/Lib/Greeting.cs", "namespace Lib; public static class Greeting { public const string Word = \"two\"; }")]);

        log.ShouldContain("RUN dotnet restore src/Web/Web.csproj --artifacts-path /tmp/artifacts cached");
        (await runtimes.AskAsync(second, "/", command)).ShouldBe("two");
        (await _bench.RunAsync(second, "sh", "-c", "dotnet --list-sdks")).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("main.go")]
    [InlineData("cmd/web/main.go")]
    public async Task Go(string main)
    {
        await runtimes.NeedAsync("Go", RuntimeImages.HasGo, engine => engine.ImportGoAsync());
        const string program = """
            package main

            import (
                "example.com/shop/greeting"
                "net"
                "os"
            )

            // Not net/http, which takes ten seconds to compile.
            func main() {
                if err := os.WriteFile("/app/writable", nil, 0o600); err != nil {
                    panic(err)
                }
                listener, _ := net.Listen("tcp", ":"+os.Getenv("PORT"))
                for {
                    connection, _ := listener.Accept()
                    connection.Read(make([]byte, 1000))
                    connection.Write([]byte("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + greeting.Word))
                    connection.Close()
                }
            }
            """;
        (string, string)[] files = [("go.mod", "module example.com/shop\n\ngo 1.19\n"), (main, program)];
        var first = await BuildAsync(Plan.Of(RuntimeName.Go), [.. files, ("greeting/greeting.go", "package greeting\n\nconst Word = \"one\"\n")]);
        (await runtimes.AskAsync(first, "/")).ShouldBe("one");

        var (second, log) = await RebuildAsync(Plan.Of(RuntimeName.Go), [.. files, ("greeting/greeting.go", "package greeting\n\nconst Word = \"two\"\n")]);

        log.ShouldContain("RUN go mod download cached");
        (await runtimes.AskAsync(second, "/")).ShouldBe("two");
    }

    [Fact]
    public async Task Php_with_Composer()
    {
        await runtimes.NeedAsync("PHP", RuntimeImages.HasPhp, engine => engine.ImportPhpAsync());
        (string, string)[] files =
        [
            ("composer.json", """{"autoload":{"psr-4":{"Shop\\":"src/"}}}"""),
            ("public/index.php", "<?php require '../vendor/autoload.php'; file_put_contents('/app/writable', ''); echo Shop\\Greeting::WORD, ' ', $_SERVER['REQUEST_URI'];"),
            ("public/.htaccess", "RewriteEngine On\nRewriteCond %{REQUEST_FILENAME} !-f\nRewriteRule ^ index.php [L]\n"),
        ];
        var first = await BuildAsync(Plan.Of(RuntimeName.Php), [.. files, ("src/Greeting.php", "<?php namespace Shop; class Greeting { const WORD = 'one'; }")]);
        (await runtimes.AskAsync(first, "/some/page")).ShouldBe("one /some/page");

        var (second, log) = await RebuildAsync(Plan.Of(RuntimeName.Php), [.. files, ("src/Greeting.php", "<?php namespace Shop; class Greeting { const WORD = 'two'; }")]);

        log.ShouldMatch("RUN composer install .* cached");
        (await runtimes.AskAsync(second, "/some/page")).ShouldBe("two /some/page");
    }

    [Fact]
    public async Task Php_without_packages()
    {
        await runtimes.NeedAsync("PHP", RuntimeImages.HasPhp, engine => engine.ImportPhpAsync());

        var built = await BuildAsync(Plan.Of(RuntimeName.Php), ("index.php", "<?php echo 'hello';"));

        (await runtimes.AskAsync(built, "/")).ShouldBe("hello");
    }

    [Fact]
    public async Task Php_shows_nothing_hidden_but_well_known()
    {
        await runtimes.NeedAsync("PHP", RuntimeImages.HasPhp, engine => engine.ImportPhpAsync());

        var built = await BuildAsync(
            Plan.Of(RuntimeName.Php), (".env", "secret"), ("sub/.private/key", "secret"), ("a.b/.x/y", "secret"), (".well-known/security.txt", "contact"), ("a.b/c..txt", "plain"),
            ("index.php",
                """
                <?php
                foreach (['.env', '%2eenv', 'sub/.private/key', 'sub/%2Eprivate/key', 'a.b/.x/y', '.well-known/security.txt', 'a.b/c..txt'] as $path)
                    echo @file_get_contents("http://127.0.0.1:{$_SERVER['SERVER_PORT']}/$path") ?: explode(' ', $http_response_header[0])[1], ' ';
                """));

        (await runtimes.AskAsync(built, "/")).ShouldBe("404 404 404 404 404 contact plain ");
    }

    private static string Text(string app, string text) => app.Replace("TEXT", text, StringComparison.Ordinal);

    private async Task<BuiltImage> BuildAsync(BuildPlan plan, params (string, string)[] files) => await _bench.BuildAsync(await _bench.CommandAsync(plan, files));

    /// <summary>Builds again, and returns what was logged of that; no package may be asked for.</summary>
    private async Task<(BuiltImage Image, string Log)> RebuildAsync(BuildPlan plan, params (string, string)[] files)
    {
        var (before, asked) = (_bench.Log.Text.Length, AskedPackages());
        var built = await BuildAsync(plan, files);
        AskedPackages().ShouldBe(asked);
        return (built, _bench.Log.Text[before..]);
    }

    private int AskedPackages() => runtimes.Packages.Requests.Count(path => path.Contains("greeting", StringComparison.Ordinal));

    private async Task NeedPythonAsync()
    {
        await runtimes.NeedAsync("Python", RuntimeImages.HasPython, engine => engine.ImportPythonAsync());
        _bench.Options.BaseImages.Python = await runtimes.WithPackagesAsync("python:3.13-slim");
    }

    private async Task NeedNodeAsync()
    {
        await runtimes.NeedAsync("Node.js", RuntimeImages.HasNode, engine => engine.ImportNodeAsync());
        _bench.Options.BaseImages.Node = await runtimes.WithPackagesAsync("node:22-slim");
    }

    private Task NeedDotNetAsync() => runtimes.NeedAsync("The .NET SDK", RuntimeImages.HasDotNet, engine => engine.ImportDotNetAsync());

    private Task NeedStaticAsync() => runtimes.NeedAsync("BusyBox", isThere: true, engine => engine.ImportBusyBoxAsync("busybox:stable"));
}
