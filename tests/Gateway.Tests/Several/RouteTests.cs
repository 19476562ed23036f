using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Paas.Persistence;
using Paas.Persistence.Entities;

namespace Paas.Gateway.Tests.Several;

/// <summary>Two gateways in front of the same apps.</summary>
[Collection(nameof(SharedServers))]
public sealed class RouteTests(SharedServers servers) : IAsyncLifetime
{
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(60);
    private Platform _platform = null!;
    private SharedGateway[] _gateways = [];
    private Guid _app;

    public async ValueTask InitializeAsync()
    {
        _platform = await servers.NewPlatformAsync();
        _gateways = await _platform.StartTwoGatewaysAsync();
        _app = await _gateways[0].CreateAppAsync();
    }

    public ValueTask DisposeAsync() => _platform?.DisposeAsync() ?? ValueTask.CompletedTask;

    [Fact]
    public async Task No_request_fails_through_either_while_releases_are_switched_and_their_instances_end()
    {
        var serving = await _platform.StartInstanceAsync("v1");
        (await _platform.SwitchAsync(_app, 1, Drain, serving)).ShouldBeTrue();
        using var stop = new CancellationTokenSource();
        var visitors = _gateways.SelectMany(gateway => Enumerable.Repeat(gateway, 3)).Select(gateway => Task.Run(async () =>
        {
            var visits = 0;
            for (; !stop.IsCancellationRequested; visits++)
            {
                var (status, text) = await gateway.VisitAsync();
                status.ShouldBe(200, text);
            }

            return visits;
        })).ToList();

        for (var release = 2; release <= 30; release++)
        {
            var next = await _platform.StartInstanceAsync($"v{release}");
            (await _platform.SwitchAsync(_app, release, Drain, next)).ShouldBeTrue();
            // As the deployer does, who has been told that nobody needs it any more.
            await serving.DisposeAsync();
            serving = next;
            foreach (var gateway in _gateways)
                (await gateway.VisitAsync()).ShouldBe((200, $"v{release}"));
        }

        await stop.CancelAsync();
        (await Task.WhenAll(visitors)).ShouldAllBe(visits => visits > 0);
    }

    [Fact]
    public async Task A_switch_waits_for_the_requests_that_either_has_under_way()
    {
        var requests = Enumerable.Range(0, 2).Select(_ => (Entered: new TaskCompletionSource(), Release: new TaskCompletionSource())).ToArray();
        var old = await _platform.StartInstanceAsync("old", async context =>
        {
            if (!context.Request.Path.StartsWithSegments("/slow", out var which))
                return;
            var (entered, release) = requests[int.Parse(which.Value![1..], System.Globalization.CultureInfo.InvariantCulture)];
            entered.SetResult();
            await release.Task;
            await context.Response.WriteAsync("finished");
        });
        var young = await _platform.StartInstanceAsync("young");
        await _platform.SwitchAsync(_app, 1, Drain, old);
        var slow = _gateways.Select((gateway, i) => gateway.VisitAsync($"/slow/{i}")).ToList();
        await Task.WhenAll(requests.Select(request => request.Entered.Task));

        var switching = _platform.SwitchAsync(_app, 2, Drain, young);
        foreach (var gateway in _gateways)
            await Platform.UntilAsync(async () => await gateway.VisitAsync() == (200, "young"), "the new release");
        // Whichever of them handles the switch: with one of the two requests under way it is not answered.
        for (var i = 0; i < requests.Length; i++)
        {
            switching.IsCompleted.ShouldBeFalse();
            requests[i].Release.SetResult();
            (await slow[i]).ShouldBe((200, "finished"));
        }

        (await switching).ShouldBeTrue();
    }

    [Fact]
    public async Task A_switch_waits_no_longer_than_it_may()
    {
        var old = await _platform.StartInstanceAsync("old", context => Task.Delay(Timeout.Infinite, context.RequestAborted));
        await _platform.SwitchAsync(_app, 1, Drain, old);
        using var cancellation = new CancellationTokenSource();
        var endless = _gateways.Select(gateway => gateway.Client.SendAsync(SharedGateway.Visit(), cancellation.Token)).ToList();
        (await _platform.SwitchAsync(_app, 2, TimeSpan.FromSeconds(1), await _platform.StartInstanceAsync("young"))).ShouldBeTrue();
        foreach (var gateway in _gateways)
            (await gateway.VisitAsync()).ShouldBe((200, "young"));
        await cancellation.CancelAsync();
        foreach (var request in endless)
            await Should.ThrowAsync<OperationCanceledException>(request);
    }

    [Fact]
    public async Task An_app_that_is_removed_through_one_is_gone_from_the_other()
    {
        await _platform.SwitchAsync(_app, 1, Drain, await _platform.StartInstanceAsync("x"));
        foreach (var gateway in _gateways)
            (await gateway.VisitAsync()).Status.ShouldBe(200);
        (await _gateways[0].Client.DeleteAsync(new Uri("/v1/apps/shop", UriKind.Relative))).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await _gateways[0].VisitAsync()).Status.ShouldBe(404);
        await Platform.UntilAsync(async () => (await _gateways[1].VisitAsync()).Status == 404, "the other gateway to forget the app");
        (await _platform.SwitchAsync(_app, 2, Drain, await _platform.StartInstanceAsync("y"))).ShouldBeFalse();
    }

    [Fact]
    public async Task A_change_that_nobody_was_told_of_is_found_in_the_database()
    {
        await _platform.SwitchAsync(_app, 1, Drain, await _platform.StartInstanceAsync("old"));
        await StoreAsync(2, await _platform.StartInstanceAsync("young"));
        foreach (var gateway in _gateways)
            await Platform.UntilAsync(async () => await gateway.VisitAsync() == (200, "young"), "the new release");
        await _platform.WithDbAsync(async db =>
        {
            await using var transaction = await db.Database.BeginTransactionAsync();
            await db.Routes.ExecuteDeleteAsync();
            await db.Apps.ExecuteDeleteAsync();
            await db.NextAsync(Counter.Routes, CancellationToken.None);
            await transaction.CommitAsync();
            return 0;
        });
        foreach (var gateway in _gateways)
            await Platform.UntilAsync(async () => (await gateway.VisitAsync()).Status == 404, "the removal");
    }

    [Fact]
    public async Task A_visitor_is_not_sent_away_from_an_instance_that_has_ended_before_the_database_is_asked()
    {
        for (var release = 1; release <= 5; release++)
        {
            var old = await _platform.StartInstanceAsync("old");
            await _platform.SwitchAsync(_app, (2 * release) - 1, Drain, old);
            await old.DisposeAsync();
            await StoreAsync(2 * release, await _platform.StartInstanceAsync($"young {release}"));
            var visits = await Task.WhenAll(_gateways.SelectMany(gateway => Enumerable.Range(0, 5).Select(_ => gateway.VisitAsync())));
            visits.Distinct().ShouldBe([(200, $"young {release}")]);
        }
    }

    [Fact]
    public async Task A_gateway_that_ends_says_goodbye_and_leaves_no_queue()
    {
        (await _platform.QueuesAsync()).Count(IsNews).ShouldBe(2);
        await _gateways[1].StopAsync();
        await Platform.UntilAsync(() => _gateways[0].Others.Count == 0, "the goodbye");
        await Platform.UntilAsync(async () => (await _platform.QueuesAsync()).Count(IsNews) == 1, "its queue to be gone");
        (await _platform.SwitchAsync(_app, 1, Drain, await _platform.StartInstanceAsync("x"))).ShouldBeTrue();
        (await _gateways[0].VisitAsync()).ShouldBe((200, "x"));

        static bool IsNews(string queue) => queue.StartsWith("gateway-news", StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gateway_that_starts_has_all_routes()
    {
        await _platform.SwitchAsync(_app, 1, Drain, await _platform.StartInstanceAsync("x"));
        var third = await _platform.StartGatewayAsync();
        (await third.VisitAsync()).ShouldBe((200, "x"));
        await Platform.UntilAsync(() => third.Others.Count == 2, "the third to know the others");
    }

    /// <summary>Switches as a gateway does that dies before it has told the others.</summary>
    private Task<long> StoreAsync(int release, AppInstance instance) => _platform.WithDbAsync(async db =>
    {
        await using var transaction = await db.Database.BeginTransactionAsync();
        var route = await db.Routes.SingleAsync();
        (route.Release, route.Instances) = (release, [instance.Url]);
        route.Version = await db.NextAsync(Counter.Routes, CancellationToken.None);
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        return route.Version;
    });
}
