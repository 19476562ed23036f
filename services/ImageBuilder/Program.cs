using Microsoft.Extensions.Hosting;
using Paas.Hosting;
using Paas.Hosting.Messaging;
using Paas.ImageBuilder;

var builder = Host.CreateApplicationBuilder(args);
if (!builder.Configuration.HasRabbitMq("image builder"))
    return 1;
builder.Services.AddPaasPlatform(builder.Configuration);
builder.Services.AddImageBuilder(builder.Configuration);
builder.Services.AddPaasBus(builder.Configuration, bus => bus.AddImageBuilder());
await builder.Build().RunAsync();
return 0;
