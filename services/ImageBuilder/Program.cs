using Paas.Hosting;
using Paas.Hosting.Messaging;
using Paas.ImageBuilder;

return await ServiceHost.RunAsync(args, Service.ImageBuilder, service =>
{
    service.Services.AddImageBuilder(service.Configuration);
    service.Services.AddPaasBus(service.Configuration, bus => bus.AddImageBuilder());
});
