using Microsoft.Extensions.Hosting;
using Paas.ConfigurationValidator;
using Paas.Hosting;
using Paas.Hosting.Messaging;

var builder = Host.CreateApplicationBuilder(args);
if (builder.Configuration["RabbitMq:Uri"] is not { Length: > 0 })
{
    Console.Error.WriteLine(ConfigurationValidatorTexts.BrokerMissing);
    return 1;
}

builder.Services.AddPaasPlatform(builder.Configuration);
builder.Services.AddConfigurationValidator(builder.Configuration);
builder.Services.AddPaasBus(builder.Configuration, bus => bus.AddConfigurationValidator());
await builder.Build().RunAsync();
return 0;
