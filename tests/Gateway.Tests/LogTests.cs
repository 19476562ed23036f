using System.IO.Compression;
using System.Net;
using System.Net.ServerSentEvents;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Paas.Contracts;
using Paas.Contracts.Api;
using Paas.Persistence.Entities;

namespace Paas.Gateway.Tests;

public sealed class LogTests : IAsyncLifetime
{
    private readonly Guid _id = Guid.NewGuid();
    private readonly Guid _log = Guid.NewGuid();
    private GatewayHost _host = null!;
    private int _batches;

    public async ValueTask InitializeAsync()
    {
        _host = await GatewayHost.StartAsync(new() { ["Gateway:LogFollowers"] = "2" });
        await _host.CreateAppAsync("shop");
        await _host.WithDbAsync(async db =>
        {
            var environment = await db.Environments.SingleAsync();
            db.Deployments.Add(new DeploymentState
            {
                CorrelationId = _id,
                AppId = environment.AppId,
                AppName = "shop",
                EnvironmentId = environment.Id,
                EnvironmentName = "production",
                Target = "local",
                Trigger = DeploymentTriggers.Push,
                CurrentState = DeploymentStates.BuildingImage,
                Sequence = 1,
                CreatedAt = DateTime.UtcNow,
            });
        });
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Text_is_all_there_is_so_far()
    {
        (await _host.Client.GetStringAsync(Path)).ShouldBe("");
        await AppendAsync("-----> Building", "", "  grün");
        for (var i = 0; i < 120; i++)
            await AppendAsync($"line {i}");
        var text = await _host.Client.GetStringAsync(Path);
        text.ShouldStartWith("-----> Building\n\n  grün\nline 0\n");
        text.ShouldEndWith("line 119\n");
        text.Split('\n').Length.ShouldBe(124);
    }

    [Fact]
    public async Task Followers_see_lines_states_and_the_end()
    {
        await AppendAsync("one");
        await using var events = await FollowAsync();
        (await NextAsync(events)).EventType.ShouldBe("deployment");
        var first = await NextAsync(events);
        first.EventType.ShouldBe("log");
        JsonSerializer.Deserialize<DeploymentLogEvent>(first.Data, JsonSerializerOptions.Web)!.Lines.ShouldBe(["one"]);

        await AppendAsync("two");
        (await NextAsync(events)).Data.ShouldContain("two");
        await ChangeAsync(state => state.Steps = [new StepRecord { Name = Step.BuildImage, State = StepStates.Retrying, Attempt = 1, Try = 2 }]);
        (await NextAsync(events)).Data.ShouldContain("Retrying");

        // Its last lines are still on their way.
        await ChangeAsync(state => (state.CurrentState, state.FinishedAt, state.LogId, state.LogBatches) = (DeploymentStates.Succeeded, DateTime.UtcNow, _log, 3));
        (await NextAsync(events)).Data.ShouldContain("Succeeded");
        await AppendAsync("three");
        (await NextAsync(events)).Data.ShouldContain("three");
        var end = await NextAsync(events);
        end.EventType.ShouldBe("end");
        JsonSerializer.Deserialize<DeploymentResponse>(end.Data, JsonSerializerOptions.Web)!.State.ShouldBe("Succeeded");
        (await events.MoveNextAsync()).ShouldBeFalse();
    }

    [Fact]
    public async Task Lost_batches_are_not_waited_for_for_ever()
    {
        await ChangeAsync(state => (state.CurrentState, state.FinishedAt, state.LogId, state.LogBatches) = (DeploymentStates.Failed, DateTime.UtcNow.AddSeconds(-6), _log, 9));
        await using var events = await FollowAsync();
        (await NextAsync(events)).EventType.ShouldBe("deployment");
        (await NextAsync(events)).EventType.ShouldBe("end");
    }

    [Fact]
    public async Task A_stream_that_was_cut_goes_on_where_it_was()
    {
        await AppendAsync("one", "two", "three");
        await AppendAsync("four");
        await ChangeAsync(state => (state.CurrentState, state.FinishedAt) = (DeploymentStates.Succeeded, DateTime.UtcNow));
        var ids = new List<string>();
        await using (var all = await FollowAsync())
        {
            while (await all.MoveNextAsync())
            {
                if (all.Current.EventType == "log")
                    ids.Add(all.Current.EventId!);
            }
        }

        ids.Count.ShouldBe(2);
        await using var rest = await FollowAsync(ids[0].Replace(".2", ".1", StringComparison.Ordinal));
        await NextAsync(rest);
        (await NextAsync(rest)).Data.ShouldContain("\"lines\":[\"three\"]");
        (await NextAsync(rest)).Data.ShouldContain("four");
        (await NextAsync(rest)).EventType.ShouldBe("end");

        using var request = Request("not an id");
        (await _host.Client.SendAsync(request)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Theory]
    [InlineData(0, "")]
    [InlineData(2, "four\nfive\n")]
    [InlineData(4, "two\nthree\nfour\nfive\n")]
    [InlineData(100, "one\ntwo\nthree\nfour\nfive\n")]
    public async Task Only_the_last_lines_come_if_asked_for(int tail, string expected)
    {
        await AppendAsync("one", "two", "three");
        await AppendAsync("four");
        await AppendAsync("five");

        (await _host.Client.GetStringAsync($"{Path}?tail={tail}")).ShouldBe(expected);
        (await _host.Client.GetAsync($"{Path}?tail=-1")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_log_of_350_lines_takes_less_than_10_kilobytes_on_the_wire()
    {
        for (var i = 0; i < 35; i++)
        {
            await AppendAsync([.. Enumerable.Range(i * 10, 10).Select(line =>
                $"#{line} [build {line % 7}/7] RUN pip install package-{line}=={line % 9}.{line % 4}.1  sha256:{Convert.ToHexStringLower(SHA256.HashData([(byte)line]))[..12]}")]);
        }

        await ChangeAsync(state => (state.CurrentState, state.FinishedAt) = (DeploymentStates.Succeeded, DateTime.UtcNow));
        using var request = Request();
        request.Headers.AcceptEncoding.ParseAdd("gzip");
        using var answer = await _host.Client.SendAsync(request);
        var bytes = await answer.Content.ReadAsByteArrayAsync();
        answer.Content.Headers.ContentEncoding.ShouldBe(["gzip"]);
        using var lines = new StreamReader(new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress));
        (await lines.ReadToEndAsync()).ShouldContain("package-349");
        bytes.Length.ShouldBeLessThan(10_000);
    }

    [Fact]
    public async Task A_compressed_stream_brings_each_batch_as_it_comes()
    {
        await AppendAsync("one");
        await using var client = await FollowAsync(null, "gzip");
        await NextAsync(client);
        (await NextAsync(client)).Data.ShouldContain("one");
        await AppendAsync("two");
        (await NextAsync(client)).Data.ShouldContain("two");
    }

    [Fact]
    public async Task A_gateway_that_stops_refuses_to_begin_a_stream_and_closes()
    {
        (await _host.Client.GetAsync(Path)).StatusCode.ShouldBe(HttpStatusCode.OK);
        var stopping = _host.StopAsync();
        using var request = Request();
        using var answer = await _host.Client.SendAsync(request);
        await stopping;

        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        answer.Headers.ConnectionClose.ShouldBe(true);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("stopping");
    }

    [Fact]
    public async Task There_are_only_so_many_followers_and_one_that_leaves_makes_room()
    {
        var one = await FollowAsync();
        await NextAsync(one);
        var two = await FollowAsync();
        await NextAsync(two);
        using (var request = Request())
        using (var third = await _host.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead))
            third.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        await one.DisposeAsync();
        await GatewayHost.UntilAsync(async () =>
        {
            using var request = Request();
            using var answer = await _host.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            return answer.StatusCode == HttpStatusCode.OK;
        }, "room");
        await two.DisposeAsync();
    }

    private string Path => $"/v1/deployments/{_id}/logs";

    private HttpRequestMessage Request(string? lastEventId = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, Path);
        request.Headers.Accept.ParseAdd("text/event-stream");
        if (lastEventId is not null)
            request.Headers.TryAddWithoutValidation("Last-Event-ID", lastEventId);
        return request;
    }

    private async Task<Events> FollowAsync(string? lastEventId = null, string? encoding = null)
    {
        using var request = Request(lastEventId);
        if (encoding is not null)
            request.Headers.AcceptEncoding.ParseAdd(encoding);
        var answer = await _host.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        var body = await answer.Content.ReadAsStreamAsync();
        return new Events(answer, SseParser.Create(encoding is null ? body : new GZipStream(body, CompressionMode.Decompress)).EnumerateAsync().GetAsyncEnumerator());
    }

    private static async Task<SseItem<string>> NextAsync(Events events)
    {
        (await events.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30))).ShouldBeTrue();
        return events.Current;
    }

    private Task AppendAsync(params string[] lines) => _host.WithDbAsync(db =>
    {
        db.LogBatches.Add(new LogBatch
        {
            DeploymentId = _id,
            Step = Step.BuildImage,
            Attempt = 1,
            LogId = _log,
            Batch = ++_batches,
            At = DateTime.UtcNow,
            Text = string.Join('\n', lines),
        });
        return Task.CompletedTask;
    });

    private Task ChangeAsync(Action<DeploymentState> change) =>
        _host.WithDbAsync(async db => change(await db.Deployments.SingleAsync(x => x.CorrelationId == _id)));

    private sealed class Events(HttpResponseMessage answer, IAsyncEnumerator<SseItem<string>> events) : IAsyncDisposable
    {
        public SseItem<string> Current => events.Current;

        public ValueTask<bool> MoveNextAsync() => events.MoveNextAsync();

        public async ValueTask DisposeAsync()
        {
            await events.DisposeAsync();
            answer.Dispose();
        }
    }
}
