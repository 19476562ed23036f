using System.Net;
using System.Net.Http.Json;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Persistence.Entities;

namespace Paas.Gateway.Tests.Output;

/// <summary>How instances are, as the API tells it.</summary>
public sealed class InstanceStateTests : IAsyncLifetime
{
    private readonly FakeDeployer _deployer = new();
    private GatewayHost _host = null!;
    private Guid _app;

    public async ValueTask InitializeAsync()
    {
        _host = await _deployer.StartAsync();
        await _host.CreateAppAsync("shop");
        await LiveAsync(3);
        _app = await _host.WithDbAsync(db => db.Apps.Select(app => app.Id).SingleAsync());
        _deployer.Answer = _ => Task.FromResult<object>(new InstancesFound { Instances = [Instance(_app), Instance(Guid.NewGuid())] });
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task The_instances_of_an_app_are_told_with_their_last_line()
    {
        var found = await _host.Client.GetFromJsonAsync<InstancesResponse>("/v1/apps/shop/instances", TestContext.Current.CancellationToken);

        var instance = found!.Instances.ShouldHaveSingleItem();
        (instance.App, instance.Name, instance.State, instance.Restarts, instance.LastExitCode, instance.LastLine).ShouldBe(("shop", "web.1", "restarting", 4, 3, "no database"));
        var asked = _deployer.Asked<FindInstances>().ShouldHaveSingleItem();
        (asked.Target, asked.AppId, asked.WithLastLines).ShouldBe((Target.Local, _app, true));
    }

    [Fact]
    public async Task All_instances_are_asked_for_with_one_question_a_target()
    {
        await _host.CreateAppAsync("blog");
        await LiveAsync(1);

        var found = await _host.Client.GetFromJsonAsync<InstancesResponse>("/v1/instances", TestContext.Current.CancellationToken);

        found!.Instances.ShouldHaveSingleItem().App.ShouldBe("shop");
        found.Unknown.ShouldBeEmpty();
        _deployer.Asked<FindInstances>().ShouldHaveSingleItem().AppId.ShouldBeNull();
    }

    [Fact]
    public async Task What_a_silent_deployer_does_not_tell_is_unknown()
    {
        _deployer.Answer = _ => new TaskCompletionSource<object>().Task;

        var found = await _host.Client.GetFromJsonAsync<InstancesResponse>("/v1/instances", TestContext.Current.CancellationToken);

        found!.Instances.ShouldBeEmpty();
        found.Unknown.ShouldHaveSingleItem().Target.ShouldBe(Target.Local);
    }

    [Fact]
    public async Task A_target_that_is_away_is_told()
    {
        _deployer.Answer = _ => Task.FromResult<object>(new InstancesFound { Failure = new TargetFailure { Reason = TargetFailureReason.Unavailable, Message = "The engine is away." } });

        using var answer = await _host.Client.GetAsync("/v1/apps/shop/instances", TestContext.Current.CancellationToken);

        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain("The engine is away.");
    }

    [Fact]
    public async Task An_app_that_is_not_live_has_no_instances()
    {
        await LiveAsync(null);

        (await _host.Client.GetFromJsonAsync<InstancesResponse>("/v1/apps/shop/instances", TestContext.Current.CancellationToken))!.Instances.ShouldBeEmpty();
        _deployer.Asked<FindInstances>().ShouldBeEmpty();
    }

    [Fact]
    public async Task Events_of_an_app_are_told_newest_first_and_go_with_it()
    {
        await _host.WithDbAsync(db =>
        {
            db.AppEvents.Add(Event(AppEventKind.CrashLooping, 1));
            db.AppEvents.Add(Event(AppEventKind.Recovered, 2));
            return Task.CompletedTask;
        });

        var page = await _host.Client.GetFromJsonAsync<Page<AppEventResponse>>("/v1/apps/shop/events", TestContext.Current.CancellationToken);

        page!.Items.Select(happened => happened.Message).ShouldBe(
            ["web of v3 is stable again.", "web.1 of v3 keeps crashing: it was started again 4 times, and last ended with exit code 3."]);

        (await _host.Client.DeleteAsync("/v1/apps/shop", TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();
        (await _host.WithDbAsync(db => db.AppEvents.CountAsync())).ShouldBe(0);
    }

    private Task<int> LiveAsync(int? release) =>
        _host.WithDbAsync(db => db.Environments.ExecuteUpdateAsync(environments => environments.SetProperty(environment => environment.LiveRelease, release)));

    private AppEvent Event(string kind, int hour) => new()
    {
        Id = NewId.NextGuid(),
        AppId = _app,
        Kind = kind,
        Process = "web",
        Instance = "web.1",
        Release = 3,
        At = new DateTime(2026, 11, 27, hour, 0, 0, DateTimeKind.Utc),
        LastAt = new DateTime(2026, 11, 27, hour, 0, 0, DateTimeKind.Utc),
        Restarts = 4,
        ExitCode = 3,
    };

    private static InstanceStatus Instance(Guid app) => new()
    {
        AppId = app,
        App = "named before",
        Name = "web.1",
        Process = "web",
        Release = 3,
        State = InstanceState.Restarting,
        Restarts = 4,
        LastExitCode = 3,
        LastLine = "no database",
    };
}
