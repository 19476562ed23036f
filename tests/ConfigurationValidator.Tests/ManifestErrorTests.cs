using System.Text;
using Paas.Contracts;

namespace Paas.ConfigurationValidator.Tests;

public sealed class ManifestErrorTests
{
    [Theory]
    [InlineData("runtme: python", 1, 1, "Did you mean 'runtime'?")]
    [InlineData("entrypoint: x\nproceses: {}", 2, 1, "Did you mean 'processes'?")]
    [InlineData("xyzzyplugh: 1", 1, 1, "the keys are runtime, entrypoint,")]
    [InlineData("entrypoint: x\nhealth: {path: /, timout: 3}", 2, 19, "in health. Did you mean 'timeout'?")]
    [InlineData("entrypoint: [a, $(b)]", 1, 17, "$NAME")]
    [InlineData("entrypoint: {a: b}", 1, 13, "has to be a command")]
    [InlineData("entrypoint: [a, [b]]", 1, 13, "has to be a command")]
    [InlineData("entrypoint: []", 1, 13, "nothing to start")]
    [InlineData("entrypoint: a\nprocesses: {web: b}", 2, 13, "line 1")]
    [InlineData("processes: [web]", 1, 12, "processes has to be a mapping")]
    [InlineData("processes:\n  a.b: a", 2, 3, "letters, digits, '_' and '-'")]
    [InlineData("processes:\n  a_b: a\n  a-b: b", 3, 3, "would both run as 'a-b'")]
    [InlineData("processes:\n  web: a\n  Web: a", 3, 3, "would both run as 'web'")]
    [InlineData("processes:\n  Release: a", 2, 3, "top level")]
    [InlineData("processes:\n  release: a", 2, 3, "top level")]
    [InlineData("processes:\n  web:", 2, 7, "has to be a command")]
    [InlineData("processes:\n  web: {command: a, scale: 101}", 2, 28, "0 to 100")]
    [InlineData("processes:\n  web: {command: a, scale: -1}", 2, 28, "0 to 100")]
    [InlineData("processes:\n  web: {command: a, scale: two}", 2, 28, "0 to 100")]
    [InlineData("processes:\n  worker: {scale: 2}\n  web: a", 2, 3, "worker has no command")]
    [InlineData("entrypoint: a\nvolumes: [/data]", 2, 10, "volumes has to be a mapping")]
    [InlineData("entrypoint: a\nvolumes: {Data: /data}", 2, 11, "a-z, 0-9")]
    [InlineData("entrypoint: a\nvolumes: {../data: /data}", 2, 11, "name of a volume")]
    [InlineData("entrypoint: a\nvolumes: {/srv: /data}", 2, 11, "name of a volume")]
    [InlineData("entrypoint: a\nvolumes: {data: }", 2, 17, "single text")]
    [InlineData("entrypoint: a\nvolumes: {data: data}", 2, 17, "absolute path")]
    [InlineData("entrypoint: a\nvolumes: {data: /data/../etc}", 2, 17, "without '..'")]
    [InlineData("entrypoint: a\nvolumes: {data: '/data:/etc'}", 2, 17, "absolute path")]
    [InlineData("entrypoint: a\nvolumes: {data: '/srv:/data'}", 2, 17, "absolute path")]
    [InlineData("entrypoint: a\nvolumes: {data: '/a b'}", 2, 17, "absolute path")]
    [InlineData("entrypoint: a\nvolumes: {data: //data}", 2, 17, "absolute path")]
    [InlineData("entrypoint: a\nvolumes: {data: /}", 2, 17, "belongs to the system")]
    [InlineData("entrypoint: a\nvolumes: {data: /app/}", 2, 17, "all of the app")]
    [InlineData("entrypoint: a\nvolumes: {data: /proc/self}", 2, 17, "belongs to the system")]
    [InlineData("entrypoint: a\nvolumes: {data: /etc/app}", 2, 17, "belongs to the system")]
    [InlineData("entrypoint: a\nvolumes: {data: /var/run}", 2, 17, "belongs to the system")]
    [InlineData("entrypoint: a\nvolumes: {a: /data, b: /data/b}", 2, 24, "within each other")]
    [InlineData("entrypoint: a\nvolumes: {a: /1, b: /2, c: /3, d: /4, e: /5, f: /6}", 2, 10, "6 entries and may have 5")]
    [InlineData("runtime: python:3.12; rm", 1, 10, "no version")]
    [InlineData("runtime: docker:1\nbuild: {dockerfile: d}", 1, 10, "has no versions")]
    [InlineData("runtime: [python]", 1, 10, "single text")]
    [InlineData("runtime: process", 1, 10, "entrypoint: ./server")]
    [InlineData("runtime: docker", 1, 10, "no Dockerfile")]
    [InlineData("runtime: static", 1, 10, "no index.html")]
    [InlineData("runtime: static\nentrypoint: a", 2, 13, "starts nothing")]
    [InlineData("entrypoint: a\nhealth: {path: healthz}", 2, 16, "begin with one '/'")]
    [InlineData("entrypoint: a\nhealth: {path: '/a b'}", 2, 16, "without spaces")]
    [InlineData("entrypoint: a\nhealth: {path: //a}", 2, 16, "begin with one '/'")]
    [InlineData("entrypoint: a\nport: 0", 2, 7, "from 1 to 65535")]
    [InlineData("entrypoint: a\nport: 65536", 2, 7, "from 1 to 65535")]
    [InlineData("entrypoint: a\nport: http", 2, 7, "from 1 to 65535")]
    [InlineData("entrypoint: a\nhealth: {timeout: 0}", 2, 19, "1s to 10m")]
    [InlineData("entrypoint: a\nhealth: {timeout: 11m}", 2, 19, "1s to 10m")]
    [InlineData("entrypoint: a\nhealth: {timeout: 1h}", 2, 19, "1s to 10m")]
    [InlineData("entrypoint: a\nhealth: {timeout: 9sm}", 2, 19, "1s to 10m")]
    [InlineData("entrypoint: a\nhealth: /healthz", 2, 9, "health has to be a mapping")]
    [InlineData("static: {root: ../x}", 1, 16, "'..'")]
    [InlineData("static: {root: /etc}", 1, 16, "relative path")]
    [InlineData("static: {root: nowhere}", 1, 16, "no such folder")]
    [InlineData("runtime: python\nentrypoint: a\nstatic: {root: .}", 3, 16, "is for the runtime static")]
    [InlineData("build: {dockerfile: a/../../b}", 1, 21, "'..'")]
    [InlineData("build: {dockerfile: nope}", 1, 21, "no such file")]
    [InlineData("runtime: go\nentrypoint: a\nbuild: {args: {A: b}}", 3, 15, "is for the runtime docker")]
    [InlineData("runtime: docker\nbuild: {dockerfile: d, command: x}", 1, 10, "RUN")]
    [InlineData("build: {dockerfile: d, target: 'a b'}", 1, 32, "a stage")]
    [InlineData("build: {dockerfile: d, args: {a-b: 1}}", 1, 31, "letters, digits")]
    [InlineData("entrypoint: a\nenv: {PORT: 1}", 2, 7, "set by the platform")]
    [InlineData("entrypoint: a\nenv: {PAAS_APP: 1}", 2, 7, "set by the platform")]
    [InlineData("entrypoint: a\nenv: {1A: 1}", 2, 7, "begin with a digit")]
    [InlineData("entrypoint: a\nenv: {A: [1]}", 2, 10, "env.A has to be a single text")]
    [InlineData("entrypoint: a\nenv: [A=1]", 2, 6, "env has to be a mapping")]
    [InlineData("entrypoint: a\nservices: [mongodv]", 2, 12, "Did you mean 'mongodb'?")]
    [InlineData("entrypoint: a\nservices: [oracle-enterprise]", 2, 12, "the services are mongodb, postgres")]
    [InlineData("entrypoint: a\nservices: [postgres, postgresql]", 2, 22, "already in the list")]
    [InlineData("entrypoint: a\nservices: ['redis:a b']", 2, 12, "no version")]
    [InlineData("entrypoint: a\nservices: {redis: [7]}", 2, 11, "list of names")]
    [InlineData("entrypoint: a\nservices: [{redis: {x: 1}}]", 2, 12, "list of names")]
    [InlineData("entrypoint: a\nservices: [{redis: a b}]", 2, 13, "no version")]
    [InlineData("entrypoint: a\nservices: [redis, {redis: 7}]", 2, 20, "already in the list")]
    public async Task An_error_names_its_place_and_what_would_be_right(string manifest, int line, int column, string hint)
    {
        var message = await App.WithManifest(manifest).And("d/x").And("d").FailAsync(FailureReason.ManifestInvalid);
        message.ShouldStartWith($".paas.yml, line {line}, column {column}: ");
        message.ShouldContain(hint);
        message.ShouldNotContain("\n");
    }

    [Theory]
    [InlineData("pyton", "python")]
    [InlineData("Python", "python")]
    [InlineData("nodejs:20", "node")]
    [InlineData("golang", "go")]
    [InlineData("csharp", "dotnet")]
    [InlineData("dockerfile", "docker")]
    public async Task An_unknown_runtime_is_said_to_be_another(string runtime, string meant)
    {
        var message = await App.WithManifest("runtime: " + runtime).FailAsync(FailureReason.RuntimeUnknown);
        message.ShouldStartWith(".paas.yml, line 1, column 10: ");
        message.ShouldContain($"Did you mean '{meant}'?");
        message.ShouldContain("static, python, node, dotnet, go, php, docker, process");
    }

    [Theory]
    [InlineData("a: &x [1]\nb: *x", 1, 4, "anchor")]
    [InlineData("entrypoint: *x", 1, 13, "alias")]
    [InlineData("env: {<<: {A: b}}", 1, 7, "merges")]
    [InlineData("entrypoint: !!python/object/apply:os.system [id]", 1, 13, "tag")]
    [InlineData("entrypoint: !!str x", 1, 13, "tag")]
    [InlineData("entrypoint: ! x", 1, 13, "tag")]
    [InlineData("entrypoint: a\n---\nentrypoint: b", 2, 1, "second document")]
    [InlineData("env:\n\tA: b", 2, 1, "tab")]
    [InlineData("env:\n  \tA: b", 2, 3, "tab")]
    [InlineData("entrypoint: a\nentrypoint: b", 2, 1, "already on line 1")]
    [InlineData("- entrypoint", 1, 1, "not a mapping")]
    [InlineData("entrypoint", 1, 1, "not a mapping")]
    [InlineData("? [a]\n: b", 1, 3, "list or a mapping")]
    [InlineData("entrypoint: 'a", 1, 13, "not valid YAML")]
    [InlineData("runtime: python: 3.12", 1, 16, "not valid YAML")]
    [InlineData("entrypoint: [a", 1, 15, "not valid YAML")]
    [InlineData("entrypoint: a\u0000b", 1, 14, "U+0000")]
    [InlineData("a\nb \u001B[31m", 2, 3, "U+001B")]
    public async Task What_makes_yaml_dangerous_is_refused(string manifest, int line, int column, string hint)
    {
        var message = await App.WithManifest(manifest).FailAsync(FailureReason.ManifestInvalid);
        message.ShouldContain($".paas.yml, line {line}, column {column}: ");
        message.ShouldContain(hint);
    }

    [Fact]
    public async Task Text_that_is_not_utf8_is_refused_at_its_line()
    {
        var latin1 = Encoding.Latin1.GetBytes("runtime: python\nenv: {A: \u00E9}");
        (await new App().And(".paas.yml", latin1).FailAsync(FailureReason.ManifestInvalid)).ShouldStartWith(".paas.yml, line 2, column 10: the file is not UTF-8");
        var utf16 = Encoding.Unicode.GetPreamble().Concat(Encoding.Unicode.GetBytes("runtime: python")).ToArray();
        (await new App().And(".paas.yml", utf16).FailAsync(FailureReason.ManifestInvalid)).ShouldContain("save it as UTF-8");
    }

    [Fact]
    public async Task Deep_nesting_is_refused()
    {
        (await App.WithManifest("env: " + new string('[', 30_000)).FailAsync(FailureReason.ManifestInvalid)).ShouldContain("20 levels");
        (await App.WithManifest(string.Concat(Enumerable.Repeat("- ", 30_000))).FailAsync(FailureReason.ManifestInvalid)).ShouldContain("20 levels");
        (await App.WithManifest(string.Concat(Enumerable.Repeat("? ", 30_000))).FailAsync(FailureReason.ManifestInvalid)).ShouldContain("20 levels");
        (await App.WithManifest(string.Concat(Enumerable.Repeat("{a: ", 15_000))).FailAsync(FailureReason.ManifestInvalid)).ShouldContain("20 levels");
    }

    [Fact]
    public async Task A_billion_laughs_are_refused_without_laughing()
    {
        var bomb = new StringBuilder("a0: &a0 lol\n");
        for (var i = 1; i < 30; i++)
            bomb.Append($"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 9))}]\n");
        (await App.WithManifest(bomb.ToString()).FailAsync(FailureReason.ManifestInvalid)).ShouldContain("'&a0' is an anchor");
    }

    [Theory]
    [InlineData(65 * 1024)]
    [InlineData(10 * 1024 * 1024)]
    public async Task A_manifest_that_is_too_large_is_refused(int size)
    {
        var message = await App.WithManifest("#" + new string('x', size)).FailAsync(FailureReason.ManifestInvalid);
        message.ShouldContain($"{size + 1} bytes and may have 64 KiB");
    }

    [Fact]
    public async Task All_errors_are_told_at_once_in_order()
    {
        var message = await App.WithManifest("static: {root: ..}\nhealth: {path: x, timeout: y}\nfoo: 1\nrelease: a\\\n").FailAsync(FailureReason.ManifestInvalid);
        var lines = message.Split('\n');
        lines[0].ShouldBe(".paas.yml has 5 errors.");
        lines.Skip(1).Select(line => line.Split(": ")[0]).ShouldBe(
        [
            ".paas.yml, line 1, column 16", ".paas.yml, line 2, column 16", ".paas.yml, line 2, column 28",
            ".paas.yml, line 3, column 1", ".paas.yml, line 4, column 11",
        ]);
    }

    [Fact]
    public async Task No_more_than_ten_errors_are_told()
    {
        var manifest = string.Concat(Enumerable.Range(0, 15).Select(i => $"unknown{i}: 1\n"));
        var lines = (await App.WithManifest(manifest).FailAsync(FailureReason.ManifestInvalid)).Split('\n');
        lines.Length.ShouldBe(12);
        lines[^1].ShouldBe("And 5 more.");
    }

    [Fact]
    public async Task Too_many_process_types_are_refused()
    {
        var manifest = "processes:\n" + string.Concat(Enumerable.Range(0, 21).Select(i => $"  p{i}: a\n"));
        (await App.WithManifest(manifest).FailAsync(FailureReason.ManifestInvalid)).ShouldContain("21 entries and may have 20");
        var procfile = string.Concat(Enumerable.Range(0, 21).Select(i => $"p{i}: a\n"));
        (await App.With("Procfile", procfile).FailAsync(FailureReason.ManifestInvalid)).ShouldContain("21 entries and may have 20");
    }

    [Fact]
    public async Task A_long_value_is_quoted_short_and_on_one_line()
    {
        var message = await App.WithManifest("runtime: \"" + new string('x', 5_000) + "\\nevil\"").FailAsync(FailureReason.RuntimeUnknown);
        message.Length.ShouldBeLessThan(300);
        message.ShouldNotContain("\n");
    }
}
