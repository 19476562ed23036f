using Paas.Contracts;
using Paas.Hosting.Processes;

namespace Paas.ConfigurationValidator.Tests;

public sealed class CommandWordsTests
{
    private static readonly Dictionary<string, string> Environment = new()
    {
        ["PORT"] = "5000",
        ["OPTS"] = "--fast  --loud",
        ["EMPTY"] = "",
        ["DOLLAR"] = "$PORT",
    };

    [Theory]
    [InlineData("python", "app.py", "--bind=0.0.0.0:$PORT")]
    [InlineData("sh", "-c", "echo a; echo b")]
    [InlineData("echo", "it's", "", "a\\b", "\"x\"", "(y)", "5$$", "$$PORT")]
    [InlineData("echo", "${NAME}", "$NAME", "a ${NAME:-x} \"b\" \\ $$5", "ñandú")]
    public void A_command_is_shown_as_it_would_be_typed(params string[] words) =>
        CommandWords.Split(new CommandLine { Words = words }.ToString()).Command!.Words.ShouldBe(words);

    [Theory]
    [InlineData("python app.py", "python|app.py")]
    [InlineData("  a\t b  ", "a|b")]
    [InlineData("a 'b c' \"d e\"", "a|b c|d e")]
    [InlineData("a b'c'\"d\"", "a|bcd")]
    [InlineData("a '' \"\"", "a||")]
    [InlineData(@"a b\ c \'d", "a|b c|'d")]
    [InlineData(@"a ""\""x\\\n\$""", @"a|""x\\n$$")]
    [InlineData("a --bind=0.0.0.0:$PORT", "a|--bind=0.0.0.0:$PORT")]
    [InlineData("a ${PORT:-8000}x", "a|${PORT:-8000}x")]
    [InlineData("a '$PORT'", "a|$$PORT")]
    [InlineData("a \\$PORT", "a|$$PORT")]
    [InlineData("a 5$ $", "a|5$$|$$")]
    [InlineData("a $OPTS ${OPTS} \"$OPTS\"", "a|$OPTS|$OPTS|${OPTS}")]
    [InlineData("a \"$PORT\"x", "a|${PORT}x")]
    [InlineData("a 'x|y' \"a && b\" \\;", "a|x|y|a && b|;")]
    [InlineData("A=1 B=\"2 3\" run", "A=1|B=2 3|run")]
    [InlineData("exec gunicorn app:app", "gunicorn|app:app")]
    [InlineData("A=1 exec run", "A=1|run")]
    [InlineData("a \\\n b", "a|b")]
    [InlineData("run --color=#fff a#b '#' \\#c   # the site | not && a ; shell", "run|--color=#fff|a#b|#|#c")]
    [InlineData("run x~ '*' \"?\" \\[", "run|x~|*|?|[")]
    public void A_line_is_split_as_a_shell_would(string line, string words)
    {
        var split = CommandWords.Split(line);
        split.Error.ShouldBeNull();
        string.Join('|', split.Command!.Words).ShouldBe(words);
    }

    [Theory]
    [InlineData("a | b")]
    [InlineData("a && b")]
    [InlineData("a || b # c")]
    [InlineData("a; b")]
    [InlineData("a > b")]
    [InlineData("a 2>&1")]
    [InlineData("a < b")]
    [InlineData("a &")]
    [InlineData("a `b`")]
    [InlineData("a \"`b`\"")]
    [InlineData("a $(b)")]
    [InlineData("a \"$(b)\"")]
    [InlineData("(a)")]
    [InlineData("cd src")]
    [InlineData("A=1 source env")]
    [InlineData("a *.py")]
    [InlineData("a ~/x")]
    [InlineData("a $1")]
    [InlineData("a $$")]
    [InlineData("a ${X:?no}")]
    [InlineData("a\nb")]
    [InlineData("if true; then a; fi")]
    public void A_line_that_needs_a_shell_is_handed_to_one_as_it_is(string line)
    {
        var command = CommandWords.Split(line).Command.ShouldNotBeNull();

        command.Script.ShouldBe(line);
        command.ToString().ShouldBe(line);
        var arguments = CommandWords.Expand(command, Environment).Arguments;
        arguments.Take(2).ShouldBe(["/bin/sh", "-c"]);
        arguments[2].ShouldEndWith("\n" + line);
    }

    [Theory]
    [InlineData("a 'b", "never closed")]
    [InlineData("a \"b", "never closed")]
    [InlineData("a \\", "backslash")]
    [InlineData("", "nothing to start")]
    [InlineData("''", "nothing to start")]
    [InlineData("A=1", "nothing to start")]
    [InlineData("exec", "nothing to start")]
    [InlineData("# nothing", "nothing to start")]
    [InlineData("a \u0007", "U+0007")]
    public void A_broken_line_says_what_is_wrong(string line, string error) =>
        CommandWords.Split(line).Error.ShouldNotBeNull().ShouldContain(error);

    [Fact]
    public void Too_much_of_a_command_is_refused()
    {
        CommandWords.Split(new string('a', CommandWords.MaxLength + 1)).Error.ShouldNotBeNull().ShouldContain("longer");
        CommandWords.Split(string.Join(' ', Enumerable.Repeat("a", CommandWords.MaxWords + 1))).Error.ShouldNotBeNull().ShouldContain("words");
        CommandWords.Split(string.Join(' ', Enumerable.Repeat("a", CommandWords.MaxWords))).Error.ShouldBeNull();
    }

    [Fact]
    public void A_list_keeps_its_words_as_they_are()
    {
        var split = CommandWords.FromList(["run", "a b", "|", "$OPTS", "x$PORT", "5$", "$$HOME", ""]);
        split.Command!.Words.ShouldBe(["run", "a b", "|", "${OPTS}", "x$PORT", "5$$", "$$HOME", ""]);
        CommandWords.FromList(["run", "$(id)"]).Position.ShouldBe(1);
        CommandWords.FromList([]).Error.ShouldNotBeNull();
    }

    [Theory]
    [InlineData("run $PORT ${PORT} x${PORT}y $PORT/z", "run|5000|5000|x5000y|5000/z")]
    [InlineData("run $OPTS \"$OPTS\" a$OPTS", "run|--fast|--loud|--fast  --loud|a--fast  --loud")]
    [InlineData("run $NONE \"$NONE\" x$NONE $EMPTY", "run||x")]
    [InlineData("run ${NONE:-8000} ${PORT:-8000} ${EMPTY:-e}", "run|8000|5000|e")]
    [InlineData("run '$PORT' \\$PORT '$$' 5$", "run|$PORT|$PORT|$$|5$")]
    [InlineData("run $DOLLAR", "run|$PORT")]
    [InlineData("run \"$PORT\"x \"$PORT\"'$'x", "run|5000x|5000$x")]
    public void Variables_are_put_in_once(string line, string arguments) =>
        string.Join('|', CommandWords.Expand(CommandWords.Split(line).Command!, Environment).Arguments).ShouldBe(arguments);

    [Fact]
    public void Assignments_come_before_the_program_and_see_each_other()
    {
        var expanded = CommandWords.Expand(CommandWords.Split("A=1 B=${A}2 C=$OPTS run $A D=3").Command!, Environment);
        expanded.Assignments.ShouldBe(new Dictionary<string, string> { ["A"] = "1", ["B"] = "12", ["C"] = "--fast  --loud" });
        expanded.Arguments.ShouldBe(["run", "D=3"]);
    }

    [Fact]
    public void A_command_that_comes_to_nothing_has_no_arguments() =>
        CommandWords.Expand(new CommandLine { Words = ["$NONE"] }, Environment).Arguments.ShouldBeEmpty();

    [Fact]
    public void Any_text_splits_to_words_or_an_error_and_expands()
    {
        var random = new Random(20);
        const string Alphabet = "ab$ {}'\"\\|&;<>()`=:-\n\t_1é\0";
        for (var i = 0; i < 20_000; i++)
        {
            var line = string.Concat(Enumerable.Range(0, random.Next(16)).Select(_ => Alphabet[random.Next(Alphabet.Length)]));
            var split = CommandWords.Split(line);
            (split.Command is null).ShouldBe(split.Error is not null, line);
            if (split.Command is not null)
                CommandWords.Expand(split.Command, Environment);
            CommandWords.Expand(new CommandLine { Words = [line] }, Environment);
        }
    }

    [Fact]
    public void What_is_quoted_comes_out_as_it_was()
    {
        var random = new Random(21);
        const string Alphabet = "ab$ {}\"\\|&;<>()`=:-_1é";
        for (var i = 0; i < 5_000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(1, 16)).Select(_ => Alphabet[random.Next(Alphabet.Length)]));
            CommandWords.Expand(CommandWords.Split($"run '{text}'").Command!, Environment).Arguments.ShouldBe(["run", text]);
        }
    }

    [Theory]
    [InlineData("a --bind=0.0.0.0:$PORT x${PORT:-1} ${EMPTY:-none} ${NONE}y", "a|--bind=0.0.0.0:$(PORT)|x$(PORT)|none|y")]
    [InlineData("a $OPTS \"$OPTS\"", "a|--fast|--loud|$(OPTS)")]
    [InlineData("a '$(PORT)' 5$ $DOLLAR", "a|$$(PORT)|5$$|$$PORT")]
    [InlineData("A=$PORT-$OPTS B=${A}2 C=5$ run $A x${PORT}", "run|x$(PORT)")]
    [InlineData("PORT=1 run x$PORT", "run|x5000")]
    public void References_of_another_notation_stand_in_place_of_values(string line, string arguments)
    {
        var referred = Refer(line);

        string.Join('|', referred.Arguments).ShouldBe(arguments);
    }

    [Fact]
    public void Assignments_see_references_and_the_assignments_before_them()
    {
        var referred = Refer("A=$PORT-$OPTS B=${A}2 C=5$ run");

        referred.Assignments.ShouldBe(new Dictionary<string, string> { ["A"] = "$(PORT)-$(OPTS)", ["B"] = "$(PORT)-$(OPTS)2", ["C"] = "5$$" });
    }

    private static ExpandedCommand Refer(string line) => CommandWords.Refer(
        CommandWords.Split(line).Command!, Environment, text => text.Replace("$", "$$", StringComparison.Ordinal), name => $"$({name})");
}
