using System.Net;
using System.Net.Sockets;
using Paas.Contracts;
using Paas.Hosting.Network;
using Paas.Hosting.Steps;

namespace Paas.ImageBuilder.Tests;

/// <summary>What is said of a build whose package registry is away, or answers an error, by the real tools.</summary>
public sealed class UnreachableRegistryTests : IDisposable
{
    private const string Nowhere = "http://127.0.0.1:1";
    private readonly TestPlatform _platform = new();

    public void Dispose() => _platform.Dispose();

    [Fact]
    public async Task An_index_of_Python_packages_that_is_away_is_tried_again()
    {
        var fault = await FaultAsync(RuntimeName.Python, Nowhere, ("requirements.txt", "flask\n"));

        fault.Message.ShouldStartWith("pip could not reach 127.0.0.1:1: no connection could be made. The build command '");
        fault.Message.ShouldEndWith("needs it. If this lasts, check that the platform's machine can reach 127.0.0.1:1: its network, DNS and proxy.");
    }

    [Theory]
    [InlineData(403)]
    [InlineData(429)]
    [InlineData(503)]
    public async Task An_index_of_Python_packages_that_answers_an_error_is_tried_again(int status)
    {
        using var registry = new Registry(status);

        (await FaultAsync(RuntimeName.Python, registry.Url, ("requirements.txt", "Flask_Login\n"))).Message.ShouldContain($"127.0.0.1:{registry.Port}");
    }

    [Theory]
    [InlineData(403)]
    [InlineData(429)]
    [InlineData(503)]
    public async Task A_registry_of_Node_packages_that_answers_an_error_is_tried_again(int status)
    {
        using var registry = new Registry(status);

        (await FaultAsync(RuntimeName.Node, registry.Url, Package)).Message.ShouldStartWith($"127.0.0.1:{registry.Port} ");
    }

    [Fact]
    public async Task A_registry_of_Node_packages_that_is_away_is_tried_again() =>
        (await FaultAsync(RuntimeName.Node, Nowhere, Package)).Message.ShouldStartWith("npm could not reach 127.0.0.1:1: no connection could be made. ");

    [Fact]
    public async Task A_source_of_NuGet_packages_that_is_away_is_tried_again() =>
        (await FaultAsync(RuntimeName.DotNet, Nowhere, Project, Sources(Nowhere))).Message.ShouldStartWith("NuGet could not reach 127.0.0.1:1: no connection could be made. ");

    [Theory]
    [InlineData(RuntimeName.Python)]
    [InlineData(RuntimeName.Node)]
    [InlineData(RuntimeName.DotNet)]
    public async Task A_package_that_does_not_exist_is_the_developers_to_correct(string runtime)
    {
        using var registry = new Registry(404);
        var command = await CommandAsync(runtime, registry.Url, ("requirements.txt", "flask\n"), Package, Project, Sources(registry.Url));

        var failure = await Should.ThrowAsync<StepFailedException>(() => _platform.Builder().BuildAsync(command, _platform.Log, TestContext.Current.CancellationToken));

        failure.Reason.ShouldBe(FailureReason.BuildFailed);
    }

    [Fact]
    public async Task An_apps_own_tests_may_say_that_the_network_is_away()
    {
        var command = await CommandAsync(RuntimeName.Node, Nowhere, ("package.json", """
            { "name": "app", "version": "1.0.0", "scripts": { "build": "node test.js" } }
            """), ("test.js", """
            console.error("request to https://registry.npmjs.org/x failed, reason: getaddrinfo ENOTFOUND registry.npmjs.org");
            require("net").connect(1, "127.0.0.1");
            """));

        var failure = await Should.ThrowAsync<StepFailedException>(() => _platform.Builder().BuildAsync(command, _platform.Log, TestContext.Current.CancellationToken));

        failure.Message.ShouldContain("npm run build");
        _platform.Log.Text.ShouldContain("ECONNREFUSED");
    }

    private static (string, string) Package => ("package.json", """{ "name": "app", "version": "1.0.0", "dependencies": { "express": "^4" } }""");

    private static (string, string) Project => ("app.csproj", """
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup><TargetFramework>net10.0</TargetFramework><OutputType>Exe</OutputType></PropertyGroup>
          <ItemGroup><PackageReference Include="Nonesuch.Package" Version="1.0.0" /></ItemGroup>
        </Project>
        """);

    private static (string, string) Sources(string url) => ("nuget.config",
        $"""<configuration><packageSources><clear /><add key="away" value="{url}/v3/index.json" allowInsecureConnections="true" /></packageSources></configuration>""");

    private async Task<NetworkTroubleException> FaultAsync(string runtime, string registry, params (string, string)[] files)
    {
        var command = await CommandAsync(runtime, registry, files);
        return await Should.ThrowAsync<NetworkTroubleException>(() => _platform.Builder().BuildAsync(command, _platform.Log, TestContext.Current.CancellationToken));
    }

    private async Task<BuildImage> CommandAsync(string runtime, string registry, params (string, string)[] files)
    {
        _platform.Host["PIP_INDEX_URL"] = $"{registry}/simple";
        _platform.Host["PIP_RETRIES"] = "0";
        _platform.Host["NPM_CONFIG_REGISTRY"] = registry;
        _platform.Host["NPM_CONFIG_FETCH_RETRIES"] = "0";
        _platform.Host["NUGET_ENHANCED_MAX_NETWORK_TRY_COUNT"] = "1";
        return await _platform.CommandAsync(Plan.Of(runtime), files);
    }

    /// <summary>A server that answers everything with the same status.</summary>
    private sealed class Registry : IDisposable
    {
        private readonly HttpListener _http = new();

        public Registry(int status)
        {
            using (var free = new TcpListener(IPAddress.Loopback, 0))
            {
                free.Start();
                Port = ((IPEndPoint)free.LocalEndpoint).Port;
            }

            _http.Prefixes.Add($"{Url}/");
            _http.Start();
            _ = AnswerAsync(status);
        }

        public int Port { get; }

        public string Url => $"http://127.0.0.1:{Port}";

        public void Dispose() => _http.Close();

        private async Task AnswerAsync(int status)
        {
            try
            {
                while (true)
                {
                    var request = await _http.GetContextAsync();
                    request.Response.StatusCode = status;
                    request.Response.Close();
                }
            }
            catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException)
            {
                // The test has ended.
            }
        }
    }
}
