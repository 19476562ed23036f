using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.ImageBuilder.Tests;

public sealed class NodeTests : IDisposable
{
    private const string PackageJson = """
        {
          "name": "shop", "version": "1.0.0", "private": true,
          "scripts": { "build": "node build.js" },
          "dependencies": { "greeter": "file:./packages/greeter" },
          "devDependencies": { "shouter": "file:./packages/shouter" }
        }
        """;

    private static readonly (string, string)[] App =
    [
        ("package.json", PackageJson),
        ("build.js", "require('fs').writeFileSync('built.txt', require('shouter'))"),
        ("app.js", "console.log(require('greeter'), require('fs').readFileSync('built.txt', 'utf8'))"),
        ("packages/greeter/package.json", """{ "name": "greeter", "version": "1.0.0", "bin": { "greet": "cli.js" } }"""),
        ("packages/greeter/index.js", "module.exports = 'greetings'"),
        ("packages/greeter/cli.js", "#!/usr/bin/env node\nconsole.log('from the command')\n"),
        ("packages/shouter/package.json", """{ "name": "shouter", "version": "1.0.0" }"""),
        ("packages/shouter/index.js", "module.exports = 'SHOUT'"),
    ];

    private readonly TestPlatform _platform = new();

    public NodeTests() => _platform.Host["NPM_CONFIG_OFFLINE"] = "true";

    public void Dispose() => _platform.Dispose();

    [Fact]
    public async Task A_slug_built_in_one_folder_runs_in_another()
    {
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Node), App);

        var moved = await _platform.BuildAndMoveAsync(command);

        (await _platform.RunAsync(moved, RuntimeName.Node, "node", "app.js")).ShouldBe("greetings SHOUT");
        (await _platform.RunAsync(moved, RuntimeName.Node, "greet")).ShouldBe("from the command");
        Directory.Exists(Path.Combine(moved, "node_modules/shouter")).ShouldBeFalse("what only the build needs is removed");
        _platform.Log.Text.ShouldContain("$ npm install");
        _platform.Log.Text.ShouldContain("$ npm run build");
    }

    [Fact]
    public async Task With_a_lock_file_exactly_what_it_says_is_installed()
    {
        var lockFile = """
            {
              "name": "shop", "version": "1.0.0", "lockfileVersion": 3, "requires": true,
              "packages": {
                "": { "name": "shop", "version": "1.0.0", "dependencies": { "greeter": "file:./packages/greeter" }, "devDependencies": { "shouter": "file:./packages/shouter" } },
                "node_modules/greeter": { "resolved": "packages/greeter", "link": true },
                "node_modules/shouter": { "resolved": "packages/shouter", "link": true },
                "packages/greeter": { "version": "1.0.0", "bin": { "greet": "cli.js" } },
                "packages/shouter": { "version": "1.0.0", "dev": true }
              }
            }
            """;
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Node), [.. App, ("package-lock.json", lockFile)]);

        var moved = await _platform.BuildAndMoveAsync(command);

        _platform.Log.Text.ShouldContain("$ npm ci");
        (await _platform.RunAsync(moved, RuntimeName.Node, "node", "app.js")).ShouldBe("greetings SHOUT");
    }

    [Fact]
    public async Task The_build_sees_config_vars_and_the_manifests_env()
    {
        var command = await _platform.CommandAsync(
            Plan.Of(RuntimeName.Node),
            [.. App, ("build.js", "console.log(process.env.API, process.env.BASE, process.env.NODE_ENV, require('shouter'))")]);
        command = command with
        {
            Env = new Dictionary<string, string> { ["API"] = "manifest", ["BASE"] = "/v2" },
            SealedConfigVars = _platform.Sealer.SealAll(new Dictionary<string, string> { ["API"] = "https://api.example", ["NODE_ENV"] = "production" }),
        };

        await _platform.BuildAndMoveAsync(command);

        _platform.Log.Text.ShouldContain("The build sees API, BASE, NODE_ENV");
        _platform.Log.Text.ShouldContain("https://api.example /v2 production SHOUT");
    }

    [Fact]
    public async Task The_scripts_that_Heroku_runs_are_run_in_its_order()
    {
        const string package = """
            {
              "name": "both", "version": "1.0.0",
              "scripts": {
                "heroku-prebuild": "echo before; test ! -d node_modules", "build": "exit 1", "heroku-postbuild": "echo postbuild; ls node_modules/shouter/index.js", "heroku-cleanup": "echo after; test ! -d node_modules/shouter"
              },
              "dependencies": { "greeter": "file:./packages/greeter" },
              "devDependencies": { "shouter": "file:./packages/shouter" }
            }
            """;
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Node), [.. App, ("package.json", package)]);

        await _platform.BuildAndMoveAsync(command);

        var log = _platform.Log.Text;
        var order = new[] { "$ npm run heroku-prebuild", "$ npm install", "$ npm run heroku-postbuild", "$ npm prune", "$ npm run heroku-cleanup" }.Select(line => log.IndexOf(line, StringComparison.Ordinal)).ToList();
        order.ShouldNotContain(-1, log);
        order.ShouldBe(order.Order());
        log.ShouldNotContain("$ npm run build");
    }

    [Theory]
    [InlineData("14.x || 15.x", true)]
    [InlineData(">=16 <99", false)]
    public async Task A_range_that_does_not_allow_the_Node_that_is_here_is_a_warning(string range, bool isWarning)
    {
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Node) with { RuntimeVersion = "15", RuntimeRange = range }, ("app.js", ""));

        await _platform.BuildAndMoveAsync(command);

        _platform.Log.Text.Contains($"Node.js {range} is asked for", StringComparison.Ordinal).ShouldBe(isWarning);
    }

    [Fact]
    public async Task A_build_command_takes_the_place_of_the_build_script_and_still_finds_what_only_builds_need()
    {
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Node, "node", "-e", "console.log('own ' + require('shouter'))"), App);

        var moved = await _platform.BuildAndMoveAsync(command);

        _platform.Log.Text.ShouldContain("       own SHOUT");
        _platform.Log.Text.ShouldNotContain("$ npm run build");
        Directory.Exists(Path.Combine(moved, "node_modules/shouter")).ShouldBeFalse();
    }

    [Fact]
    public async Task An_app_without_package_json_needs_no_npm()
    {
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Node), ("app.js", "console.log('plain')"));

        var moved = await _platform.BuildAndMoveAsync(command);

        (await _platform.RunAsync(moved, RuntimeName.Node, "node", "app.js")).ShouldBe("plain");
    }

    [Fact]
    public async Task A_lock_file_of_a_tool_that_is_not_installed_names_the_tool()
    {
        var tools = _platform.Folder("tools");
        File.CreateSymbolicLink(Path.Combine(tools, "node"), Hosting.Processes.ChildProcess.FindCommand("node", "/", _platform.Host["PATH"])!);
        _platform.Host["PATH"] = tools;
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Node), ("package.json", "{}"), ("pnpm-lock.yaml", ""));

        var failure = await Should.ThrowAsync<StepFailedException>(_platform.BuildAndMoveAsync(command));

        failure.Reason.ShouldBe(FailureReason.RuntimeNotInstalled);
        failure.Message.ShouldContain("pnpm-lock.yaml");
    }

    [Fact]
    public async Task A_package_json_that_is_not_json_fails_the_build()
    {
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Node), ("package.json", "{\n\"name\": oops\n}"));

        var failure = await Should.ThrowAsync<StepFailedException>(_platform.BuildAndMoveAsync(command));

        failure.Message.ShouldContain("package.json is not valid JSON (line 2)");
    }
}
