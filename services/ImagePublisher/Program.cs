using Paas.Hosting;
using Paas.Hosting.Messaging;
using Paas.ImagePublisher;

return await ServiceHost.RunAsync(args, Service.ImagePublisher, service =>
{
    service.Services.AddImagePublisher(service.Configuration);
    service.Services.AddPaasBus(service.Configuration, bus => bus.AddImagePublisher());
});
