using Paas.Docker;
using Paas.ImagePublisher.Docker;

namespace Paas.ImagePublisher.Tests.Docker;

public sealed class PushLogTests
{
    private readonly TestLog _log = new();
    private readonly Clock _clock = new();

    [Fact]
    public void There_is_a_line_for_each_pushed_layer_and_one_every_ten_seconds()
    {
        var push = new PushLog(_log, _clock);
        push.Take(new(null, "The push refers to repository [127.0.0.1/paas/shop]", null, null, null));
        push.Take(new("base", "Preparing", null, null, null));
        push.Take(new("base", "Layer already exists", null, null, null));
        push.Take(new("tools", "Mounted from paas/other", null, null, null));
        for (var second = 1; second <= 25; second++)
        {
            _clock.Seconds = second;
            push.Take(new("code", "Pushing", new PushProgress(second * 1024 * 1024, 25 * 1024 * 1024), null, null));
        }

        push.Take(new("code", "Pushed", null, null, null));

        _log.Lines.ShouldBe(["       10 MiB of 25 MiB", "       20 MiB of 25 MiB", "       code pushed, 25 MiB"]);
        (push.Pushed, push.There).ShouldBe((1, 2));
    }

    [Fact]
    public void A_layer_that_is_broken_off_is_told_once_each_time_and_not_each_second()
    {
        var push = new PushLog(_log, _clock);
        push.Take(new("code", "Retrying in 2 seconds", null, null, null));
        push.Take(new("code", "Retrying in 1 second", null, null, null));
        push.Take(new("code", "Pushing", new PushProgress(1, 2), null, null));
        push.Take(new("code", "Retrying in 10 seconds", null, null, null));

        _log.Lines.ShouldBe(Enumerable.Repeat(" !     code was broken off; the engine tries it again", 2));
    }

    private sealed class Clock : TimeProvider
    {
        public int Seconds { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }
}
