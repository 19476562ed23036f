using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Paas.Contracts.Api;
using Paas.Hosting.Artifacts;
using Paas.Hosting.Artifacts.Registry;
using Paas.Orchestrator.Artifacts;
using Paas.Persistence;
using Paas.Servers;

namespace Paas.Orchestrator.Tests.Artifacts;

public sealed class ArtifactCleanerTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    public const string Sqlite = "SQLite";
    public const string Postgres = "PostgreSQL";

    [Theory]
    [InlineData(Sqlite)]
    [InlineData(Postgres)]
    public async Task Images_of_releases_that_run_will_run_or_can_be_rolled_back_to_stay(string database)
    {
        await using var host = await StartAsync(database);
        var app = await host.CreateAppAsync();
        string[] states = [ReleaseStates.Pending, ReleaseStates.Live, ReleaseStates.Retired, ReleaseStates.Failed];
        foreach (var (version, state) in states.Index())
            await host.AddReleaseAsync(app, version, state, await host.SaveAsync(state));
        var removed = await host.CreateAppAsync();
        await host.AddReleaseAsync(removed, 1, ReleaseStates.Live, await host.SaveAsync("of a removed app"));
        await host.RemoveAsync(removed);

        var cleaned = await host.CleanAsync();

        (await host.LeftAsync([.. states, "of a removed app"])).ShouldBe([ReleaseStates.Pending, ReleaseStates.Live, ReleaseStates.Retired]);
        cleaned.ShouldBe(new(2, "Failed".Length + "of a removed app".Length));
        host.Logged.ShouldBe([$"Removed 2 artifacts that nothing needs any more, {cleaned.Bytes} bytes"]);
    }

    [Theory]
    [InlineData(Sqlite)]
    [InlineData(Postgres)]
    public async Task What_deployments_have_made_stays_until_they_have_ended_and_can_not_be_replayed(string database)
    {
        await using var host = await StartAsync(database);
        var (app, removed) = (await host.CreateAppAsync(), await host.CreateAppAsync());
        string[] kept =
        [
            DeploymentStates.Requested, DeploymentStates.DownloadingCode, DeploymentStates.ValidatingConfiguration, DeploymentStates.WaitingForTurn,
            DeploymentStates.BuildingImage, DeploymentStates.PublishingImage, DeploymentStates.DeployingRelease, DeploymentStates.ResolvingUrl,
            DeploymentStates.Canceling, DeploymentStates.Faulted,
        ];
        string[] gone = [DeploymentStates.Succeeded, DeploymentStates.Failed, DeploymentStates.Canceled, DeploymentStates.Superseded];
        foreach (var state in kept.Concat(gone))
            await host.AddDeploymentAsync(app, state, await host.SaveAsync(state + " source"), await host.SaveAsync(state + " image"));
        await host.AddDeploymentAsync(removed, DeploymentStates.BuildingImage, await host.SaveAsync("still under way"));
        await host.AddDeploymentAsync(removed, DeploymentStates.Faulted, await host.SaveAsync("never to be replayed"));
        await host.RemoveAsync(removed);

        await host.CleanAsync();

        string[] contents = [.. kept.Concat(gone).SelectMany(state => new[] { state + " source", state + " image" }), "still under way", "never to be replayed"];
        (await host.LeftAsync(contents)).ShouldBe([.. kept.SelectMany(state => new[] { state + " source", state + " image" }), "still under way"]);
    }

    [Theory]
    [InlineData(Sqlite)]
    [InlineData(Postgres)]
    public async Task What_one_deployment_no_longer_needs_stays_if_another_one_does(string database)
    {
        await using var host = await StartAsync(database);
        var app = await host.CreateAppAsync();
        var digest = await host.SaveAsync("shared");
        await host.AddDeploymentAsync(app, DeploymentStates.Succeeded, image: digest);
        await host.AddReleaseAsync(app, 1, ReleaseStates.Failed, digest);
        await host.AddReleaseAsync(app, 2, ReleaseStates.Retired, digest);

        (await host.CleanAsync()).Count.ShouldBe(0);

        (await host.LeftAsync("shared")).ShouldHaveSingleItem();
        host.Logged.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(Sqlite)]
    [InlineData(Postgres)]
    public async Task What_was_saved_lately_stays_though_nothing_needs_it_yet(string database)
    {
        await using var host = await StartAsync(database);
        await host.SaveAsync("an hour ago", age: TimeSpan.FromHours(1));
        await host.SaveAsync("two days ago");

        (await host.CleanAsync()).Count.ShouldBe(1);

        (await host.LeftAsync("an hour ago", "two days ago")).ShouldBe(["an hour ago"]);
    }

    /// <summary>The orchestrators were down for days, and the answer that names the artifact still lies in its queue.</summary>
    [Theory]
    [InlineData(Sqlite, DeploymentStates.DownloadingCode)]
    [InlineData(Postgres, DeploymentStates.DownloadingCode)]
    [InlineData(Sqlite, DeploymentStates.PublishingImage)]
    public async Task What_was_saved_since_a_step_began_that_has_not_answered_stays_however_long_that_takes(string database, string state)
    {
        await using var host = await StartAsync(database);
        var app = await host.CreateAppAsync();
        var deployment = await host.AddDeploymentAsync(app, state, age: TimeSpan.FromDays(5));
        await host.SaveAsync("perhaps its own", age: TimeSpan.FromDays(4));
        await host.SaveAsync("long before", age: TimeSpan.FromDays(7));

        (await host.CleanAsync()).Count.ShouldBe(1);

        (await host.LeftAsync("perhaps its own", "long before")).ShouldBe(["perhaps its own"]);
        await host.InDbAsync(db => db.Deployments.Where(x => x.CorrelationId == deployment)
            .ExecuteUpdateAsync(set => set.SetProperty(x => x.CurrentState, DeploymentStates.Canceled)));
        (await host.CleanAsync()).Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(Sqlite)]
    [InlineData(Postgres)]
    public async Task What_is_saved_again_while_the_cleaner_is_at_work_stays(string database)
    {
        var store = new SavedAgain();
        await using var host = await StartAsync(database, store);
        store.Inner = host.Folder;
        await host.SaveAsync("an old one");
        store.Again = () => host.SaveAsync("an old one", age: TimeSpan.Zero);

        (await host.CleanAsync()).Count.ShouldBe(0);

        (await host.LeftAsync("an old one")).ShouldHaveSingleItem();
    }

    [Theory]
    [InlineData(Sqlite)]
    [InlineData(Postgres)]
    public async Task Many_artifacts_are_looked_at_page_by_page(string database)
    {
        await using var host = await StartAsync(database);
        var app = await host.CreateAppAsync();
        var all = Enumerable.Range(0, 1_200).Select(i => $"artifact {i}").ToArray();
        foreach (var content in all)
            await host.SaveAsync(content);
        string[] needed = ["artifact 3", "artifact 555", "artifact 1199"];
        foreach (var (version, content) in needed.Index())
            await host.AddReleaseAsync(app, version, ReleaseStates.Retired, CleanerHost.DigestOf(content));

        (await host.CleanAsync()).Count.ShouldBe(1_197);

        (await host.LeftAsync(all)).ShouldBe(needed);
    }

    [Fact]
    public async Task On_PostgreSQL_one_cleaner_is_at_work_at_a_time()
    {
        await using var host = await StartAsync(Postgres);
        await host.SaveAsync("orphan");
        await host.InDbAsync(async db =>
        {
            await using var transaction = await db.Database.BeginTransactionAsync(TestContext.Current.CancellationToken);
            (await db.TryLockAsync(nameof(ArtifactCleaner), TestContext.Current.CancellationToken)).ShouldBeTrue();

            (await host.CleanAsync()).Count.ShouldBe(0);

            (await host.LeftAsync("orphan")).ShouldHaveSingleItem();
            return 0;
        });

        (await host.CleanAsync()).Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(Sqlite)]
    [InlineData(Postgres)]
    public async Task Several_cleaners_at_once_do_no_harm(string database)
    {
        await using var host = await StartAsync(database);
        var app = await host.CreateAppAsync();
        await host.AddReleaseAsync(app, 1, ReleaseStates.Live, await host.SaveAsync("live"));
        for (var i = 0; i < 50; i++)
            await host.SaveAsync($"orphan {i}");

        var cleaned = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(host.CleanAsync)));

        cleaned.Sum(one => one.Count).ShouldBe(50);
        (await host.LeftAsync("live", "orphan 1")).ShouldBe(["live"]);
    }

    [Fact]
    public async Task A_platform_that_knows_no_app_removes_nothing()
    {
        await using var host = await StartAsync(Sqlite);
        await host.InDbAsync(db => db.Apps.ExecuteDeleteAsync());
        await host.SaveAsync("of another database");

        (await host.CleanAsync()).Count.ShouldBe(0);

        (await host.LeftAsync("of another database")).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task What_saves_that_were_cut_short_left_behind_is_removed_after_a_day()
    {
        await using var host = await StartAsync(Sqlite);
        foreach (var (name, age) in new[] { ("old", CleanerHost.Old), ("new", TimeSpan.Zero) })
        {
            await File.WriteAllTextAsync(Path.Combine(host.Incoming, name), "hal", TestContext.Current.CancellationToken);
            File.SetLastWriteTimeUtc(Path.Combine(host.Incoming, name), DateTime.UtcNow - age);
        }

        await host.CleanAsync();

        Directory.GetFiles(host.Incoming).Select(Path.GetFileName).ShouldBe(["new"]);
    }

    [Fact]
    public async Task In_a_registry_the_same_goes_and_stays()
    {
        Assert.SkipUnless(RegistryServer.IsInstalled, "docker-registry and htpasswd (apache2-utils) are not installed here.");
        await using var registry = await RegistryServer.StartNewAsync();
        var cache = Directory.CreateTempSubdirectory("paas-cleaner-cache-");
        var clock = new SetClock(DateTimeOffset.UtcNow.AddDays(-3));
        using var store = new OciArtifactStore(
            new ArtifactsOptions { Registry = registry.Url.ToString(), RegistryUsername = RegistryServer.Username, RegistryPassword = RegistryServer.Password },
            cache.FullName, clock, NullLogger<OciArtifactStore>.Instance);
        await using var host = await StartAsync(Sqlite, store);
        var app = await host.CreateAppAsync();
        await SaveAsync("orphan");
        await host.AddReleaseAsync(app, 1, ReleaseStates.Live, await SaveAsync("live"));
        var again = await SaveAsync("saved again");
        clock.Now = DateTimeOffset.UtcNow;
        await SaveAsync("saved again");

        var cleaned = await host.CleanAsync();

        cleaned.Count.ShouldBe(2); // the orphan, and the first of two saves
        var left = new List<string>();
        await foreach (var artifact in store.ListAsync(TestContext.Current.CancellationToken))
            left.Add(artifact.Digest);
        left.ShouldBe([CleanerHost.DigestOf("live"), again], ignoreOrder: true);
        cache.Delete(recursive: true);

        Task<string> SaveAsync(string content) =>
            store.SaveAsync(stream => stream.WriteAsync(Encoding.UTF8.GetBytes(content)).AsTask(), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_store_that_lets_nothing_be_removed_is_named_once()
    {
        var store = new SavedAgain();
        await using var host = await StartAsync(Sqlite, store, TimeSpan.FromMilliseconds(10));
        store.Inner = host.Folder;
        store.Refusal = "Nothing can be removed.";
        await host.SaveAsync("orphan");

        await host.Cleaner.StartAsync(TestContext.Current.CancellationToken);
        await Platform.UntilAsync(() => store.Refused >= 5, "the cleaner has tried five times");
        await host.Cleaner.StopAsync(TestContext.Current.CancellationToken);

        host.Logged.ShouldBe(["Nothing can be removed."]);
    }

    [Fact]
    public async Task An_orchestrator_cleans_by_itself()
    {
        var folder = Directory.CreateTempSubdirectory("paas-cleaner-path-");
        await using (var platform = await Platform.StartAsync(
            ("Artifacts:Path", folder.FullName), ("Artifacts:CleanupInterval", "00:00:01"), ("Artifacts:OrphansKeptFor", "00:01:00")))
        {
            await platform.CreateAppAsync();
            var store = new FolderArtifactStore(folder.FullName);
            await store.SaveAsync(stream => stream.WriteAsync("orphan"u8.ToArray()).AsTask(), TestContext.Current.CancellationToken);
            var file = Directory.GetFiles(Path.Combine(folder.FullName, "sha256"), "*", SearchOption.AllDirectories).ShouldHaveSingleItem();
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddMinutes(-2));

            await Platform.UntilAsync(() => !File.Exists(file), "the orphan is gone");
        }

        folder.Delete(recursive: true);
    }

    private async Task<CleanerHost> StartAsync(string database, IArtifactStore? store = null, TimeSpan? interval = null)
    {
        Assert.SkipUnless(database == Sqlite || PostgresServer.IsInstalled, "PostgreSQL is not installed here.");
        var host = await CleanerHost.StartAsync(database == Sqlite ? null : postgres, store, interval);
        await host.CreateAppAsync();
        return host;
    }

    private sealed class SetClock(DateTimeOffset now) : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = now;

        public override DateTimeOffset GetUtcNow() => Now;
    }

    /// <summary>Lets something happen between the listing of an artifact and its removal.</summary>
    private sealed class SavedAgain : IArtifactStore
    {
        public FolderArtifactStore Inner { get; set; } = null!;

        public Func<Task> Again { get; set; } = () => Task.CompletedTask;

        public string? Refusal { get; set; }

        public int Refused { get; private set; }

        public Task<string> SaveAsync(Func<Stream, Task> write, CancellationToken cancellation) => Inner.SaveAsync(write, cancellation);

        public Task<Stream> OpenAsync(string digest, CancellationToken cancellation) => Inner.OpenAsync(digest, cancellation);

        public Task<long> RenewAsync(string digest, CancellationToken cancellation) => Inner.RenewAsync(digest, cancellation);

        public Task<long?> FindSizeAsync(string digest, CancellationToken cancellation) => Inner.FindSizeAsync(digest, cancellation);

        public async IAsyncEnumerable<StoredArtifact> ListAsync([EnumeratorCancellation] CancellationToken cancellation)
        {
            await foreach (var artifact in Inner.ListAsync(cancellation))
            {
                await Again();
                yield return artifact;
            }
        }

        public Task<long?> DeleteAsync(StoredArtifact artifact, CancellationToken cancellation)
        {
            if (Refusal is null)
                return Inner.DeleteAsync(artifact, cancellation);
            Refused++;
            throw new ArtifactDeletionRefusedException(Refusal);
        }

        public Task RemoveLeftoversAsync(DateTimeOffset before, CancellationToken cancellation) => Inner.RemoveLeftoversAsync(before, cancellation);
    }
}
