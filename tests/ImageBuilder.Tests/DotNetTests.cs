using Paas.Contracts;
using Paas.Hosting.Steps;

namespace Paas.ImageBuilder.Tests;

public sealed class DotNetTests : IDisposable
{
    private const string Web = """
        <Project Sdk="Microsoft.NET.Sdk.Web">
          <PropertyGroup><TargetFramework>net10.0</TargetFramework><ImplicitUsings>enable</ImplicitUsings></PropertyGroup>
        </Project>
        """;

    // Prints its settings and its content root, and how a path looks in a stack trace.
    private const string Program = """
        var app = WebApplication.CreateBuilder(args).Build();
        Console.WriteLine(app.Configuration["Greeting"]);
        Console.WriteLine(app.Environment.ContentRootPath);
        Console.WriteLine(new System.Diagnostics.StackTrace(true).GetFrame(0)!.GetFileName());
        """;

    private readonly TestPlatform _platform = new();

    public void Dispose() => _platform.Dispose();

    [Fact]
    public async Task A_slug_built_in_one_folder_runs_in_another()
    {
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.DotNet),
            ("src/Shop/Shop.csproj", Web), ("src/Shop/Program.cs", Program), ("src/Shop/appsettings.json", """{ "Greeting": "greetings" }"""),
            ("src/Shared/Shared.csproj", """<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup></Project>"""));

        // A project looks for these in all folders above it, and those are the platform's.
        Directory.CreateDirectory(_platform.DataDirectory);
        File.WriteAllText(Path.Combine(_platform.DataDirectory, "Directory.Build.props"), "<Project><PropertyGroup><TargetFramework>nonsense</TargetFramework></PropertyGroup></Project>");
        File.WriteAllText(Path.Combine(_platform.DataDirectory, "global.json"), """{ "sdk": { "version": "99.0.100" } }""");
        var moved = await _platform.BuildAndMoveAsync(command);

        var printed = (await _platform.RunAsync(moved, RuntimeName.DotNet, "dotnet", ".paas/publish/Shop.dll")).Split('\n');
        printed.ShouldBe(["greetings", Path.Combine(moved, ".paas/publish"), "/app/src/Shop/Program.cs"]);
        Directory.Exists(Path.Combine(moved, "src/Shop/obj")).ShouldBeFalse();
        _platform.Owner.KillLeftovers().ShouldBe(0);
    }

    [Fact]
    public async Task Code_that_does_not_compile_fails_the_build()
    {
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.DotNet), ("Shop.csproj", Web), ("Program.cs", "this is not C#"));

        var failure = await Should.ThrowAsync<StepFailedException>(_platform.BuildAndMoveAsync(command));

        failure.Reason.ShouldBe(FailureReason.BuildFailed);
        failure.Message.ShouldContain("dotnet publish Shop.csproj");
        _platform.Log.Text.ShouldContain("       Program.cs(1,");
        Directory.EnumerateDirectories(Path.Combine(_platform.DataDirectory, "builds")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Several_programs_are_named()
    {
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.DotNet), ("a/A.csproj", Web), ("b/B.csproj", Web));

        var failure = await Should.ThrowAsync<StepFailedException>(_platform.BuildAndMoveAsync(command));

        failure.Message.ShouldContain("'a/A.csproj', 'b/B.csproj'");
    }

    [Fact]
    public async Task A_newer_version_than_the_machine_has_is_told()
    {
        var command = await _platform.CommandAsync(Plan.Of(RuntimeName.DotNet) with { RuntimeVersion = "99.0" }, ("Shop.csproj", Web));

        var failure = await Should.ThrowAsync<StepFailedException>(_platform.BuildAndMoveAsync(command));

        failure.Reason.ShouldBe(FailureReason.RuntimeNotInstalled);
        failure.Message.ShouldContain("99.0");
    }
}
