using Paas.Cli.Tests.Fakes;
using Xunit.Runner.InProc.SystemConsole;

// Started by the quickstart under test, this program is the standalone platform; else it runs the tests.
return Environment.GetEnvironmentVariable(FakeStandalone.Variable) is { } mode
    ? await FakeStandalone.RunAsync(mode, args)
    : await ConsoleRunner.Run(args);
