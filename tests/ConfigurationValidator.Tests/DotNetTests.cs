using Paas.Contracts;

namespace Paas.ConfigurationValidator.Tests;

public sealed class DotNetTests
{
    private const string Web = """<Project Sdk="Microsoft.NET.Sdk.Web"><PropertyGroup><TargetFramework>net9.0</TargetFramework></PropertyGroup></Project>""";
    private const string Library = """<Project Sdk="Microsoft.NET.Sdk" />""";

    [Fact]
    public async Task A_project_in_the_root_is_published_and_started()
    {
        var app = App.With("Hello.Web.csproj", Web).On(Target.Local);
        var plan = await app.PlanAsync();
        plan.Build.Runtime.ShouldBe("dotnet");
        plan.Build.RuntimeVersion.ShouldBe("9.0");
        plan.Build.Context.ShouldBeNull();
        plan.Process("web").Command!.Words.ShouldBe(["dotnet", ".paas/publish/Hello.Web.dll"]);
        app.Log.Lines[0].ShouldBe("-----> .NET 9.0 app detected (Hello.Web.csproj)");
    }

    [Theory]
    [InlineData("<AssemblyName>shop</AssemblyName>", "shop")]
    [InlineData("<AssemblyName>My.$(MSBuildProjectName)</AssemblyName>", "My.App")]
    [InlineData("", "App")]
    public async Task The_name_of_the_assembly_is_read(string property, string assembly) =>
        (await App.With("App.fsproj", $"<Project><PropertyGroup>{property}</PropertyGroup></Project>").PlanAsync())
            .Web().ShouldBe($"dotnet .paas/publish/{assembly}.dll");

    [Fact]
    public async Task A_computed_name_has_to_be_said() =>
        (await App.With("A.csproj", "<Project><PropertyGroup><AssemblyName>$(X)</AssemblyName></PropertyGroup></Project>")
            .FailAsync(FailureReason.RuntimeNotDetected)).ShouldContain("dotnet .paas/publish/Web.dll");

    [Fact]
    public async Task The_only_web_project_below_is_found()
    {
        var plan = await App.With("src/Lib/Lib.csproj", Library).And("src/Web/Web.csproj", Web)
            .And("Directory.Build.props", "<Project><PropertyGroup><AssemblyName>Shop.$(MSBuildProjectName)</AssemblyName></PropertyGroup></Project>").PlanAsync();
        plan.Build.Context.ShouldBeNull();
        plan.Web().ShouldBe("dotnet .paas/publish/Shop.Web.dll");
    }

    [Fact]
    public async Task The_only_program_is_found_but_not_a_test_of_it()
    {
        const string Program = """<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><OutputType>Exe</OutputType></PropertyGroup></Project>""";
        const string Test = """<Project Sdk="Microsoft.NET.Sdk.Web"><PropertyGroup><IsTestProject>true</IsTestProject></PropertyGroup></Project>""";
        var plan = await App.WithManifest("runtime: dotnet").And("a/A.csproj", Program).And("t/T.csproj", Test).And("l/L.csproj", Library).PlanAsync();
        plan.Web().ShouldBe("dotnet .paas/publish/A.dll");
    }

    [Fact]
    public async Task Several_web_projects_have_to_be_told_apart()
    {
        var app = App.With("a/A.csproj", Web).And("b/B.csproj", Web);
        var message = await app.FailAsync(FailureReason.RuntimeNotDetected);
        message.ShouldContain("a/A.csproj, b/B.csproj");
        message.ShouldContain("build: {context: src/Web}");
        (await app.And(".paas.yml", "runtime: dotnet\nbuild: {context: b}").PlanAsync()).Web().ShouldBe("dotnet .paas/publish/B.dll");
    }

    [Theory]
    [InlineData("""{"sdk": {"version": "8.0.100"}}""", "8.0")]
    [InlineData("{ /* none */ }", null)]
    public async Task The_version_may_come_from_global_json(string global, string? version) =>
        (await App.With("A.csproj", Library).And("global.json", global).PlanAsync()).Build.RuntimeVersion.ShouldBe(version);

    [Theory]
    [InlineData("<Project><a></Project>")]
    [InlineData("<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><Project>&e;</Project>")]
    [InlineData("")]
    public async Task A_broken_project_names_its_place(string project) =>
        (await App.With("A.csproj", project).FailAsync(FailureReason.ManifestInvalid)).ShouldStartWith("A.csproj, line 1, column ");

    [Fact]
    public async Task A_project_of_endless_depth_does_no_harm()
    {
        var deep = string.Concat(Enumerable.Repeat("<a>", 30_000)) + string.Concat(Enumerable.Repeat("</a>", 30_000));
        (await App.With("A.csproj", deep).FailAsync(FailureReason.ManifestInvalid)).ShouldContain("A.csproj");
    }

    [Fact]
    public async Task A_dotnet_app_without_a_project_is_told_so() =>
        (await App.WithManifest("runtime: dotnet").FailAsync(FailureReason.RuntimeNotDetected)).ShouldContain("no project");
}
