using Microsoft.Extensions.Hosting;
using Paas.CodeDownloader;
using Paas.Hosting;
using Paas.Hosting.Messaging;

var builder = Host.CreateApplicationBuilder(args);
if (!builder.Configuration.HasRabbitMq("code downloader"))
    return 1;
builder.Services.AddPaasPlatform(builder.Configuration);
builder.Services.AddCodeDownloader(builder.Configuration);
builder.Services.AddPaasBus(builder.Configuration, bus => bus.AddCodeDownloader());
await builder.Build().RunAsync();
return 0;
