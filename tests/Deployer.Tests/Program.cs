using Paas.Deployer.Tests.Crashes;

return args is [CrashingPlatform.Argument, var dataDirectory, var deployment, var killAt, var engine]
    ? await CrashingPlatform.RunAsync(dataDirectory, deployment, killAt, engine)
    : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
