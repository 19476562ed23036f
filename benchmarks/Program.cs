using System.CommandLine;
using Paas.Bench;
using Paas.Bench.Builds;
using Paas.Bench.Idle;
using Paas.Bench.Orchestration;
using Paas.Bench.Pipeline;
using Paas.Bench.Webhook;
using Spectre.Console;

// In a file a table needs not be as narrow as the terminal that it is not written to.
if (Console.IsOutputRedirected)
    AnsiConsole.Profile.Width = 160;
var root = new RootCommand("Measures the platform, each number next to an anchor from the same run.")
{
    OrchestrationBenchmark.Command(),
    WebhookBenchmark.Command(),
    IdleBenchmark.Command(),
    PipelineBenchmark.Command(),
    BuildsBenchmark.Command(),
    NoOpWorkers.Command(),
    BareEndpoint.Command(),
};
try
{
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (BenchmarkException exception)
{
    await Console.Error.WriteLineAsync(exception.Message);
    return 3;
}
