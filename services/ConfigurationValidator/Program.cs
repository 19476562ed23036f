using Paas.ConfigurationValidator;
using Paas.Hosting;
using Paas.Hosting.Messaging;

return await ServiceHost.RunAsync(args, Service.ConfigurationValidator, service =>
{
    service.Services.AddConfigurationValidator(service.Configuration);
    service.Services.AddPaasBus(service.Configuration, bus => bus.AddConfigurationValidator());
});
