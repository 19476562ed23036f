using Paas.Contracts;

namespace Paas.ConfigurationValidator.Tests;

public sealed class LockFileTests
{
    private const string Poetry = "[tool.poetry]\npackage-mode = false\n[tool.poetry.dependencies]\npython = \"^3.11\"\ntinylib = \"^1.0\"\n";

    [Theory]
    [InlineData("poetry.lock", "pyproject.toml", Target.Docker, "poetry export")]
    [InlineData("poetry.lock", "pyproject.toml", Target.Local, "poetry export")]
    [InlineData("pdm.lock", "pyproject.toml", Target.Kubernetes, "pdm export")]
    [InlineData("Pipfile.lock", "Pipfile", Target.Docker, "pipenv requirements")]
    [InlineData("uv.lock", "pyproject.toml", Target.Local, "uv export")]
    public async Task A_lock_file_that_is_not_installed_from_is_refused_with_the_way_to_export_it(string file, string project, string target, string export)
    {
        var message = await App.With(file, "").And(project, "[project]\n").And("app.py").On(target).FailAsync(FailureReason.NotSupportedByTarget);

        message.ShouldContain(file);
        message.ShouldContain(export);
    }

    [Theory]
    [InlineData("poetry.lock")]
    [InlineData("uv.lock")]
    public async Task Next_to_requirements_a_lock_file_is_told_not_to_count(string file)
    {
        var app = App.With(file).And("requirements.txt").And("pyproject.toml").And("app.py");
        await app.PlanAsync();
        app.Log.ToString().ShouldContain($"{file} is not read: requirements.txt says what is installed.");
    }

    [Theory]
    [InlineData(Target.Docker)]
    [InlineData(Target.Kubernetes)]
    public async Task Where_uv_installs_its_lock_file_is_right(string target)
    {
        var app = App.With("uv.lock").And("pyproject.toml", "[project]\n").And("app.py").On(target);
        await app.PlanAsync();
        app.Log.ToString().ShouldNotContain("uv.lock");
    }

    [Fact]
    public async Task Dependencies_that_only_Poetry_reads_are_refused_without_a_lock_file_as_well() =>
        (await App.With("pyproject.toml", Poetry).And("app.py").FailAsync(FailureReason.NotSupportedByTarget)).ShouldContain("poetry export");

    [Fact]
    public async Task A_package_of_Poetry_is_one_that_pip_installs() =>
        await App.With("pyproject.toml", "[tool.poetry]\nname = 'x'\n[build-system]\n").And("app.py").PlanAsync();

    [Theory]
    [InlineData("bun.lock")]
    [InlineData("bun.lockb")]
    public async Task A_lock_file_of_Bun_is_refused_unless_there_is_another(string file)
    {
        (await App.With("package.json", "{}").And("index.js").And(file).FailAsync(FailureReason.NotSupportedByTarget)).ShouldContain("package-lock.json");
        var both = App.With("package.json", "{}").And("index.js").And(file).And("yarn.lock");
        await both.PlanAsync();
        both.Log.ToString().ShouldContain($"{file} is not read: yarn.lock says what is installed.");
    }
}
