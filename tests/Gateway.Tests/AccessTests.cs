using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Paas.Gateway.Access;

namespace Paas.Gateway.Tests;

public sealed class AccessTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("Bearer")]
    [InlineData("Bearer wrong")]
    [InlineData("Bearer ")]
    [InlineData("Basic YWRtaW46YWRtaW4=")]
    public async Task Without_a_token_the_api_is_closed(string? authorization)
    {
        await using var host = await GatewayHost.StartAsync();
        using var stranger = host.NewClient();
        foreach (var path in (string[])["/v1/apps", "/v1/nothing", "/V1/apps", "/v1/admin/faults"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            if (authorization is not null)
                request.Headers.TryAddWithoutValidation("Authorization", authorization);
            var answer = await stranger.SendAsync(request);
            answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
            answer.Headers.WwwAuthenticate.Single().Scheme.ShouldBe("Bearer");
            answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        }
    }

    [Fact]
    public async Task The_operators_token_is_made_once_and_only_its_hash_is_kept()
    {
        var folder = Directory.CreateTempSubdirectory("paas-access-");
        try
        {
            string token;
            await using (var first = await GatewayHost.StartAsync(folder: folder))
            {
                token = first.Token;
                token.ShouldStartWith("paas_");
                token.Length.ShouldBe(5 + 43);
                (await first.WithDbAsync(db => db.AccessTokens.SingleAsync())).Hash.ShouldBe(AccessTokens.Hash(token));
            }

            await using (var second = await GatewayHost.StartAsync(folder: folder))
            {
                second.Token.ShouldBeEmpty();
                (await StatusAsync(second, token)).ShouldBe(200);
            }

            // One that is set takes its place, so that one that has got about can be replaced.
            const string given = "the operator's own token";
            await using var third = await GatewayHost.StartAsync(new() { ["Paas:AdminToken"] = given }, folder);
            third.Token.ShouldBeEmpty();
            (await StatusAsync(third, given)).ShouldBe(200);
            (await StatusAsync(third, token)).ShouldBe(401);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Tokens_cost_no_query_each()
    {
        await using var host = await GatewayHost.StartAsync();
        (await StatusAsync(host, host.Token)).ShouldBe(200);
        await host.WithDbAsync(async db => await db.Database.ExecuteSqlRawAsync("DROP TABLE access_tokens"));
        for (var i = 0; i < 10; i++)
            (await StatusAsync(host, host.Token)).ShouldBe(200);
    }

    [Fact]
    public async Task The_command_line_on_the_same_machine_finds_its_way_in()
    {
        var folder = Directory.CreateTempSubdirectory("paas-access-");
        try
        {
            var file = Path.Combine(folder.FullName, "local-access.json");
            await using (var host = await GatewayHost.StartAsync(folder: folder, services: services => services.AddLocalAccess()))
            {
                using var content = JsonDocument.Parse(await File.ReadAllTextAsync(file));
                var root = content.RootElement;
                root.GetProperty("url").GetString().ShouldBe(host.Url.ToString().TrimEnd('/'));
                root.GetProperty("processId").GetInt32().ShouldBe(Environment.ProcessId);
                (await StatusAsync(host, root.GetProperty("token").GetString()!)).ShouldBe(200);
                if (!OperatingSystem.IsWindows())
                    File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            File.Exists(file).ShouldBeFalse();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("http://0.0.0.0:80", "http://127.0.0.1:80")]
    [InlineData("http://[::]:8080", "http://127.0.0.1:8080")]
    [InlineData("http://*:8080", "http://127.0.0.1:8080")]
    [InlineData("http://10.0.0.1:8080", "http://10.0.0.1:8080")]
    [InlineData("http://[::1]:8080", "http://[::1]:8080")]
    [InlineData("http://unix:/run/x.sock", null)]
    public void An_address_is_written_as_it_is_reached(string bound, string? reached) => LocalAccessFile.Reachable(bound).ShouldBe(reached);

    private static async Task<int> StatusAsync(GatewayHost host, string token)
    {
        using var client = host.NewClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return (int)(await client.GetAsync("/v1/apps")).StatusCode;
    }
}
