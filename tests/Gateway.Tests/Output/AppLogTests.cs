using System.Net;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Contracts.Api;

namespace Paas.Gateway.Tests.Output;

public sealed class AppLogTests : IAsyncLifetime
{
    private const string Path = "/v1/apps/shop/logs";
    private readonly FakeDeployer _deployer = new();
    private GatewayHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await _deployer.StartAsync(new() { ["Gateway:LogFollowers"] = "2" });
        await _host.CreateAppAsync("shop");
        await _host.WithDbAsync(async db => (await db.Environments.SingleAsync()).LiveRelease = 1);
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Text_is_the_last_lines_portion_by_portion()
    {
        _deployer.Answer = question => Task.FromResult<object>(FakeDeployer.Numbers(((ReadAppLogs)question).Cursor, upTo: 7));
        (await _host.Client.GetStringAsync(Path + "?tail=50&process=web")).ShouldBe(
            string.Concat(Enumerable.Range(1, 7).Select(i => $"2026-11-27T10:00:00.123Z web.1 | {i}\n")));
        var questions = _deployer.Asked<ReadAppLogs>();
        questions.Select(question => question.Cursor).ShouldBe([null, "3", "6"]);
        questions.ShouldAllBe(question => question.Tail == 50 && question.Process == "web" && question.Target == Target.Local && question.Wait == TimeSpan.Zero);
    }

    [Fact]
    public async Task Followers_get_portions_as_they_come_and_go_on_after_any_of_them()
    {
        var there = 4;
        _deployer.Answer = async question =>
        {
            var cursor = ((ReadAppLogs)question).Cursor;
            while (cursor == $"{Volatile.Read(ref there)}")
                await Task.Delay(20);
            return FakeDeployer.Numbers(cursor, Volatile.Read(ref there));
        };
        string? last;
        await using (var events = await EventReader.OpenAsync(_host.Client, Path))
        {
            (await NumbersAsync(events)).ShouldBe(("3", "1 2 3"));
            (last, var lines) = await NumbersAsync(events);
            lines.ShouldBe("4");
            Volatile.Write(ref there, 5);
            (await NumbersAsync(events)).ShouldBe(("5", "5"));
        }

        await using var rest = await EventReader.OpenAsync(_host.Client, Path, last);
        (await NumbersAsync(rest)).ShouldBe(("5", "5"));
        _deployer.Asked<ReadAppLogs>()[0].Wait.ShouldBeGreaterThan(TimeSpan.Zero);
    }

    [Fact]
    public async Task A_follower_is_told_what_is_away_and_when_it_is_back()
    {
        var isAway = true;
        _deployer.Answer = async question =>
        {
            var cursor = ((ReadAppLogs)question).Cursor;
            if (Volatile.Read(ref isAway))
                return new OutputLines { Failure = new() { Reason = TargetFailureReason.Unavailable, Message = "The Docker Engine does not answer." } };
            await Task.Delay(cursor is null ? 0 : 5_000);
            return FakeDeployer.Numbers(cursor, 2);
        };
        await using var events = await EventReader.OpenAsync(_host.Client, Path);
        var waiting = (await events.NextAsync())!.Value;
        waiting.EventType.ShouldBe("waiting");
        JsonSerializer.Deserialize<LogWaitingEvent>(waiting.Data, JsonSerializerOptions.Web)!.Message.ShouldBe("The Docker Engine does not answer.");
        Volatile.Write(ref isAway, false);
        var next = (await events.NextAsync())!.Value;
        while (next.EventType == "waiting")
            next = (await events.NextAsync())!.Value;
        next.EventType.ShouldBe("resumed");
        (await NumbersAsync(events)).ShouldBe(("2", "1 2"));

        Volatile.Write(ref isAway, true);
        using var once = await _host.Client.GetAsync(Path);
        once.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await once.Content.ReadAsStringAsync()).ShouldContain("The Docker Engine does not answer.");
    }

    [Theory]
    [InlineData("?tail=-1", "tail")]
    [InlineData("?tail=10001", "tail")]
    [InlineData("?tail=many", "tail")]
    [InlineData("?process=..%2Fweb", "process")]
    [InlineData("?process=web.X7K2P", "process")]
    [InlineData("?process=web.x7k2p-", "process")]
    [InlineData("?process=web.x7k2p.1", "process")]
    [InlineData("?process=web.0123456789012345678901234567890123456789012345678901234567890123", "process")]
    public async Task What_is_wrong_with_a_question_is_said(string query, string field)
    {
        using var answer = await _host.Client.GetAsync(Path + query);
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await answer.Content.ReadAsStringAsync()).ShouldContain($"\"{field}\"");
        _deployer.Asked<ReadAppLogs>().ShouldBeEmpty();
    }

    [Theory]
    [InlineData("web.1")]
    [InlineData("web.x7k2p")]
    [InlineData("web-admin.x7k2p")]
    public async Task An_instance_is_asked_for_as_it_is_shown(string instance)
    {
        _deployer.Answer = question => Task.FromResult<object>(FakeDeployer.Numbers(((ReadAppLogs)question).Cursor, upTo: 1));
        (await _host.Client.GetStringAsync($"{Path}?process={instance}")).ShouldNotBeEmpty();
        _deployer.Asked<ReadAppLogs>().Single().Process.ShouldBe(instance);
    }

    [Fact]
    public async Task A_place_of_somebodys_own_making_is_refused()
    {
        _deployer.Answer = _ => Task.FromResult<object>(new OutputLines { Failure = new() { Reason = TargetFailureReason.CursorMalformed, Message = "no" } });
        foreach (var id in new[] { "not an id", "1~a.1", new string('x', 20_000) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, Path);
            request.Headers.Accept.ParseAdd("text/event-stream");
            request.Headers.TryAddWithoutValidation("Last-Event-ID", id);
            using var answer = await _host.Client.SendAsync(request);
            answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
            (await answer.Content.ReadAsStringAsync()).ShouldContain("Last-Event-ID");
        }
    }

    [Fact]
    public async Task An_app_without_a_release_says_what_to_do_if_nothing_was_printed()
    {
        await _host.WithDbAsync(async db => (await db.Environments.SingleAsync()).LiveRelease = null);
        _deployer.Answer = _ => Task.FromResult<object>(new OutputLines { Cursor = "0", AtEnd = true });
        using var answer = await _host.Client.GetAsync(Path);
        answer.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("Deploy it first");
        (await _host.Client.GetAsync("/v1/apps/other/logs")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Following_ends_with_the_gateway_and_counts_as_following()
    {
        _deployer.Answer = async question =>
        {
            await Task.Delay(((ReadAppLogs)question).Cursor is null ? 0 : 2_000);
            return FakeDeployer.Numbers(((ReadAppLogs)question).Cursor, 1);
        };
        await using var one = await EventReader.OpenAsync(_host.Client, Path);
        await using var two = await EventReader.OpenAsync(_host.Client, Path);
        await NumbersAsync(one);
        await NumbersAsync(two);
        using var third = await _host.Client.GetAsync(Path + "?follow=true");
        third.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        await _host.StopAsync().WaitAsync(TimeSpan.FromSeconds(15));
        (await one.NextAsync()).ShouldBeNull();
    }

    private static async Task<(string? Id, string Lines)> NumbersAsync(EventReader events)
    {
        var next = (await events.NextAsync())!.Value;
        next.EventType.ShouldBe("lines");
        return (next.EventId, string.Join(' ', JsonSerializer.Deserialize<LogLinesEvent>(next.Data, JsonSerializerOptions.Web)!.Lines.Select(line => line.Text)));
    }
}
