using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Paas.Contracts.Api;

namespace Paas.Gateway.Tests;

/// <summary>What people call a deployment, and the platform at a glance.</summary>
public sealed class DeploymentNameTests : IAsyncLifetime
{
    private GatewayHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await GatewayHost.StartAsync();
        await _host.CreateAppAsync("shop");
        await _host.CreateAppAsync("other", "https://github.com/acme/other");
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Deployments_are_counted_for_each_app_and_found_by_name()
    {
        await DeployAsync("shop");
        await DeployAsync("other");
        var second = await DeployAsync("shop");

        second.Number.ShouldBe(2);
        second.Name.ShouldBe("shop#2");
        (await _host.Client.GetFromJsonAsync<DeploymentResponse>("/v1/deployments/shop%232"))!.Id.ShouldBe(second.Id);
        (await _host.Client.GetFromJsonAsync<DeploymentResponse>($"/v1/deployments/{second.Id}"))!.Name.ShouldBe("shop#2");
        (await _host.Client.GetAsync("/v1/deployments/shop%232/logs")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await _host.Client.PostAsync("/v1/deployments/other%231/cancel", null)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        (await _host.Client.GetAsync("/v1/admin/faults/shop%232")).StatusCode.ShouldBe(HttpStatusCode.Conflict);
    }

    [Theory]
    [InlineData("shop%239", ProblemCodes.DeploymentUnknown)]
    [InlineData("shop%23", ProblemCodes.DeploymentUnknown)]
    [InlineData("shop%230", ProblemCodes.DeploymentUnknown)]
    [InlineData("shop%2399999999999", ProblemCodes.DeploymentUnknown)]
    [InlineData("shop", ProblemCodes.DeploymentUnknown)]
    [InlineData("nope%231", ProblemCodes.AppUnknown)]
    public async Task A_deployment_that_is_not_there_is_not_found(string name, string code)
    {
        var answer = await _host.Client.GetAsync($"/v1/deployments/{name}");

        answer.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>();
        problem.GetProperty("code").GetString().ShouldBe(code);
        problem.GetProperty("detail").GetString()!.ShouldNotContain("GET ");
        problem.GetProperty("remedy").GetString()!.ShouldContain("GET ");
    }

    [Fact]
    public async Task An_app_s_name_that_is_mistyped_is_recognized() =>
        (await (await _host.Client.GetAsync("/v1/apps/shpo")).Content.ReadAsStringAsync()).ShouldContain("Did you mean 'shop'?");

    [Fact]
    public async Task The_status_of_a_busy_platform_is_smaller_than_2_kilobytes()
    {
        for (var i = 0; i < 25; i++)
            await DeployAsync("shop");

        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/status");
        request.Headers.AcceptEncoding.ParseAdd("gzip");
        using var answer = await _host.Client.SendAsync(request);
        var bytes = await answer.Content.ReadAsByteArrayAsync();
        var status = (await JsonSerializer.DeserializeAsync<StatusResponse>(
            new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress), JsonSerializerOptions.Web))!;

        bytes.Length.ShouldBeLessThan(1_500);
        status.InProgress.ShouldBe(25);
        status.Deployments[0].Name.ShouldBe("shop#25");
        status.Faults.ShouldBe(0);
        status.Caller.ShouldNotBeEmpty();
    }

    [Fact]
    public async Task A_change_of_config_vars_tells_what_it_changed_and_their_values_can_be_read()
    {
        using var first = await _host.Client.PatchAsJsonAsync("/v1/apps/shop/config-vars", new Dictionary<string, string?> { ["KEY"] = "a value of some length", ["OTHER"] = "x" });
        var set = (await first.Content.ReadFromJsonAsync<ConfigVarsResponse>())!;
        using var second = await _host.Client.PatchAsJsonAsync("/v1/apps/shop/config-vars", new Dictionary<string, string?> { ["KEY"] = "a value of some length", ["GONE"] = null });
        var same = (await second.Content.ReadFromJsonAsync<ConfigVarsResponse>())!;

        set.Changed.ShouldBe(["KEY", "OTHER"]);
        set.IsLive.ShouldBe(false);
        same.Changed.ShouldBe([]);
        (await _host.Client.GetStringAsync("/v1/apps/shop/config-vars")).ShouldNotContain("a value of some length");
        var read = (await _host.Client.GetFromJsonAsync<ConfigVarsResponse>("/v1/apps/shop/config-vars?values=true"))!;
        read.Items.Select(item => (item.Name, item.Value)).ShouldBe([("KEY", "a value of some length"), ("OTHER", "x")]);
    }

    private async Task<DeploymentResponse> DeployAsync(string app)
    {
        using var answer = await _host.Client.PostAsJsonAsync($"/v1/apps/{app}/deployments", new { });
        return (await answer.Content.ReadFromJsonAsync<DeploymentResponse>())!;
    }
}
