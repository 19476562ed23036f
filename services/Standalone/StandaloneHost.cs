using Microsoft.Extensions.Options;
using Paas.CodeDownloader;
using Paas.ConfigurationValidator;
using Paas.Deployer;
using Paas.Gateway;
using Paas.Gateway.Access;
using Paas.Gateway.Apps;
using Paas.Hosting;
using Paas.Hosting.Messaging;
using Paas.Hosting.Processes;
using Paas.Hosting.Source;
using Paas.Hosting.Telemetry;
using Paas.ImageBuilder;
using Paas.ImagePublisher;
using Paas.Orchestrator;
using Paas.Persistence;

namespace Paas.Standalone;

/// <summary>All services in one process: messages in memory, SQLite in the data directory.</summary>
public static class StandaloneHost
{
    private const string DefaultUrl = "http://127.0.0.1:8080";

    /// <summary>Runs the platform until it is asked to stop.</summary>
    /// <param name="args">Settings, such as <c>--urls http://127.0.0.1:8080</c>.</param>
    /// <param name="extend">Adds services of whoever hosts the platform.</param>
    /// <returns>The exit code: 0, or 1 if it could not start, which standard error explains in one sentence.</returns>
    public static async Task<int> RunAsync(string[] args, Action<IServiceCollection>? extend = null)
    {
        try
        {
            var builder = WebApplication.CreateSlimBuilder(args);
            using var dataDirectory = DataDirectory.Prepare(builder.Configuration);
            AddPlatform(builder);
            foreach (var warning in UnknownSettings.Find(builder.Configuration, AppDomain.CurrentDomain.GetAssemblies().Where(IsOfThePlatform)))
                await Console.Error.WriteLineAsync(warning);
            Console.WriteLine(StandaloneTexts.Starting(dataDirectory.Path));
            extend?.Invoke(builder.Services);
            await using var app = builder.Build();
            app.UseGateway();
            app.MapPaasHealth();
            await PersistenceSetup.MigrateAsync(app.Services, CancellationToken.None);
            try
            {
                await app.StartAsync();
            }
            catch (Exception exception)
            {
                var isAsked = exception is OperationCanceledException && app.Lifetime.ApplicationStopping.IsCancellationRequested;
                // What had started runs apps already.
                await app.StopAsync();
                if (isAsked)
                    return 0;
                throw;
            }

            await EnsureAdminTokenAsync(app.Services);
            var router = app.Services.GetRequiredService<RouterAddress>();
            Console.WriteLine(StandaloneTexts.Listening(router.Uri.AbsoluteUri.TrimEnd('/'), dataDirectory.Path));
            var domain = app.Services.GetRequiredService<IOptions<PaasOptions>>().Value.Domain;
            if (domain == PaasOptions.LocalDomain && app.Urls.Any(url => !new Uri(url.Replace("://*", "://0.0.0.0", StringComparison.Ordinal).Replace("://+", "://0.0.0.0", StringComparison.Ordinal)).IsLoopback))
                Console.WriteLine(StandaloneTexts.OnlyThisMachine(router.PublicUrl($"hello.{domain}")));
            await app.WaitForShutdownAsync();
            return 0;
        }
        catch (Exception exception) when (StandaloneTexts.Explain(exception) is { } explanation)
        {
            await Console.Error.WriteLineAsync(explanation);
            return 1;
        }
    }

    private static bool IsOfThePlatform(System.Reflection.Assembly assembly) => assembly.GetName().Name?.StartsWith("Paas.", StringComparison.Ordinal) == true;

    private static void AddPlatform(WebApplicationBuilder builder)
    {
        var (services, configuration) = (builder.Services, builder.Configuration);
        if (string.IsNullOrEmpty(configuration[WebHostDefaults.ServerUrlsKey]))
            builder.WebHost.UseUrls(DefaultUrl);
        builder.Logging.AddPaasConsole();
        builder.AddPaasTelemetry("standalone");
        // It would log each failure to start, with its stack, next to the sentence that explains it.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(45));

        services.AddPaasPlatform(configuration);
        services.AddHostedService<EscapeWatch>();
        services.AddPaasPersistence(configuration);
        // The quickstart's repository may be fetched whatever else is allowed: the platform's own user wrote it.
        services.AddOptions<SourceOptions>().Configure<IOptions<PaasOptions>>((source, paas) =>
            source.OwnRepositories = Path.Combine(Path.GetFullPath(paas.Value.DataDirectory), "quickstart"));
        services.AddHostedService<RouterAddressFinder>();
        services.AddSingleton(provider => new RouterUrls(provider.GetRequiredService<RouterAddress>().PublicUrl));
        services.AddGateway(configuration);
        services.AddLocalAccess();
        services.AddCodeDownloader(configuration);
        services.AddConfigurationValidator(configuration);
        services.AddImageBuilder(configuration);
        services.AddImagePublisher(configuration);
        services.AddDeployer(configuration);
        services.AddPaasBus(configuration, bus =>
        {
            bus.AddGateway();
            bus.AddOrchestrator();
            bus.AddCodeDownloader();
            bus.AddConfigurationValidator();
            bus.AddImageBuilder();
            bus.AddImagePublisher();
            bus.AddDeployer();
        });
        services.AddOrchestrator(configuration);
    }

    private static async Task EnsureAdminTokenAsync(IServiceProvider services)
    {
        await using var scope = services.CreateAsyncScope();
        if (await scope.ServiceProvider.GetRequiredService<AdminTokens>().EnsureAsync(CancellationToken.None) is { } token)
            Console.WriteLine(StandaloneTexts.AdminToken(token));
    }
}
