using Paas.Hosting.Network;

namespace Paas.Hosting.Tests.Network;

/// <summary>
/// Whose fault the output of a failed command is. <c>recorded.txt</c> has what the tools printed when their servers were
/// unreachable, or answered an error; <c>written.txt</c> has what tools print after their sources and public reports.
/// </summary>
public sealed class ToolOutputTests
{
    private static readonly string[] WithoutHost = ["npm-socket-timeout", "wget-reset", "berry-refused", "berry-reset", "berry-tls", "berry-hang", "curl-403", "curl-429", "curl-503", "curl-reset", "curl-tls", "git-early-eof"];

    public static IEnumerable<TheoryDataRow<string, string, string, string, string>> Outputs() =>
        new[] { "recorded.txt", "written.txt" }
            .SelectMany(file => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Network", file)).Split("### ", StringSplitOptions.RemoveEmptyEntries))
            .Select(section => (Heading: section[..section.IndexOf('\n', StringComparison.Ordinal)].Split(" | "), Output: section[(section.IndexOf('\n', StringComparison.Ordinal) + 1)..].TrimEnd('\n')))
            .Select(section => new TheoryDataRow<string, string, string, string, string>(section.Heading[0], section.Heading[1], section.Heading[2], section.Heading[3], section.Output));

    public static IEnumerable<TheoryDataRow<string, string, string>> Troubles() => Outputs().Select(row => row.Data)
        .Where(row => row.Item3 != "Developer" && !WithoutHost.Contains(row.Item1))
        .Select(row => new TheoryDataRow<string, string, string>(row.Item1, row.Item4, row.Item5));

    [Theory]
    [MemberData(nameof(Outputs))]
    public void An_output_tells_whose_fault_the_failure_is(string name, string tool, string problem, string command, string output)
    {
        var trouble = ToolOutput.FindTrouble(output.Split('\n'), command);

        (trouble?.Tool ?? "-", trouble?.Problem.ToString() ?? "Developer").ShouldBe((tool, problem), name);
    }

    [Theory]
    [MemberData(nameof(Troubles))]
    public void The_host_that_could_not_be_reached_is_named(string name, string command, string output) =>
        ToolOutput.FindTrouble(output.Split('\n'), command)!.Host.ShouldNotBeNull(name).ShouldMatch(@"^[a-z0-9][a-z0-9.-]*\.[a-z0-9-]+(:\d+)?$");

    [Fact]
    public void Colors_and_lines_written_over_do_not_hide_the_reason()
    {
        string[] output = ["fetching\r\u001b[31mnpm\u001b[0m error code ENOTFOUND", "\u001b[31mnpm error\u001b[0m network request to https://registry.npmjs.org/x failed, reason: getaddrinfo ENOTFOUND registry.npmjs.org\u001b[39m"];

        ToolOutput.FindTrouble(output, "npm ci").ShouldBe(new NetworkTrouble(NetworkProblem.NameNotResolved, "registry.npmjs.org", null, "npm"));
    }

    [Fact]
    public void Passwords_in_addresses_are_not_repeated()
    {
        string[] output = ["fatal: unable to access 'https://user:s3cret@git.example.com/a.git/': Could not resolve host: git.example.com"];

        NetworkTexts.Sentence(ToolOutput.FindTrouble(output)!).ShouldBe("git could not reach git.example.com: the name could not be resolved.");
    }

    [Fact]
    public void A_line_of_a_megabyte_and_a_million_lines_are_read_in_time()
    {
        var output = Enumerable.Repeat(new string('a', 1_000_000), 2).Concat(Enumerable.Repeat("npm error network getaddrinfo", 1_000_000));

        ToolOutput.FindTrouble(output).ShouldBeNull();
    }
}
