using System.Formats.Tar;
using System.Text;
using Paas.Contracts;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Steps;

namespace Paas.ConfigurationValidator.Tests;

/// <summary>A repository to validate, written down file by file.</summary>
internal sealed class App
{
    private readonly List<TarEntry> _entries = [];
    private readonly List<string> _configVars = [];
    private string _target = Target.Docker;
    private string? _root;

    public Log Log { get; } = new();

    public static App With(string file, string text = "") => new App().And(file, text);

    public static App WithManifest(string manifest) => With(".paas.yml", manifest);

    public App And(string file, string text = "") => And(file, Encoding.UTF8.GetBytes(text));

    public App And(string file, byte[] content) =>
        And(new PaxTarEntry(TarEntryType.RegularFile, file) { DataStream = new MemoryStream(content) });

    public App AndLink(string file, string to) => And(new PaxTarEntry(TarEntryType.SymbolicLink, file) { LinkName = to });

    public App And(TarEntry entry)
    {
        _entries.Add(entry);
        return this;
    }

    public App On(string target)
    {
        _target = target;
        return this;
    }

    public App In(string root)
    {
        _root = root;
        return this;
    }

    public App ConfigVars(params string[] names)
    {
        _configVars.AddRange(names);
        return this;
    }

    public Task<Plan> PlanAsync() => PlanAsync(Archive());

    public Task<Plan> PlanAsync(Stream archive) => new Planner(new OneArtifact(archive)).PlanAsync(
        new()
        {
            DeploymentId = Guid.NewGuid(),
            Attempt = 1,
            SourceDigest = "sha256:" + new string('a', 64),
            Target = _target,
            ConfigVarNames = _configVars,
            Root = _root,
        },
        Log,
        CancellationToken.None);

    /// <summary>The failure, whose reason has to be the given one.</summary>
    public async Task<string> FailAsync(string reason)
    {
        var failure = await Should.ThrowAsync<StepFailedException>(PlanAsync());
        failure.Reason.ShouldBe(reason, failure.Message);
        return failure.Message;
    }

    public MemoryStream Archive()
    {
        var archive = new MemoryStream();
        using (var tar = new TarWriter(archive, TarEntryFormat.Pax, leaveOpen: true))
        {
            tar.WriteEntry(new PaxGlobalExtendedAttributesTarEntry(new Dictionary<string, string> { ["comment"] = new('0', 40) }));
            foreach (var entry in _entries)
            {
                entry.DataStream?.Position = 0;
                tar.WriteEntry(entry);
            }
        }

        archive.Position = 0;
        return archive;
    }

    private sealed class OneArtifact(Stream archive) : IArtifactStore
    {
        public Task<string> SaveAsync(Func<Stream, Task> write, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<Stream> OpenAsync(string digest, CancellationToken cancellation) => Task.FromResult(archive is MemoryStream whole ? new MemoryStream(whole.ToArray()) : archive);

        public Task<long> RenewAsync(string digest, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<long?> FindSizeAsync(string digest, CancellationToken cancellation) => throw new NotSupportedException();

        public IAsyncEnumerable<StoredArtifact> ListAsync(CancellationToken cancellation) => throw new NotSupportedException();

        public Task<long?> DeleteAsync(StoredArtifact artifact, CancellationToken cancellation) => throw new NotSupportedException();

        public Task RemoveLeftoversAsync(DateTimeOffset before, CancellationToken cancellation) => throw new NotSupportedException();
    }
}

internal sealed class Log : IStepLog
{
    public List<string> Lines { get; } = [];

    public void Write(string line) => Lines.Add(line);

    public override string ToString() => string.Join('\n', Lines);
}

internal static class Plans
{
    public static ProcessType Process(this Plan plan, string name) => plan.Run.Processes.Single(process => process.Name == name);

    public static string? Web(this Plan plan) => plan.Process("web").Command?.ToString();
}
