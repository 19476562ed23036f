using Paas.Deployer.Tests.Crashes;

return args is [CrashingPlatform.Argument, var dataDirectory, var deployment, var killAt]
    ? await CrashingPlatform.RunAsync(dataDirectory, deployment, killAt)
    : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
