using Paas.Deployer.Tests.Crashes;

return args switch
{
    [CrashingPlatform.Argument, var dataDirectory, var deployment, var killAt, var engine] => await CrashingPlatform.RunAsync(dataDirectory, deployment, killAt, engine),
    [CrashingRuns.Argument, var dataDirectory, var commands, var engine] => await CrashingRuns.RunAsync(dataDirectory, commands, engine),
    [OrdinaryUserPlatform.Argument, var dataDirectory] => await OrdinaryUserPlatform.RunAsync(dataDirectory),
    [UnwalledPlatform.Argument, var dataDirectory] => await UnwalledPlatform.RunAsync(dataDirectory),
    _ => await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args),
};
