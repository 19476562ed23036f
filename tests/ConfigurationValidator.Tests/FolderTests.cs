using Paas.Contracts;

namespace Paas.ConfigurationValidator.Tests;

/// <summary>Apps in a folder of their repository.</summary>
public sealed class FolderTests
{
    private const string Start = """{"scripts":{"start":"node server.js"}}""";

    [Theory]
    [InlineData("build: {context: server}")]
    [InlineData("runtime: node\nbuild: {context: ./server/}")]
    [InlineData("root: server")]
    [InlineData("root: server\nruntime: node")]
    public async Task The_manifest_names_the_folder(string manifest)
    {
        var app = App.WithManifest(manifest).And("server/package.json", Start).And("server/server.js").And("client/package.json", "{}").And("app.py").On(Target.Local);

        var plan = await app.PlanAsync();

        (plan.Build.Runtime, plan.Build.Context, plan.Web()).ShouldBe(("node", "server", "npm start"));
        app.Log.Lines.ShouldContain("       Building the folder server");
    }

    [Theory]
    [InlineData(Target.Local)]
    [InlineData(Target.Docker)]
    public async Task Two_apps_of_one_repository_have_folders_of_their_own(string target)
    {
        var repository = App.With("services/api/requirements.txt").And("services/api/main.py").And("services/api/Procfile", "web: python main.py --api")
            .And("services/site/.paas.yml", "static: {root: public}").And("services/site/public/index.html").And("README.md").On(target);

        var api = await repository.In("services/api").PlanAsync();
        var site = await repository.In("services/site/").PlanAsync();

        (api.Build.Context, api.Web()).ShouldBe(("services/api", "python main.py --api"));
        (site.Build.Context, site.Build.StaticRoot, site.Run.Runtime).ShouldBe(("services/site", "public", "static"));
    }

    [Fact]
    public async Task The_repositorys_manifest_is_for_all_folders_without_one_of_their_own()
    {
        var repository = App.WithManifest("root: elsewhere\nenv: {A: b}").And("a/app.py").And("a/requirements.txt").And("b/.paas.yaml", "env: {A: c}").And("b/app.py").And("elsewhere/x");

        (await repository.In("a").PlanAsync()).Run.Env["A"].ShouldBe("b");
        (await repository.In("b").PlanAsync()).Run.Env["A"].ShouldBe("c");
        repository.Log.ToString().ShouldContain("'root' of .paas.yml is not used: the app's own root is a.");
    }

    [Fact]
    public async Task A_Dockerfile_counts_from_the_folder()
    {
        var plan = await App.With("api/Dockerfile").And("api/docker/prod.Dockerfile").And("api/.paas.yml", "build: {context: src, dockerfile: docker/prod.Dockerfile}").And("api/src/x").In("api").PlanAsync();

        (plan.Build.Dockerfile, plan.Build.Context).ShouldBe(("api/docker/prod.Dockerfile", "api/src"));
        (await App.With("api/Dockerfile").In("api").PlanAsync()).Build.Dockerfile.ShouldBe("api/Dockerfile");
    }

    [Fact]
    public async Task A_context_with_a_Dockerfile_of_its_own_is_built_by_it() =>
        (await App.WithManifest("build: {context: web}").And("web/Dockerfile").PlanAsync()).Build.Dockerfile.ShouldBe("web/Dockerfile");

    [Theory]
    [InlineData("root: ../other", "without '..'")]
    [InlineData("root: /etc", "relative path")]
    [InlineData("root: nowhere", "the repository has no such folder")]
    [InlineData("root: link", "the repository has no such folder")]
    [InlineData("build: {context: link}", "the repository has no such folder")]
    public async Task No_folder_leads_out_of_the_repository(string manifest, string said) =>
        (await App.WithManifest(manifest).And("app.py").AndLink("link", "/etc").FailAsync(FailureReason.ManifestInvalid)).ShouldContain(said);

    [Theory]
    [InlineData("nowhere")]
    [InlineData("../x")]
    [InlineData("link")]
    public async Task An_app_whose_folder_is_gone_says_how_to_correct_it(string root) =>
        (await App.With("app.py").AndLink("link", "/etc").In(root).FailAsync(FailureReason.ManifestInvalid)).ShouldContain("paas apps update APP --root FOLDER");
}
