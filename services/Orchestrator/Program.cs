using Microsoft.Extensions.Hosting;
using Paas.Hosting;
using Paas.Hosting.Messaging;
using Paas.Orchestrator;
using Paas.Persistence;

var builder = Host.CreateApplicationBuilder(args);
if (!builder.Configuration.HasRabbitMq("orchestrator"))
    return 1;
builder.Services.AddPaasPlatform(builder.Configuration);
builder.Services.AddPaasPersistence(builder.Configuration);
builder.Services.AddOrchestrator(builder.Configuration);
builder.Services.AddPaasBus(builder.Configuration, bus => bus.AddOrchestrator());
builder.Build().Run();
return 0;
