using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Paas.Deployer;
using Paas.Hosting;
using Paas.Hosting.Messaging;

var builder = Host.CreateApplicationBuilder(args);
if (!builder.Configuration.HasRabbitMq("deployer"))
    return 1;
builder.Services.AddPaasPlatform(builder.Configuration);
builder.Services.AddDeployer(builder.Configuration);
builder.Services.AddPaasBus(builder.Configuration, bus => bus.AddDeployer());
// Apps get their time to end.
builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(45));

await builder.Build().RunAsync();
return 0;
