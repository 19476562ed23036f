using System.IO.Compression;
using Paas.Contracts;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Steps;

namespace Paas.ImageBuilder.Tests;

public sealed class PythonTests : IDisposable
{
    private readonly TestPlatform _platform = new();

    public PythonTests()
    {
        var wheels = _platform.Folder("wheels");
        using (var wheel = ZipFile.Open(Path.Combine(wheels, "greeter-1.0-py3-none-any.whl"), ZipArchiveMode.Create))
        {
            Add(wheel, "greeter/__init__.py", "def main():\n    print('greetings')\n");
            Add(wheel, "greeter-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: greeter\nVersion: 1.0\n");
            Add(wheel, "greeter-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n");
            Add(wheel, "greeter-1.0.dist-info/entry_points.txt", "[console_scripts]\ngreet = greeter:main\n");
            Add(wheel, "greeter-1.0.dist-info/RECORD", "greeter/__init__.py,,\ngreeter-1.0.dist-info/METADATA,,\ngreeter-1.0.dist-info/WHEEL,,\ngreeter-1.0.dist-info/entry_points.txt,,\ngreeter-1.0.dist-info/RECORD,,\n");
        }

        _platform.Host["PIP_NO_INDEX"] = "1";
        _platform.Host["PIP_FIND_LINKS"] = wheels;
        _platform.Host["PYTHONPATH"] = "/of/the/platform";
    }

    public void Dispose() => _platform.Dispose();

    [Fact]
    public async Task Requirements_that_ask_for_nothing_start_no_pip()
    {
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Python), ("requirements.txt", "# nothing yet\n\n"), ("app.py", "print('hi')"));

        var moved = await _platform.BuildAndMoveAsync(command);

        (await _platform.RunAsync(moved, RuntimeName.Python, "python", "app.py")).ShouldBe("hi");
        _platform.Log.Text.ShouldContain("requirements.txt asks for nothing");
        _platform.Log.Text.ShouldNotContain("pip");
    }

    [Fact]
    public async Task A_slug_built_in_one_folder_runs_in_another()
    {
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Python),
            ("requirements.txt", "greeter==1.0\n"),
            ("app.py", "import greeter, os, sys\ngreeter.main()\nprint(greeter.__file__, __import__('importlib.util').util.cache_from_source(greeter.__file__), sep='\\n')\n"));

        var moved = await _platform.BuildAndMoveAsync(command);

        var printed = (await _platform.RunAsync(moved, RuntimeName.Python, "python", "app.py")).Split('\n');
        printed[0].ShouldBe("greetings");
        printed[1].ShouldBe(Path.Combine(moved, ".paas/python/greeter/__init__.py"));
        File.Exists(printed[2]).ShouldBeTrue("packages are compiled by the build");
        (await _platform.RunAsync(moved, RuntimeName.Python, "greet")).ShouldBe("greetings");
        (await _platform.RunAsync(moved, RuntimeName.Python, "python3", "app.py")).ShouldStartWith("greetings");
        Directory.Exists(Path.Combine(_platform.DataDirectory, "cache/pip", command.AppId.ToString())).ShouldBeTrue();
    }

    [Fact]
    public async Task Nothing_in_a_slug_names_the_folder_it_was_built_in()
    {
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Python), ("requirements.txt", "greeter\n"));

        var moved = await _platform.BuildAndMoveAsync(command);

        foreach (var file in Directory.GetFiles(moved, "*", SearchOption.AllDirectories))
            System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(file)).ShouldNotContain(_platform.BuildOf(command).ImageId, Case.Insensitive, file);
    }

    [Fact]
    public async Task The_same_sources_make_the_same_slug()
    {
        var digests = new List<string>();
        foreach (var deployment in new[] { Guid.NewGuid(), Guid.NewGuid() })
        {
            var command = (await _platform.CommandAsync(Plan.Of(RuntimeName.Python), ("requirements.txt", "greeter\n"))) with { DeploymentId = deployment };
            await _platform.Builder().BuildAsync(command, _platform.Log, TestContext.Current.CancellationToken);
            digests.Add(await _platform.Store.SaveAsync(stream => SlugArchive.PackAsync(_platform.BuildOf(command).Slug, stream, default), default));
        }

        digests[1].ShouldBe(digests[0]);
    }

    [Fact]
    public async Task The_build_command_finds_the_packages()
    {
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Python, "python", "-c", "import greeter; greeter.main()"), ("requirements.txt", "greeter\n"));

        await _platform.BuildAndMoveAsync(command);

        _platform.Log.Text.ShouldContain("       greetings");
    }

    [Fact]
    public async Task Dependencies_of_pyproject_are_installed()
    {
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Python),
            ("pyproject.toml", "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['greeter>=1']\n"), ("a/__init__.py", ""), ("b/__init__.py", ""));

        var moved = await _platform.BuildAndMoveAsync(command);

        (await _platform.RunAsync(moved, RuntimeName.Python, "greet")).ShouldBe("greetings");
    }

    [Fact]
    public async Task A_pyproject_with_nothing_but_settings_of_tools_asks_for_nothing()
    {
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Python), ("pyproject.toml", "[tool.ruff]\nline-length = 100\n"));

        await _platform.BuildAndMoveAsync(command);
    }

    [Fact]
    public async Task A_package_that_does_not_exist_fails_the_build()
    {
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Python), ("requirements.txt", "no-such-package==9\n"));

        var failure = await Should.ThrowAsync<StepFailedException>(_platform.BuildAndMoveAsync(command));

        failure.Reason.ShouldBe(FailureReason.BuildFailed);
        failure.Message.ShouldContain("pip install");
        _platform.Log.Text.ShouldContain("no-such-package");
    }

    [Fact]
    public async Task Without_caches_nothing_is_kept()
    {
        var command = (await _platform.CommandAsync(Plan.Of(RuntimeName.Python), ("requirements.txt", "greeter\n"))) with { NoCache = true };

        await _platform.BuildAndMoveAsync(command);

        Directory.Exists(Path.Combine(_platform.DataDirectory, "cache")).ShouldBeFalse();
    }

    [Fact]
    public async Task Another_version_than_the_one_asked_for_is_used_with_a_warning()
    {
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Python) with { RuntimeVersion = "3.99" }, ("app.py", ""));

        await _platform.BuildAndMoveAsync(command);

        _platform.Log.Text.ShouldContain(" !     Python 3.99 is asked for and not installed on this machine: 3.");
    }

    [Fact]
    public async Task A_shim_that_leads_nowhere_does_not_count()
    {
        var shims = _platform.Folder("shims");
        foreach (var name in new[] { "python3.99", "python3" })
        {
            File.WriteAllText(Path.Combine(shims, name), "#!/bin/sh\necho 'command not found' >&2\nexit 127\n");
            File.SetUnixFileMode(Path.Combine(shims, name), (UnixFileMode)Convert.ToInt32("755", 8));
        }

        _platform.Host["PATH"] = $"{shims}:{_platform.Host["PATH"]}";
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.Python) with { RuntimeVersion = "3.99" }, ("app.py", "print('works')"));

        var moved = await _platform.BuildAndMoveAsync(command);

        (await _platform.RunAsync(moved, RuntimeName.Python, "python", "app.py")).ShouldBe("works");
    }

    [Theory]
    [InlineData(RuntimeName.Python, "python3")]
    [InlineData(RuntimeName.Node, "nodejs")]
    [InlineData(RuntimeName.DotNet, ".NET SDK")]
    public async Task A_runtime_that_is_not_installed_is_named_with_what_to_do(string runtime, string install)
    {
        _platform.Host["PATH"] = _platform.Folder("empty");
        var command = await _platform.CommandAsync(Plan.Of(runtime), ("x", ""));

        var failure = await Should.ThrowAsync<StepFailedException>(_platform.BuildAndMoveAsync(command));

        failure.Reason.ShouldBe(FailureReason.RuntimeNotInstalled);
        failure.Message.ShouldContain(install);
        failure.Message.ShouldContain("Ask the operator to install");
    }

    private static void Add(ZipArchive archive, string name, string content)
    {
        using var writer = new StreamWriter(archive.CreateEntry(name).Open());
        writer.Write(content);
    }
}
