using Paas.Cli;

using var terminal = Terminal.OfThisProcess();
using var interruption = new Interruption();
return await CommandLineApp.RunAsync(args, terminal, interruption);
