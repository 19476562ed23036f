using Paas.Cli.Output;
using Paas.Cli.Platform;
using Paas.Cli.Tests.Fakes;
using Paas.Contracts;
using Paas.Contracts.Api;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Paas.Cli.Tests;

public sealed class RenderingTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("\u001b[1;31mred\u001b[0m", "red")]
    [InlineData("\u001b]8;;http://evil\u001b\\link\u001b]8;;\u0007", "link")]
    [InlineData("\u009b2Jgone", "gone")]
    [InlineData("a\rb\bc\0d\u007fe", "abcde")]
    [InlineData("a\tb", "a    b")]
    [InlineData("two\nlines\u2028three", "two lines three")]
    [InlineData("\u202eevil\u2066\u200b\ufeff", "evil")]
    [InlineData("👩‍💻 Grüße 你好", "👩‍💻 Grüße 你好")]
    [InlineData("[red]not markup[/]", "[red]not markup[/]")]
    [InlineData("\u001b", "")]
    [InlineData(null, "")]
    public void Strangers_text_is_made_harmless(string? text, string expected) => SafeText.Line(text).ShouldBe(expected);

    // Not among the others, as half a character cannot stand in an attribute.
    [Fact]
    public void Half_a_character_is_replaced() => SafeText.Line("half \ud83d").ShouldBe("half \ufffd");

    [Fact]
    public void Text_is_cut_by_the_cells_it_takes()
    {
        SafeText.Fit("abcdef", 6).ShouldBe("abcdef");
        SafeText.Fit("abcdef", 5).ShouldBe("abcd…");
        SafeText.Fit("abcdef", 5, unicode: false).ShouldBe("abc..");
        SafeText.Fit("你好世界", 5).ShouldBe("你好…");
        SafeText.Fit("你好世界", 4).ShouldBe("你…");
        SafeText.Fit("abc", 0).ShouldBe("");
    }

    [Theory]
    [InlineData(0.04, "0.0 s")]
    [InlineData(59.94, "59.9 s")]
    [InlineData(60, "1 min 0 s")]
    [InlineData(3599, "59 min 59 s")]
    [InlineData(7260, "2 h 1 min")]
    [InlineData(-1, "0.0 s")]
    public void Durations_are_short(double seconds, string expected) => Words.Duration(TimeSpan.FromSeconds(seconds)).ShouldBe(expected);

    [Fact]
    public void The_picture_shows_steps_and_the_newest_lines()
    {
        var progress = Running();
        for (var line = 1; line <= 12; line++)
            progress.Add(Line(Step.BuildImage, $"[bold]line[/] {line}"));

        Draw(progress, 60, 24).ShouldBe("""
            shop · 1a2b3c4 · Sell [red]apples[/] · main
            ✓ DownloadCode              0.4 s
            ✓ ValidateConfiguration     0.4 s
            ⠋ BuildImage                8.0 s
            · PublishImage
            · DeployRelease
            · ResolveUrl
                [bold]line[/] 5
                [bold]line[/] 6
                [bold]line[/] 7
                [bold]line[/] 8
                [bold]line[/] 9
                [bold]line[/] 10
                [bold]line[/] 11
                [bold]line[/] 12
            """);
    }

    [Theory]
    [InlineData(20, 24)]
    [InlineData(30, 6)]
    [InlineData(200, 10)]
    public void The_picture_stays_within_the_terminal(int width, int height)
    {
        var progress = Running();
        progress.Notice = "No platform answers. Reconnecting…";
        for (var line = 1; line <= 12; line++)
            progress.Add(Line(Step.BuildImage, new string('x', 500)));

        var rows = Draw(progress, width, height).Split('\n');

        rows.Length.ShouldBeLessThan(height);
        rows.ShouldAllBe(row => row.Length <= width);
    }

    // A terminal goes up by one line when it is told to go up by none: each picture would stand above the one before.
    [Fact]
    public void No_picture_has_a_single_line()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(TextWriter.Null) });

        var picture = new DeploymentProgress().Picture(new StoppedClock(), 60, 24, unicode: true, tick: 0);

        Segment.SplitLines(picture.GetSegments(console)).Count.ShouldBe(2);
    }

    [Fact]
    public void A_retry_says_when_it_comes()
    {
        var progress = Running();
        var deployment = progress.Deployment!;
        var step = deployment.Steps[2] with { State = StepStates.Retrying, Error = "network error.", Try = 3, MaxTries = 15, NextTryAt = Samples.Begun.AddMinutes(2) };
        progress.Deployment = deployment with { Steps = [deployment.Steps[0], deployment.Steps[1], step] };

        Draw(progress, 100, 24).ShouldContain("↻ BuildImage                8.0 s  network error, try 3 of 15, next at 10:32:00");
    }

    [Fact]
    public void Without_unicode_everything_is_ascii()
    {
        var progress = Running();
        progress.Deployment = progress.Deployment! with { CommitMessage = "Plain" };

        Draw(progress, 60, 24, unicode: false).ShouldAllBe(character => char.IsAscii(character));
    }

    [Fact]
    public void The_end_of_the_log_of_the_failed_step_is_kept()
    {
        var progress = Running();
        progress.Add(Line(Step.ValidateConfiguration, "old"));
        progress.Add(Line(Step.BuildImage, "error CS1002: ; expected"));
        progress.Deployment = Samples.Failed() with { Failure = Samples.Failed().Failure! with { Step = Step.BuildImage } };

        progress.LastLines().ShouldHaveSingleItem().ToString().ShouldBe("    error CS1002: ; expected");
    }

    [Fact]
    public void A_summary_says_what_to_do_next()
    {
        Summary(Samples.Failed()).ShouldContain("did you mean 'entrypoint'?");
        Summary(Samples.Failed()).ShouldContain("paas logs shop#7");
        Summary(Samples.Faulted()).ShouldContain("paas replay shop#7");
        Summary(Samples.Deployment(DeploymentStates.Superseded), newer: "shop#8").ShouldContain("paas logs shop#8 --follow");
    }

    private static string Summary(DeploymentResponse deployment, string? newer = null) => string.Join('\n', DeploymentSummary.Of(deployment, unicode: true, newer));

    private static DeploymentProgress Running() => new()
    {
        Deployment = Samples.Deployment(DeploymentStates.BuildingImage, StepStates.Succeeded, StepStates.Succeeded, StepStates.Running),
    };

    private static StreamEvent.Log Line(string step, string text) => new(step, text);

    private static string Draw(DeploymentProgress progress, int width, int height, bool unicode = true)
    {
        using var output = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Interactive = InteractionSupport.No, Out = new AnsiConsoleOutput(output) });
        console.Profile.Width = width;
        console.Write(progress.Picture(new StoppedClock(), width, height, unicode, tick: 0));
        return string.Join('\n', output.ToString().Split('\n').Select(row => row.TrimEnd())).TrimEnd();
    }

    /// <summary>Ten seconds after the deployment was begun.</summary>
    private sealed class StoppedClock : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => new(Samples.Begun.AddSeconds(10));
    }
}
