using Microsoft.Extensions.Hosting;
using Paas.ConfigurationValidator;
using Paas.Hosting;
using Paas.Hosting.Messaging;

var builder = Host.CreateApplicationBuilder(args);
if (!builder.Configuration.HasRabbitMq("configuration validator"))
    return 1;
builder.Services.AddPaasPlatform(builder.Configuration);
builder.Services.AddConfigurationValidator(builder.Configuration);
builder.Services.AddPaasBus(builder.Configuration, bus => bus.AddConfigurationValidator());
await builder.Build().RunAsync();
return 0;
