using Paas.Standalone;

return await StandaloneHost.RunAsync(args);
