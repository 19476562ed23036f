using Paas.ImageBuilder;
using Paas.Hosting;
using Paas.Hosting.Messaging;

return await ServiceHost.RunAsync(args, Service.ImageBuilder, service =>
{
    service.Services.AddImageBuilder(service.Configuration);
    service.Services.AddPaasBus(service.Configuration, bus => bus.AddImageBuilder());
});
