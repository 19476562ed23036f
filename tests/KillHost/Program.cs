using Paas.KillHost;
using Paas.Standalone;

// The standalone platform as it is, with a switch that ends the process by SIGKILL at a given point.
return await StandaloneHost.RunAsync(args, services => services.AddKillSwitch(Environment.GetEnvironmentVariable("KILL_AT")));
