using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Paas.Hosting.Secrets;

namespace Paas.Hosting.Tests.Secrets;

public sealed class KeyRingTests
{
    [Fact]
    public async Task Services_that_start_together_make_one_key_and_open_each_others_secrets()
    {
        using var folder = new TempFolder();
        var services = Enumerable.Range(0, 8).Select(_ => Build(folder.Path)).ToList();
        try
        {
            await Task.WhenAll(services.Select(service => Task.Run(() => service.StartAsync(TestContext.Current.CancellationToken))));
            Directory.GetFiles(Path.Combine(folder.Path, "keys"), "*.xml").ShouldHaveSingleItem();
            foreach (var service in services)
            {
                var secret = Sealer(service).Seal("secret");
                services.ShouldAllBe(other => Sealer(other).Open(secret) == "secret");
            }
        }
        finally
        {
            services.ForEach(service => service.Dispose());
        }
    }

    [Fact]
    public async Task A_service_without_secrets_starts_without_a_place_for_keys()
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "keys"), "not a folder", TestContext.Current.CancellationToken);
        using var service = Build(folder.Path);
        await service.StartAsync(TestContext.Current.CancellationToken);
    }

    private static SecretSealer Sealer(IHost host) => host.Services.GetRequiredService<SecretSealer>();

    private static IHost Build(string dataDirectory)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { Args = ["--Paas:DataDirectory", dataDirectory] });
        builder.Logging.ClearProviders();
        builder.Services.AddPaasPlatform(builder.Configuration);
        return builder.Build();
    }
}
