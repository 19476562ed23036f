using System.Collections.Concurrent;
using System.Formats.Tar;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Paas.Contracts;
using Paas.Hosting;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Secrets;
using Paas.Hosting.Steps;

namespace Paas.CodeDownloader.Tests.Fixtures;

/// <summary>The service as it is set up in earnest, with a data directory of its own.</summary>
public sealed class Downloads : IAsyncDisposable, IStepLog
{
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly ServiceProvider _services;

    public Downloads(params (string Name, string Value)[] settings)
    {
        Temp = new TempFolder();
        DataDirectory = Temp.Sub("data");
        _services = Build(settings);
    }

    public TempFolder Temp { get; }

    public string DataDirectory { get; }

    public Guid App { get; } = Guid.NewGuid();

    public string Cache => Path.Combine(DataDirectory, "cache", "git", App.ToString());

    public string Log => string.Join('\n', _lines);

    public IServiceProvider Services => _services;

    public SourceDownloader Downloader => _services.GetRequiredService<SourceDownloader>();

    public void Write(string line) => _lines.Enqueue(line);

    public TestRepository Repository(string name = "repository") => new(Temp.Sub(name));

    public string Seal(string token) => _services.GetRequiredService<SecretSealer>().Seal(token);

    /// <summary>A second process, as far as the service can tell.</summary>
    public ServiceProvider Build(params (string Name, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Paas:DataDirectory"] = DataDirectory,
            ["Source:AllowFile"] = "true",
        }).AddInMemoryCollection(settings.ToDictionary(setting => setting.Name, setting => (string?)setting.Value)).Build();
        return new ServiceCollection()
            .AddSingleton<IConfiguration>(configuration)
            .AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(new QueueLogger(_lines)))
            .AddPaasPlatform(configuration)
            .AddCodeDownloader(configuration)
            .BuildServiceProvider();
    }

    public Task<DownloadedSource> FetchAsync(
        string url, string? commit = null, string? reference = null, string? token = null, CancellationToken cancellation = default) =>
        Downloader.DownloadAsync(Command(url, commit, reference, token), this, cancellation);

    public DownloadCode Command(string url, string? commit = null, string? reference = null, string? token = null) => new()
    {
        DeploymentId = Guid.NewGuid(),
        Attempt = 1,
        AppId = App,
        Repository = url,
        Commit = commit,
        Ref = reference,
        SealedRepositoryToken = token is null ? null : Seal(token),
    };

    public async Task<StepFailedException> FailAsync(string url, string? commit = null, string? reference = null, string? token = null)
    {
        var failure = await Should.ThrowAsync<StepFailedException>(FetchAsync(url, commit, reference, token));
        StoredArtifacts().ShouldBe(0);
        return failure;
    }

    /// <summary>What is in the stored archive: content by path; a symlink's is <c>-> target</c>.</summary>
    public async Task<Dictionary<string, string>> ReadAsync(DownloadedSource source)
    {
        var files = new Dictionary<string, string>();
        await using var stream = await _services.GetRequiredService<IArtifactStore>().OpenAsync(source.SourceDigest, default);
        await using var tar = new TarReader(stream);
        while (await tar.GetNextEntryAsync() is { } entry)
        {
            if (entry.EntryType == TarEntryType.SymbolicLink)
                files[entry.Name] = "-> " + entry.LinkName;
            else if (entry.EntryType == TarEntryType.RegularFile)
                files[entry.Name] = entry.DataStream is { } data ? await new StreamReader(data).ReadToEndAsync() : "";
        }

        return files;
    }

    public int StoredArtifacts()
    {
        var folder = Path.Combine(DataDirectory, "artifacts");
        return Directory.Exists(folder) ? Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Length : 0;
    }

    /// <summary>As when the cleaner has removed everything: sources have to be read from the cache again.</summary>
    public void RemoveArtifacts()
    {
        foreach (var file in Directory.GetFiles(Path.Combine(DataDirectory, "artifacts"), "*", SearchOption.AllDirectories))
            File.Delete(file);
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        Temp.Dispose();
    }

    private sealed class QueueLogger(ConcurrentQueue<string> lines) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
        public bool IsEnabled(LogLevel logLevel) => true;
        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Enqueue($"{logLevel}: {formatter(state, exception)} {exception}");
        public void Dispose()
        {
        }
    }
}
