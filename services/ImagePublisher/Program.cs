using Microsoft.Extensions.Hosting;
using Paas.Hosting;
using Paas.Hosting.Messaging;
using Paas.ImagePublisher;

var builder = Host.CreateApplicationBuilder(args);
if (!builder.Configuration.HasRabbitMq("image publisher"))
    return 1;
builder.Services.AddPaasPlatform(builder.Configuration);
builder.Services.AddImagePublisher(builder.Configuration);
builder.Services.AddPaasBus(builder.Configuration, bus => bus.AddImagePublisher());
await builder.Build().RunAsync();
return 0;
