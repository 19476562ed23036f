using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Paas.Contracts.Api;

namespace Paas.EndToEnd.Tests.BadInput;

/// <summary>Names of apps, branches and config vars that would like to be a path, a command or a setting.</summary>
public sealed class NameTests(SharedPlatform shared) : IClassFixture<SharedPlatform>
{
    private Platform Platform => shared.Platform;

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("a/b")]
    [InlineData("a\\b")]
    [InlineData("$(touch marker)")]
    [InlineData("a;touch marker")]
    [InlineData("`touch`")]
    [InlineData("a b")]
    [InlineData("a\nb")]
    [InlineData("shop\n")]
    [InlineData("a\0b")]
    [InlineData("größe")]
    [InlineData("приложение")]
    [InlineData("shоp")] // with a Cyrillic о
    [InlineData("🙂🙂")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("Shop")]
    [InlineData("SHOP")]
    [InlineData("-shop")]
    [InlineData("shop-")]
    [InlineData("1shop")]
    [InlineData("s")]
    [InlineData("shop.evil.example.com")]
    [InlineData("xn--shp-hoa")]
    [InlineData("www")]
    [InlineData("api")]
    [InlineData("admin")]
    [InlineData("localhost")]
    [InlineData("")]
    [InlineData(null)]
    public async Task A_bad_name_of_an_app_is_refused(string? name)
    {
        using var response = await Platform.Http.PostAsJsonAsync("/v1/apps", new CreateAppRequest { Name = name, Repository = "https://git.example.com/acme/shop" });

        await response.ShouldRefuseAsync("name");
    }

    [Theory]
    [InlineData("%2e%2e%2fetc")]
    [InlineData("..%5c..%5cetc")]
    [InlineData("a%00b")]
    [InlineData("%24(touch%20marker)")]
    public async Task A_bad_name_in_a_path_is_an_app_that_is_not_there(string name)
    {
        using var response = await Platform.Http.GetAsync($"/v1/apps/{name}/config-vars");

        ((int)response.StatusCode).ShouldBeInRange(400, 499);
        response.Content.Headers.ContentType?.MediaType.ShouldBe("application/problem+json");
    }

    [Theory]
    [InlineData("main; touch marker")]
    [InlineData("--upload-pack=touch")]
    [InlineData("-b")]
    [InlineData("../main")]
    [InlineData("a..b")]
    [InlineData("main\ntouch")]
    [InlineData("refs/heads/")]
    [InlineData("a^b")]
    [InlineData("")]
    public async Task A_bad_name_of_a_branch_is_refused(string branch)
    {
        using var response = await Platform.Http.PostAsJsonAsync(
            "/v1/apps", new CreateAppRequest { Name = "branched", Repository = "https://git.example.com/acme/shop", Branch = branch });

        await response.ShouldRefuseAsync("branch");
    }

    [Fact]
    public async Task Shell_characters_that_git_allows_in_a_branch_are_only_characters()
    {
        var marker = Path.Combine(Platform.DataDirectory, "marker");
        var branch = $"feature/$(touch${{IFS}}{marker});`touch${{IFS}}{marker}`|touch&>\"x\"'y'";
        using var repository = Repository.Static("only characters");
        repository.Git("branch", "-m", branch);
        using var created = await Platform.Http.PostAsJsonAsync("/v1/apps", new CreateAppRequest { Name = "characters", Repository = repository.Url, Branch = branch });
        created.StatusCode.ShouldBe(HttpStatusCode.Created, await created.Content.ReadAsStringAsync());
        var app = (await created.Content.ReadFromJsonAsync<AppResponse>())!;

        using var push = await Platform.PushAsync(repository, app.WebhookSecret, @ref: "refs/heads/" + branch);
        push.StatusCode.ShouldBe(HttpStatusCode.Accepted, await push.Content.ReadAsStringAsync());
        var byPush = await Platform.EndOfAsync(await Platform.DeploymentOfAsync("characters", repository.Head));
        var byRef = await Platform.DeployAsync("characters", new CreateDeploymentRequest { Ref = branch });

        byPush.State.ShouldBe(DeploymentStates.Succeeded, await Platform.LogAsync(byPush.Id));
        byRef.State.ShouldBe(DeploymentStates.Succeeded, await Platform.LogAsync(byRef.Id));
        (await Platform.GetAppAsync("characters")).Body.ShouldBe("only characters");
        File.Exists(marker).ShouldBeFalse();
    }

    [Fact]
    public async Task A_bad_ref_is_refused()
    {
        using var repository = Repository.Static("refs");
        await Platform.CreateAppAsync("refs", repository);
        foreach (var reference in new[] { "--upload-pack=touch", "main; touch x", "main:refs/heads/x", "../../etc" })
        {
            using var response = await Platform.Http.PostAsJsonAsync("/v1/apps/refs/deployments", new CreateDeploymentRequest { Ref = reference });
            await response.ShouldRefuseAsync("ref");
        }

        using var commit = await Platform.Http.PostAsJsonAsync("/v1/apps/refs/deployments", new CreateDeploymentRequest { Commit = "HEAD~1" });
        await commit.ShouldRefuseAsync("commit");
    }

    [Theory]
    [InlineData("PORT", "set by the platform")]
    [InlineData("PAAS_X", "set by the platform")]
    [InlineData("PAAS_RELEASE", "set by the platform")]
    [InlineData("A=B", "letters, digits and underscores")]
    [InlineData("A\nB", "letters, digits and underscores")]
    [InlineData("A\n", "letters, digits and underscores")]
    [InlineData("A B", "letters, digits and underscores")]
    [InlineData("$(id)", "letters, digits and underscores")]
    [InlineData("1A", "letters, digits and underscores")]
    [InlineData("GRÖSSE", "letters, digits and underscores")]
    [InlineData("", "letters, digits and underscores")]
    public async Task A_bad_name_of_a_config_var_is_refused_and_nothing_of_the_change_is_kept(string name, string words)
    {
        var app = "vars-" + Guid.NewGuid().ToString("N")[..8];
        using var repository = Repository.Static(app);
        await Platform.CreateAppAsync(app, repository);

        using var response = await Platform.Http.PatchAsJsonAsync($"/v1/apps/{app}/config-vars", new Dictionary<string, string> { ["GOOD"] = "value", [name] = "value" });

        await response.ShouldRefuseAsync(name.Replace('\n', '?'), words);
        (await Platform.Http.GetFromJsonAsync<ConfigVarsResponse>($"/v1/apps/{app}/config-vars"))!.Items.ShouldBeEmpty();
    }
}

internal static class RefusalAssertions
{
    /// <summary>The answer is 400 and names the field, with a sentence that has these words.</summary>
    public static async Task ShouldRefuseAsync(this HttpResponseMessage response, string field, params string[] words)
    {
        var body = await response.Content.ReadAsStringAsync();
        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest, body);
        var problem = JsonDocument.Parse(body).RootElement;
        var sentence = problem.GetProperty("errors").GetProperty(field)[0].GetString()!;
        sentence.ShouldBe(problem.GetProperty("detail").GetString());
        sentence.TrimEnd().ShouldEndWith(".");
        sentence.Any(char.IsControl).ShouldBeFalse();
        foreach (var word in words)
            sentence.ShouldContain(word);
    }
}
