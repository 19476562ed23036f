using Paas.Contracts;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Steps;
using Paas.ImageBuilder.Docker;
using Paas.ImageBuilder.Docker.Dockerfiles;

namespace Paas.ImageBuilder.Tests.Docker;

/// <summary>The Dockerfiles made for each runtime, as far as they can be told from their text.</summary>
public sealed class GeneratedDockerfileTests
{
    [Fact]
    public async Task Python_installs_requirements_before_the_source_is_copied()
    {
        var dockerfile = await WriteAsync(new() { Runtime = RuntimeName.Python, RuntimeVersion = "3.12" }, ("requirements.txt", "flask==3.0\n"), ("app.py", ""));

        dockerfile.ShouldBe(
            """
            FROM python:3.12-slim
            ENV PORT=8080 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
            RUN echo 'paas:x:10001:10001::/app:/bin/sh' >> /etc/passwd && mkdir -p /app && chown 10001:10001 /app
            WORKDIR /app
            COPY source/requirements.txt ./
            RUN pip install -r requirements.txt
            COPY --chown=10001:10001 source/ ./
            USER 10001:10001

            """);
    }

    [Fact]
    public async Task Requirements_bring_the_files_they_include()
    {
        var dockerfile = await WriteAsync(
            new() { Runtime = RuntimeName.Python }, ("requirements.txt", "-r requirements/base.txt\nflask @ https://example.com/flask.zip\n"), ("requirements/base.txt", "-c pins.txt\n"), ("requirements/pins.txt", "a==1\n"));

        dockerfile.ShouldContain("FROM python:3.13-slim\n");
        dockerfile.ShouldContain("COPY source/requirements.txt ./\nCOPY source/requirements/base.txt source/requirements/pins.txt ./requirements/\nRUN pip install");
    }

    [Theory]
    [InlineData("-e .")]
    [InlineData("./lib")]
    [InlineData("-r ../outside.txt")]
    [InlineData("lib @ file:./lib")]
    public async Task Requirements_that_name_the_app_itself_are_installed_with_it(string line) =>
        (await WriteAsync(new() { Runtime = RuntimeName.Python }, ("requirements.txt", line + "\n")))
            .ShouldContain("COPY --chown=10001:10001 source/ ./\nRUN pip install -r requirements.txt\n");

    [Fact]
    public async Task A_pyproject_is_installed_by_pip_or_with_its_lock_file_by_uv()
    {
        var pip = await WriteAsync(new() { Runtime = RuntimeName.Python }, ("pyproject.toml", "[project]\n[build-system]\n"));
        var uv = await WriteAsync(new() { Runtime = RuntimeName.Python }, ("pyproject.toml", "[project]\n"), ("uv.lock", ""));

        pip.ShouldContain("COPY source/pyproject.toml ./\nRUN [\"python\", \"-c\", ");
        pip.ShouldContain("RUN pip install -r /tmp/requirements.txt\nCOPY --chown=10001:10001 source/ ./\nRUN pip install .\n");
        uv.ShouldContain("COPY source/pyproject.toml source/uv.lock ./\nRUN uv sync --frozen --no-dev --no-install-project --no-install-workspace\n");
    }

    [Theory]
    [InlineData("package-lock.json", "RUN npm ci\n", "RUN npm run build\nRUN npm prune --omit=dev --ignore-scripts\n")]
    [InlineData("pnpm-lock.yaml", "RUN pnpm install --frozen-lockfile\n", "RUN pnpm run build\nRUN pnpm prune --prod --ignore-scripts\n")]
    [InlineData("yarn.lock", "RUN yarn install --frozen-lockfile\n", "RUN yarn run build\nRUN yarn install --frozen-lockfile --production --ignore-scripts\n")]
    public async Task Node_uses_the_tool_whose_lock_file_is_there(string lockFile, string install, string build)
    {
        var dockerfile = await WriteAsync(
            new() { Runtime = RuntimeName.Node, RuntimeVersion = "20.x" },
            (lockFile, ""), ("package.json", """{"scripts":{"build":"tsc"},"devDependencies":{"typescript":"5"}}"""), ("server.ts", ""));

        dockerfile.ShouldContain("FROM node:20-slim AS base\n");
        dockerfile.ShouldContain($"FROM base AS build\nWORKDIR /build\nCOPY {string.Join(' ', new[] { "source/package.json", "source/" + lockFile }.Order(StringComparer.Ordinal))} ./\n{install}COPY source/ ./\n{build}\nFROM base\n");
        dockerfile.ShouldContain("ENV PORT=8080 NODE_ENV=production\n");
        dockerfile.ShouldEndWith("COPY --from=build --chown=10001:10001 /build /app\nUSER 10001:10001\n");
    }

    [Fact]
    public async Task Node_runs_the_scripts_that_Heroku_runs()
    {
        var dockerfile = await WriteAsync(
            new() { Runtime = RuntimeName.Node },
            ("package.json", """{"scripts":{"build":"exit 1","heroku-prebuild":"a","heroku-postbuild":"b","heroku-cleanup":"c"},"devDependencies":{"typescript":"5"}}"""));

        dockerfile.ShouldContain("COPY source/ ./\nRUN npm run heroku-prebuild\nRUN npm install\nRUN npm run heroku-postbuild\nRUN npm prune --omit=dev --ignore-scripts\nRUN npm run heroku-cleanup\n");
        dockerfile.ShouldNotContain("npm run build");
    }

    [Fact]
    public async Task Requirements_that_ask_for_nothing_start_no_pip() =>
        (await WriteAsync(new() { Runtime = RuntimeName.Python }, ("requirements.txt", "# none\n\n--index-url https://x\n"))).ShouldNotContain("pip install");

    [Theory]
    [InlineData("""{"scripts":{"postinstall":"node prepare.js"}}""")]
    [InlineData("""{"workspaces":["packages/*"]}""")]
    [InlineData("""{"dependencies":{"lib":"file:./lib"}}""")]
    public async Task Node_packages_that_need_the_app_are_installed_with_it(string package) =>
        (await WriteAsync(new() { Runtime = RuntimeName.Node }, ("package.json", package), ("package-lock.json", "")))
            .ShouldContain("WORKDIR /build\nCOPY source/ ./\nRUN npm ci\n");

    [Fact]
    public async Task The_version_of_a_package_manager_is_the_one_asked_for()
    {
        const string package = """{"packageManager":"pnpm@9.1.0+sha512.abc"}""";

        (await WriteAsync(new() { Runtime = RuntimeName.Node }, ("package.json", package), ("pnpm-lock.yaml", ""))).ShouldContain("RUN npm install --global pnpm@9.1.0\n");
    }

    [Fact]
    public async Task A_package_that_is_not_JSON_is_the_developers_mistake() =>
        (await Should.ThrowAsync<StepFailedException>(WriteAsync(new() { Runtime = RuntimeName.Node }, ("package.json", "{\n!"))))
            .Message.ShouldBe("package.json is not valid JSON (line 2). Correct it and push again.");

    [Fact]
    public async Task DotNet_restores_before_the_source_is_copied_and_keeps_the_SDK_out()
    {
        var dockerfile = await WriteAsync(
            new() { Runtime = RuntimeName.DotNet, RuntimeVersion = "9.0.100" },
            ("src/Web/Web.csproj", """<Project Sdk="Microsoft.NET.Sdk.Web" />"""),
            ("src/Lib/Lib.csproj", """<Project Sdk="Microsoft.NET.Sdk" />"""),
            ("Directory.Build.props", "<Project />"),
            ("src/Web/Program.cs", ""));

        dockerfile.ShouldStartWith("FROM mcr.microsoft.com/dotnet/sdk:9.0 AS build\n");
        dockerfile.ShouldContain(
            "COPY source/Directory.Build.props ./\nCOPY source/src/Lib/Lib.csproj ./src/Lib/\nCOPY source/src/Web/Web.csproj ./src/Web/\n"
            + "RUN dotnet restore src/Web/Web.csproj --artifacts-path /tmp/artifacts\nCOPY source/ ./\n"
            + "RUN dotnet publish src/Web/Web.csproj -c Release -o .paas/publish --artifacts-path /tmp/artifacts --no-restore\n");
        dockerfile.ShouldContain("\nFROM mcr.microsoft.com/dotnet/aspnet:9.0\n");
        dockerfile.ShouldContain("export ASPNETCORE_HTTP_PORTS=\\\"$PORT\\\"; exec \\\"$@\\\"");
    }

    [Fact]
    public async Task Go_downloads_modules_before_the_source_is_copied()
    {
        var root = await WriteAsync(new() { Runtime = RuntimeName.Go, RuntimeVersion = "1.24" }, ("go.mod", "module x"), ("go.sum", ""), ("main.go", ""));
        var commands = await WriteAsync(new() { Runtime = RuntimeName.Go }, ("go.mod", "module x"), ("cmd/api/main.go", ""), ("lib.go", ""));

        root.ShouldStartWith("FROM golang:1.24 AS build\n");
        root.ShouldContain("COPY source/go.mod source/go.sum ./\nRUN go mod download\nCOPY source/ ./\n");
        root.ShouldContain("RUN go build -o /opt/app/bin/web .\n");
        root.ShouldEndWith("USER 10001:10001\nCMD [\"/opt/app/bin/web\"]\n");
        commands.ShouldContain("RUN go build -o /opt/app/bin/ ./cmd/...\n");
        commands.ShouldEndWith("CMD [\"/opt/app/bin/api\"]\n");
    }

    [Fact]
    public async Task Go_without_a_program_is_the_developers_mistake() =>
        (await Should.ThrowAsync<StepFailedException>(WriteAsync(new() { Runtime = RuntimeName.Go }, ("go.mod", "module x"), ("pkg/a/a.go", ""))))
            .Message.ShouldContain("It has Go files in 'pkg/a'.");

    [Fact]
    public async Task Php_serves_the_public_folder_on_PORT()
    {
        var dockerfile = await WriteAsync(
            new() { Runtime = RuntimeName.Php, RuntimeVersion = "8.3" }, ("composer.json", "{}"), ("composer.lock", "{}"), ("public/index.php", ""));

        dockerfile.ShouldStartWith("FROM composer:2 AS vendor\nWORKDIR /app\nCOPY source/composer.json source/composer.lock ./\nRUN composer install ");
        dockerfile.ShouldContain("\nFROM php:8.3-apache\nENV PORT=8080\n");
        dockerfile.ShouldContain("s!^Listen 80$!Listen ${PORT}!");
        dockerfile.ShouldContain("s!:80>!:${PORT}>!; s!/var/www/html!/app/public!");
    }

    [Theory]
    [InlineData("1\nRUN evil")]
    [InlineData("3.12 AS x")]
    [InlineData("../3")]
    public async Task A_version_that_no_image_could_have_is_refused(string version) =>
        (await Should.ThrowAsync<StepFailedException>(WriteAsync(new() { Runtime = RuntimeName.Python, RuntimeVersion = version }, ("app.py", ""))))
            .Message.ShouldContain("is not a version of Python");

    [Fact]
    public async Task A_static_folder_that_is_not_there_is_named() =>
        (await Should.ThrowAsync<StepFailedException>(WriteAsync(new() { Runtime = RuntimeName.Static, StaticRoot = "dist" }, ("x", ""))))
            .Message.ShouldContain("The folder 'dist'");

    [Theory]
    [InlineData("RUN npm run build\n", "npm", "run", "build")]
    [InlineData("RUN NAME=1 make all\n", "NAME=1", "make", "all")]
    [InlineData("""RUN ["/bin/sh", "-c", "make \"a b\" \"${X:-1}y\" \"\\$(evil)\" \"\\`evil\\`\""]""" + "\n", "make", "a b", "${X:-1}y", "$(evil)", "`evil`")]
    [InlineData("""RUN ["/bin/sh", "-c", "set -f; make $FLAGS \"\\$x\""]""" + "\n", "make", "$FLAGS", "$$x")]
    [InlineData("""RUN ["/bin/sh", "-c", "echo \"a\nUSER root\""]""" + "\n", "echo", "a\nUSER root")]
    public async Task A_build_command_keeps_its_words(string line, params string[] words)
    {
        var dockerfile = await WriteAsync(new() { Runtime = RuntimeName.Process, Command = new CommandLine { Words = words } }, ("x", ""));

        dockerfile.ShouldEndWith("USER 10001:10001\n" + line.Replace("a\nUSER", "a\\nUSER", StringComparison.Ordinal).Replace("\", \"", "\",\"", StringComparison.Ordinal));
    }

    [Fact]
    public void Base_images_are_read_from_a_Dockerfile() =>
        BuildInputs.BaseImages(
            """
            ARG VERSION=3.12
            ARG BASE="alpine"
            FROM --platform=linux/amd64 python:${VERSION}-slim AS one
            FROM one AS two
            from $BASE
            FROM scratch
            COPY --from=two /a /a
            COPY --from=0 /a /a
            COPY --chown=1 --from=registry.example.com/tool:1 /a /a
            """,
            new Dictionary<string, string> { ["VERSION"] = "3.11" }).ShouldBe(["python:3.11-slim", "alpine", "registry.example.com/tool:1"], ignoreOrder: true);

    private static async Task<string> WriteAsync(BuildPlan plan, params (string Path, string Content)[] files)
    {
        using var platform = new TestPlatform();
        var command = await platform.CommandAsync(plan, files);
        await using var archive = await ((IArtifactStore)platform.Store).OpenAsync(command.SourceDigest, TestContext.Current.CancellationToken);
        var tree = await SourceTree.ReadAsync(archive, null, platform.Options, TestContext.Current.CancellationToken);
        return GeneratedDockerfile.For(plan, ContextFiles.Of(tree, plan, null, platform.Log), platform.Options.BaseImages);
    }
}
